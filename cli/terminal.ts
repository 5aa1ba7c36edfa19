/** What a task and its terminal have to do with each other. */

import { INTERRUPTED } from "./run_task.ts";

/** Aborts at the first Ctrl-C, SIGTERM or SIGHUP (the terminal is gone), ends the process at the second. */
export function stopOnSignals(quiet: boolean): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) Deno.exit(INTERRUPTED);
    if (!quiet) writeTo(Deno.stderr, "\nStopping after this iteration; again to stop at once\n");
    controller.abort();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  return controller.signal;
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
