/** The folder that a user calls from, where relative paths start, and that of the program, where `runs/` is. */

import { RUNS_FOLDER } from "../core/sampling/run.ts";

/** Says where `deno task` or `./hmog` was called: a task itself begins in the folder of deno.json. */
const CALLED_FROM = "INIT_CWD";

let home = ""; // the folder of the program with a `/`, where users stand in another one

/** Goes to the folder that the task was called from; a file that is run without its task is there already. */
export function goWhereCalled(): void {
  if (Deno.permissions.querySync({ name: "env", variable: CALLED_FROM }).state !== "granted") return;
  const folder = Deno.env.get(CALLED_FROM);
  if (!folder) return;
  const begun = Deno.cwd();
  Deno.chdir(folder);
  if (Deno.cwd() !== begun) home = `${begun}/`;
}

/** A path in the folder of the program, as it is called from where the user stands. */
export const atHome = (path: string): string => `${home}${path}`;

/** The folder of runs unless `--runs` names another: the same one wherever the user stands. */
export const usualRuns = (): string => atHome(RUNS_FOLDER);
