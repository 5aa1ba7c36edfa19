/** Names as they may be shown. */

/**
 * Text without control characters, which steer a terminal: each as `\x1b`. Names of files may have any of them.
 *
 * @example
 * ```ts
 * import { printable } from "./printable.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(printable("cat/\u001b[2J.jpg"), "cat/\\x1b[2J.jpg");
 * ```
 */
export const printable = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
