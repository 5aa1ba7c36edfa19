/** `deno task serve`: runs as a page and over HTTP. */

import { findRun } from "../core/sampling/run.ts";
import { LogWriter } from "../server/log_writer.ts";
import type { Served } from "../server/registry.ts";
import { serve } from "../server/serve.ts";
import { usualRuns } from "./called_from.ts";
import { helpText, readFlags } from "./flags.ts";
import { INTERRUPTED, runTask } from "./run_task.ts";
import { checkFree } from "./train_server.ts";
import { FLAGS, settingsOf, tokenOf, USAGE } from "./serve_flags.ts";

const OFF = "off";

if (import.meta.main) {
  await runTask("serve", async () => {
    const { help, ...flags } = readFlags(Deno.args, FLAGS);
    if (help) return console.log(helpText(USAGE, FLAGS));
    const { served, ...settings } = settingsOf(flags);
    await checkFree(settings.port, settings.host); // runs take a while to open
    const token = await tokenOf(flags["token-file"], Deno.env.get("HMOG_TOKEN"));
    const { "access-log": path } = flags;
    await using writer = path === OFF ? null : await LogWriter.open(path ?? null);
    const log = writer === null ? undefined : (line: string) => writer.write(line);
    const [print, report] = [(line: string) => console.log(line), (text: string) => console.error(text)];
    await serve({
      ...settings,
      served: await found(served, flags.runs),
      token,
      log,
      signal: untilStopped(),
      print,
      report,
    });
  });
}

/** What is served, a run by its folder. */
async function found(served: Served, runs = usualRuns()): Promise<Served> {
  if (!("run" in served) || served.run.endsWith(".safetensors")) return served;
  return { run: await findRun(served.run, runs) };
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
