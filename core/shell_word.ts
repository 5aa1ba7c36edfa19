/** Text as a word of a command for people to copy. */

/**
 * The text as one word of a POSIX shell, quoted where it has to be.
 *
 * @example
 * ```ts
 * import { shellWord } from "./shell_word.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(shellWord("runs/00000-ring8-hmog-toy"), "runs/00000-ring8-hmog-toy");
 * assertEquals(shellWord("my runs/it's"), `'my runs/it'\\''s'`);
 * ```
 */
export function shellWord(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
