/** The folder where downloads are kept. */

/**
 * `hmog` in the user's cache folder: `$XDG_CACHE_HOME` or `~/.cache`, on macOS `~/Library/Caches`, on Windows
 * `%LOCALAPPDATA%`.
 *
 * @returns null if the environment names no such folder
 *
 * @example
 * ```ts
 * import { cacheFolder } from "./cache.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const env = { HOME: "/home/ada" } as Record<string, string>;
 * assertEquals(cacheFolder((name) => env[name], "linux"), "/home/ada/.cache/hmog");
 * ```
 */
export function cacheFolder(
  env: (name: string) => string | undefined = Deno.env.get,
  os: typeof Deno.build.os = Deno.build.os,
): string | null {
  // The XDG specification has relative paths ignored.
  const xdg = env("XDG_CACHE_HOME");
  if (xdg?.startsWith("/")) return `${xdg}/hmog`;
  const local = env("LOCALAPPDATA");
  if (os === "windows") return local ? `${local}\\hmog` : null;
  const home = env("HOME");
  if (!home) return null;
  return os === "darwin" ? `${home}/Library/Caches/hmog` : `${home}/.cache/hmog`;
}
