/** Runs a task to its exit code: one sentence on stderr for whatever goes wrong, never a stack trace. */

import { printable } from "../datasets/printable.ts";
import { goWhereCalled } from "./called_from.ts";
import { UsageError } from "./flags.ts";

const SUCCESS = 0;
const FAILURE = 1;
const USAGE = 2;
/** Exit code of a task that is not given the time to end, by custom. */
export const INTERRUPTED = 130;

/**
 * Runs `task` where it was called from and ends the process: exit code 0, 2 for a `UsageError`, 1 for any other error.
 *
 * @param name What the task is called with, such as `train`
 */
export async function runTask(name: string, task: () => Promise<void>): Promise<never> {
  const report = (line: string) => console.error(line);
  const there = () => {
    goWhereCalled();
    return task();
  };
  Deno.exit(await exitCodeOf(name, there, report));
}

/** The exit code of `task`; what went wrong goes to `report` as one line. */
export async function exitCodeOf(
  name: string,
  task: () => Promise<void>,
  report: (line: string) => void,
): Promise<number> {
  try {
    await task();
    return SUCCESS;
  } catch (error) {
    report(`${name}: ${oneLine(error)}`);
    return error instanceof UsageError ? USAGE : FAILURE;
  }
}

function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return printable(message.replaceAll(/\s*\n\s*/g, " "));
}
