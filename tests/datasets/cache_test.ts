import { assertEquals } from "@std/assert";
import { cacheFolder } from "../../datasets/cache.ts";

function folder(env: Record<string, string>, os: typeof Deno.build.os = "linux"): string | null {
  return cacheFolder((name) => env[name], os);
}

Deno.test("cacheFolder() is where each system keeps caches", () => {
  assertEquals(folder({ HOME: "/home/ada" }), "/home/ada/.cache/hmog");
  assertEquals(folder({ HOME: "/Users/ada" }, "darwin"), "/Users/ada/Library/Caches/hmog");
  assertEquals(folder({ LOCALAPPDATA: "C:\\ada\\Local" }, "windows"), "C:\\ada\\Local\\hmog");
});

Deno.test("cacheFolder() follows XDG_CACHE_HOME unless it is empty or relative", () => {
  assertEquals(folder({ HOME: "/home/ada", XDG_CACHE_HOME: "/var/cache" }), "/var/cache/hmog");
  assertEquals(folder({ HOME: "/home/ada", XDG_CACHE_HOME: "" }), "/home/ada/.cache/hmog");
  assertEquals(folder({ HOME: "/home/ada", XDG_CACHE_HOME: "cache" }), "/home/ada/.cache/hmog");
});

Deno.test("cacheFolder() is null if the environment names no home", () => {
  assertEquals(folder({}), null);
  assertEquals(folder({}, "windows"), null);
});
