/** `deno task serve`: samples of a run over HTTP. */

import { RUNS_FOLDER } from "../core/sampling/run.ts";
import { serve } from "../server/serve.ts";
import { helpText, readFlags, UsageError } from "./flags.ts";
import { INTERRUPTED, runTask } from "./run_task.ts";

const USAGE = `Serves pictures from a run as a page and over HTTP.

  deno task serve --run 0
  deno task serve --run 0 --host 0.0.0.0 --port 8080`;

const FLAGS = {
  run: {
    kind: "text",
    value: "RUN",
    meaning: `Folder of a run, its name or number in ${RUNS_FOLDER}/, or a checkpoint`,
  },
  host: { kind: "text", value: "HOST", meaning: "Address to listen on (127.0.0.1: this machine alone)" },
  port: { kind: "integer", value: "PORT", meaning: "Port to listen on (8000; 0 takes a free one)" },
} as const;

const MOST_PORT = 65535;

if (import.meta.main) {
  await runTask("serve", async () => {
    const { help, run, host = "127.0.0.1", port = 8000 } = readFlags(Deno.args, FLAGS);
    if (help) return console.log(helpText(USAGE, FLAGS));
    if (run === undefined) throw new UsageError(`Cannot serve without a run: expected --run RUN`);
    if (port < 0 || port > MOST_PORT) {
      throw new UsageError(`Cannot use --port ${port}: expected a whole number from 0 to ${MOST_PORT}`);
    }
    const [print, report] = [(line: string) => console.log(line), (text: string) => console.error(text)];
    await serve({ run, host, port, signal: untilStopped(), print, report });
  });
}

/** Aborts at the first Ctrl-C or, where there is such a thing, SIGTERM; ends the process at the second. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      if (stop.signal.aborted) Deno.exit(INTERRUPTED);
      stop.abort();
    });
  }
  return stop.signal;
}
