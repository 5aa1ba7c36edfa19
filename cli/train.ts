/** `deno task train`: flags in, a run folder out. */

import { type Device, openDevice } from "../core/gpu/device.ts";
import { isPoint } from "../core/models/presets.ts";
import { checkFolder } from "../core/sampling/write.ts";
import { footprintOf, footprintText } from "../core/train/footprint.ts";
import { checkEffect, resolveOptions, type TrainOptions } from "../core/train/options.ts";
import { checkProfile } from "../core/train/profiler.ts";
import { findResumable, type ResumedRun } from "../core/train/resume.ts";
import type { TrainingData } from "../core/train/train.ts";
import { Trainer } from "../core/train/trainer.ts";
import { DATASET_NAMES } from "../datasets/registry.ts";
import { usualRuns } from "./called_from.ts";
import { commandOf } from "./command.ts";
import { follow, STOPPED_EARLY } from "./follow.ts";
import { asUsage, helpText, readFlags, usage, UsageError } from "./flags.ts";
import { loadingDisplay } from "./loading.ts";
import { loadDataOfRun, placed, sourceIn } from "./run_data.ts";
import { runTask } from "./run_task.ts";
import { type Stop, stopOnSignals, writeTo } from "./terminal.ts";
import { contextBefore, FLAGS, requestOf, USAGE, type Values, WITH_RESUME } from "./train_flags.ts";
import { checkFree, checkPort } from "./train_server.ts";
import { tunerFor } from "./tuning.ts";

const HEARING = 10; // ms

async function main(args: readonly string[]): Promise<void> {
  const { help, ...flags } = readFlags(args, FLAGS);
  if (help) return console.log(helpText(USAGE, FLAGS));
  checkTogether(flags);
  const stop = stopOnSignals(flags.quiet === true);
  const out = flags["dry-run"] ? Deno.stderr : Deno.stdout; // what a dry run finds is JSON, alone on stdout
  const say = flags.quiet ? () => {} : (line: string) => writeTo(out, `${line}\n`);
  const request = requestOf(flags);
  // Mistakes in the call come first, before a device is opened and data are read.
  if (!flags.resume) {
    usage(() => checkEffect(request));
    usage(() => resolveOptions(request, contextBefore(request.dataset, flags)));
  }
  const resume = flags.resume === undefined ? undefined : await resumable(flags);
  const { runs = usualRuns() } = flags;
  if (!resume && !flags["dry-run"]) await checkFolder(runs, "; --runs names another folder");
  if (flags.serve !== undefined && !flags["dry-run"]) await checkFree(flags.serve);
  const device = await openDevice();
  try {
    const source = resume && sourceIn(resume.record);
    const asked = resume ? { ...flags, ...dataFlags(resume.options) } : flags;
    const data = await dataOf(asked, { signal: stop.signal, source });
    if (data === null) return say(STOPPED_EARLY);
    const { options, reason } = resume
      ? { options: resume.options, reason: `Preset ${resume.options.preset}: that of the run` }
      : usage(() => resolveOptions(request, { traits: device.traits, count: data.shape[0], image: imageOf(data) }));
    say(`${reason} (${device.description})`);
    const { dataset } = options;
    const what = isPoint(imageOf(data)) ? `points of ${dataset}` : `images of ${dataset}, ${imageOf(data).join("x")},`;
    say(`Data: ${data.shape[0]} ${what} from ${data.source}`);
    const { profile } = flags;
    const left = options.iterations - (resume?.checkpoint.iteration ?? 0);
    if (profile !== undefined) usage(() => checkProfile(profile, { device, left }));
    if (!flags["dry-run"] && !flags["no-tune"]) {
      const write = flags.quiet ? () => {} : (text: string) => writeTo(Deno.stderr, text);
      device.tuner = tunerFor(device, options, { signal: stop.signal, terminal: Deno.stderr.isTerminal(), write });
    }
    if (flags["dry-run"]) {
      if (!await dryRun(device, { options, data, say }, stop)) say(STOPPED_EARLY);
    } else {
      const { quiet = false } = flags;
      const resumeCommand = (run: string) => commandOf("train", { resume: run, "data-dir": flags["data-dir"] });
      const job = { device, options, data: await placed(data), resume, runs, profile, resumeCommand };
      await follow(job, { quiet, stop, serve: flags.serve });
    }
  } finally {
    await device.destroy();
  }
}

function checkTogether(flags: Values): void {
  if (flags.serve !== undefined) checkPort("serve", flags.serve);
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

async function resumable(flags: Values): Promise<ResumedRun> {
  const { resume = "", runs = usualRuns(), iterations, "sample-every": sampleEvery, "save-every": saveEvery } = flags;
  try {
    return await findResumable(resume, { runs, changes: { iterations, sampleEvery, saveEvery } });
  } catch (error) {
    asUsage(error);
  }
}

/** The data set of a run as flags; points have neither size nor channels. */
const dataFlags = ({ dataset, model: { image } }: TrainOptions): Values => ({
  dataset,
  ...isPoint(image) ? {} : { size: image[0], channels: image[2] },
});

const imageOf = ({ shape: [, height, width, channels] }: TrainingData) => [height, width, channels] as const;

/** The data set, of a run from where it lay; null if the user stopped the loading. */
async function dataOf(
  flags: Values,
  { signal, source }: { signal: AbortSignal; source?: string },
): Promise<TrainingData | null> {
  try {
    const { dataset = "", size, channels, quiet } = flags;
    const options = {
      dataDir: flags["data-dir"],
      size,
      channels: channels as 1 | 3 | undefined, // others are refused by the loader
      signal,
      ...quiet ? {} : loadingDisplay(Deno.stderr.isTerminal(), (text) => writeTo(Deno.stderr, text)),
    };
    return await loadDataOfRun(dataset, options, source);
  } catch (error) {
    if (error === signal.reason) return null; // undefined unless it aborts
    asUsage(error);
  }
}

/** Prints what a run would be; false where the user stopped it. */
async function dryRun(
  device: Device,
  { options, data, say }: { options: TrainOptions; data: TrainingData; say: (line: string) => void },
  { signal }: Stop,
): Promise<boolean> {
  const trainer = await Trainer.create(device, { ...options, grow: [] }, data); // as large as it gets
  try {
    await new Promise((resolve) => setTimeout(resolve, HEARING)); // compiling leaves no time to hear of a signal
    if (signal.aborted) return false;
    const memory = footprintOf(trainer);
    say(footprintText(memory));
    console.log(JSON.stringify({ options, ...trainer.summary(), memory }, null, 2));
    return true;
  } finally {
    trainer.destroy();
  }
}

if (import.meta.main) await runTask("train", () => main(Deno.args));
