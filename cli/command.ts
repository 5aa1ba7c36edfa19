/** Commands as users type them, in messages that say how to go on. */

import { shellWord } from "../core/shell_word.ts";
import { atHome } from "./called_from.ts";

/** A call of `./hmog`, by its whole path where the user stands elsewhere; flags that are undefined are left out. */
export function commandOf(task: string, flags: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined) as [string, string][];
  const program = atHome("") === "" ? "./hmog" : shellWord(atHome("hmog"));
  return [program, task, ...given.flatMap(([name, value]) => [`--${name}`, shellWord(value)])].join(" ");
}
