/** A run of training as its user sees it. */

import { profileTable } from "../core/train/profile.ts";
import { train, type TrainJob } from "../core/train/train.ts";
import { commandOf } from "./command.ts";
import { duration, ProgressDisplay } from "./progress.ts";
import { serveTraining } from "./train_server.ts";
import { columns, type Stop, writeTo } from "./terminal.ts";

/** What is said where a run was stopped before it made anything. */
export const STOPPED_EARLY = "Stopped before training began";
const PROFILE_ROWS = 25; // on the terminal

/** How a run is shown. */
export interface FollowOptions {
  quiet: boolean;
  stop: Stop;
  /** Port to serve the run on while it trains. */
  serve?: number;
}

/** Trains and shows how it goes. */
export async function follow(
  job: TrainJob & { resumeCommand: (run: string) => string },
  { quiet, stop, serve: port }: FollowOptions,
): Promise<void> {
  await using servers = new AsyncDisposableStack();
  const { options, resumeCommand } = job;
  const display = new ProgressDisplay({
    iterations: options.iterations,
    images: options.batch * options.criticSteps,
    terminal: Deno.stdout.isTerminal(),
    columns,
    write: quiet ? () => {} : (text) => writeTo(Deno.stdout, text),
  });
  const begun = performance.now();
  let ended = false;
  for await (const event of train({ ...job, signal: stop.signal })) {
    if (event.kind === "measured") display.measured(event.measurement);
    if (event.kind === "profiled") {
      const [table, trace] = event.paths;
      display.line(profileTable(event.profile, { rows: PROFILE_ROWS }));
      display.line(`All kernels are in ${table}, a trace for chrome://tracing or ui.perfetto.dev in ${trace}`);
    }
    if (event.kind === "grown") {
      display.line(`Depth ${event.depth} after iteration ${event.iteration}: ${2 ** event.depth} leaves`);
      display.restart();
    }
    if (event.kind === "started") {
      stop.iterating = true;
      display.line(
        `Training ${event.folder} from iteration ${event.iteration} to ${options.iterations} ` +
          `(${options.objective}, batch ${options.batch}, ${options.criticSteps} critic steps, seed ${options.seed}); Ctrl-C saves and stops`,
      );
      const print = (line: string) => display.line(line);
      if (port !== undefined) servers.use(await serveTraining(event.folder, { port, print }));
    }
    if (event.kind !== "ended") continue;
    ended = true;
    const { run, iteration, stopped } = event;
    if (stopped) {
      display.line(`Stopped at iteration ${iteration}, saved; go on with: ${resumeCommand(run)}`);
    } else {
      const time = duration((performance.now() - begun) / 1000);
      display.line(
        `Trained ${iteration} iteration${iteration === 1 ? "" : "s"} in ${time}; draw from it with: ${
          commandOf("sample", { run })
        }`,
      );
    }
  }
  if (!ended) display.line(STOPPED_EARLY);
}
