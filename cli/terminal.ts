/** What a task and its terminal have to do with each other. */

import { INTERRUPTED } from "./run_task.ts";

/** What stops a task; who trains says while iterations go on, after which it stops. */
export interface Stop {
  readonly signal: AbortSignal;
  iterating: boolean;
}

/** Aborts at the first Ctrl-C, SIGTERM or SIGHUP (the terminal is gone), ends the process at the second. */
export function stopOnSignals(quiet: boolean): Stop {
  const controller = new AbortController();
  const task = { signal: controller.signal, iterating: false };
  const stop = () => {
    if (controller.signal.aborted) Deno.exit(INTERRUPTED);
    const when = task.iterating ? "after this iteration" : "as soon as this is done";
    if (!quiet) writeTo(Deno.stderr, `\nStopping ${when}; again to stop at once\n`);
    controller.abort();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  return task;
}

/** Text without a line break; a closed pipe or terminal at the other end is no error of the run. */
export function writeTo(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  try {
    stream.writeSync(new TextEncoder().encode(text));
  } catch {
    // Nobody reads any more.
  }
}

/** Width of the terminal; 0 where it gives none, or is gone. */
export function columns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 0;
  }
}
