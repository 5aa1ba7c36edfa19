/** `deno task train`: flags in, a run folder out. */

import { type Device, openDevice } from "../core/gpu/device.ts";
import { isPoint } from "../core/models/presets.ts";
import { footprintOf, footprintText } from "../core/train/footprint.ts";
import { resolveOptions, type TrainOptions } from "../core/train/options.ts";
import { checkProfile } from "../core/train/profiler.ts";
import { findResumable, type ResumedRun } from "../core/train/resume.ts";
import type { TrainingData } from "../core/train/train.ts";
import { Trainer } from "../core/train/trainer.ts";
import { DATASET_NAMES, loadDataset } from "../datasets/registry.ts";
import { follow, STOPPED_EARLY } from "./follow.ts";
import { helpText, readFlags, usage, UsageError } from "./flags.ts";
import { loadingDisplay } from "./loading.ts";
import { runTask } from "./run_task.ts";
import { stopOnSignals, writeTo } from "./terminal.ts";
import { FLAGS, requestOf, USAGE, type Values, WITH_RESUME } from "./train_flags.ts";
import { tunerFor } from "./tuning.ts";

const ANY_COUNT = 60_000; // images, to check a call before the data are read

async function main(args: readonly string[]): Promise<void> {
  const { help, ...flags } = readFlags(args, FLAGS);
  if (help) return console.log(helpText(USAGE, FLAGS));
  checkTogether(flags);
  const stop = stopOnSignals(flags.quiet === true);
  const say = flags.quiet ? () => {} : (line: string) => writeTo(Deno.stdout, `${line}\n`);
  const request = requestOf(flags);
  // Mistakes in the call come first, before a device is opened and data are read.
  if (!flags.resume) usage(() => resolveOptions(request, { traits: { software: true }, count: ANY_COUNT }));
  const resume = flags.resume === undefined ? undefined : await resumable(flags);
  const device = await openDevice();
  try {
    const data = await dataOf(resume ? { ...flags, ...dataFlags(resume.options) } : flags, stop);
    if (data === null) return say(STOPPED_EARLY);
    const { options, reason } = resume
      ? { options: resume.options, reason: `Preset ${resume.options.preset}: that of the run` }
      : usage(() => resolveOptions(request, { traits: device.traits, count: data.shape[0], image: imageOf(data) }));
    say(`${reason} (${device.description})`);
    const kind = isPoint(imageOf(data)) ? "points" : `images of ${imageOf(data).join("x")}`;
    say(`Data: ${data.shape[0]} ${kind} of ${options.dataset} from ${data.source}`);
    const { profile } = flags;
    const left = options.iterations - (resume?.checkpoint.iteration ?? 0);
    if (profile !== undefined) usage(() => checkProfile(profile, { device, left }));
    if (!flags["dry-run"] && !flags["no-tune"]) {
      const write = flags.quiet ? () => {} : (text: string) => writeTo(Deno.stderr, text);
      device.tuner = tunerFor(device, options, { signal: stop, terminal: Deno.stderr.isTerminal(), write });
    }
    if (flags["dry-run"]) await dryRun(device, options, data);
    else {
      const { runs, quiet = false } = flags;
      const resumeCommand = (run: string) => commandOf({ resume: run, "data-dir": flags["data-dir"] });
      await follow({ device, options, data, resume, runs, signal: stop, profile, resumeCommand }, { quiet });
    }
  } finally {
    await device.destroy();
  }
}

function checkTogether(flags: Values): void {
  if (flags.resume === undefined) {
    if (flags.dataset !== undefined) return;
    throw new UsageError(
      `Cannot train without data: expected --dataset ${DATASET_NAMES.join(" or ")}, or --resume RUN`,
    );
  }
  const other = Object.keys(flags).find((name) => !WITH_RESUME.includes(name));
  if (other === undefined) return;
  throw new UsageError(
    `Cannot use --${other} with --resume: a run goes on with its own options, ` +
      `expected only ${WITH_RESUME.slice(1).map((name) => `--${name}`).join(", ")}`,
  );
}

/** What a user types to call this task with these flags. */
function commandOf(flags: Record<string, string | undefined>): string {
  const words = Object.entries(flags).flatMap(([name, value]) => value === undefined ? [] : [`--${name}`, word(value)]);
  return ["deno task train", ...words].join(" ");
}

/** A word of a shell, quoted where it has to be. */
const word = (text: string): string => /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

async function resumable(flags: Values): Promise<ResumedRun> {
  const { resume = "", runs, iterations, "sample-every": sampleEvery, "save-every": saveEvery } = flags;
  try {
    return await findResumable(resume, { runs, changes: { iterations, sampleEvery, saveEvery } });
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

/** The data set of a run as flags; points have no size. */
const dataFlags = ({ dataset, model: { image } }: TrainOptions): Values => ({
  dataset,
  ...isPoint(image) ? {} : { size: image[0] },
});

const imageOf = ({ shape: [, height, width, channels] }: TrainingData) => [height, width, channels] as const;

/** The data set; null if the user stopped the loading. */
async function dataOf(flags: Values, signal: AbortSignal): Promise<TrainingData | null> {
  try {
    const { dataset = "", size, quiet } = flags;
    return await loadDataset(dataset, {
      dataDir: flags["data-dir"],
      size,
      signal,
      ...quiet ? {} : loadingDisplay(Deno.stderr.isTerminal(), (text) => writeTo(Deno.stderr, text)),
    });
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

async function dryRun(device: Device, options: TrainOptions, data: TrainingData): Promise<void> {
  const trainer = await Trainer.create(device, { ...options, grow: [] }, data); // as large as it gets
  const memory = footprintOf(trainer);
  console.log(footprintText(memory));
  console.log(JSON.stringify({ options, ...trainer.summary(), memory }, null, 2));
  trainer.destroy();
}

if (import.meta.main) await runTask("train", () => main(Deno.args));
