/** `deno task train`: flags in, a run folder out. */

import { type Device, openDevice } from "../core/gpu/device.ts";
import { type PresetName, PRESETS } from "../core/models/presets.ts";
import { RUNS_FOLDER } from "../core/sampling/run.ts";
import { footprintOf, footprintText } from "../core/train/footprint.ts";
import { OBJECTIVE_NAMES } from "../core/train/objectives.ts";
import {
  CHECKPOINTS_IN_A_RUN,
  resolveOptions,
  SAMPLES_IN_A_RUN,
  TRAINING,
  type TrainOptions,
  type TrainRequest,
  USUAL_OBJECTIVE,
} from "../core/train/options.ts";
import { checkProfile } from "../core/train/profiler.ts";
import { findResumable, type ResumedRun } from "../core/train/resume.ts";
import type { TrainingData } from "../core/train/train.ts";
import { Trainer } from "../core/train/trainer.ts";
import { DATASET_NAMES, datasetName, loadDataset } from "../datasets/registry.ts";
import { follow, STOPPED_EARLY } from "./follow.ts";
import { type FlagValues, helpText, readFlags, usage, UsageError } from "./flags.ts";
import { loadingDisplay } from "./loading.ts";
import { runTask } from "./run_task.ts";
import { stopOnSignals, writeTo } from "./terminal.ts";
import { tunerFor } from "./tuning.ts";

/** `paper 5, small 3, tiny 2`: a default that depends on the preset. */
const ofPresets = (value: (name: PresetName) => unknown): string =>
  (Object.keys(PRESETS) as PresetName[]).map((name) => `${name} ${value(name)}`).join(", ");

const lengthOf = (name: PresetName): string =>
  Object.entries(TRAINING[name].length).map(([what, count]) => what === "epochs" ? `${count} epochs` : count).join();

const FLAGS = {
  dataset: { kind: "text", value: "NAME", meaning: `Data set: ${DATASET_NAMES.join(", ")}` },
  preset: {
    kind: "text",
    value: "NAME",
    meaning: `Configuration: ${Object.keys(PRESETS).join(", ")} or by the adapter (auto)`,
  },
  head: { kind: "text", value: "NAME", meaning: `Mixture head: tree, flat, single (${PRESETS.paper.head})` },
  leaves: { kind: "text", value: "NAME", meaning: `Leaves of a mixture: linear, constant (${PRESETS.paper.leaves})` },
  depth: {
    kind: "integer",
    meaning: `Levels of decisions; a tree has 2^N leaves (${ofPresets((name) => PRESETS[name].depth)})`,
  },
  objective: {
    kind: "text",
    value: "NAME",
    meaning: `What is minimised: ${OBJECTIVE_NAMES.join(", ")} (${USUAL_OBJECTIVE})`,
  },
  iterations: { kind: "integer", meaning: `Generator steps, each with its critic steps (${ofPresets(lengthOf)})` },
  epochs: { kind: "number", meaning: "Passes of the critic over the data, instead of iterations" },
  batch: { kind: "integer", meaning: `Images of a step (${ofPresets((name) => TRAINING[name].batch)})` },
  lr: { kind: "number", meaning: `Learning rate of Adam (${ofPresets((name) => TRAINING[name].learningRate)})` },
  seed: { kind: "integer", meaning: "Seed of everything random; the same seed gives the same run (0)" },
  "data-dir": {
    kind: "text",
    value: "DIR",
    meaning: "Folder with the files of the data set (where it is found, or downloaded to)",
  },
  runs: { kind: "text", value: "DIR", meaning: `Folder for run folders (${RUNS_FOLDER})` },
  resume: {
    kind: "text",
    value: "RUN",
    meaning: "Go on with a run: its folder, name or number, or a checkpoint of it",
  },
  "sample-every": {
    kind: "integer",
    meaning: `Iterations between two grids of samples (about ${SAMPLES_IN_A_RUN} in a run)`,
  },
  "save-every": {
    kind: "integer",
    meaning: `Iterations between two checkpoints (about ${CHECKPOINTS_IN_A_RUN} in a run)`,
  },
  "dry-run": { kind: "switch", meaning: "Print options, parameter counts, compiled steps and GPU memory, and stop" },
  "no-tune": { kind: "switch", meaning: "Take the kernels that usually are best (measured once for each adapter)" },
  profile: { kind: "integer", meaning: "Measure every kernel in N iterations, as a table and a trace (none)" },
  quiet: { kind: "switch", meaning: "Print nothing but errors" },
} as const;

const USAGE = `Trains a model and writes a run folder.

  ./hmog train --dataset fashionmnist
  deno task train --resume 0 --iterations 3000`;

/** Flags that a resumed run may have; everything else it takes from its options. */
const WITH_RESUME = [
  "resume",
  "iterations",
  "sample-every",
  "save-every",
  "data-dir",
  "runs",
  "dry-run",
  "profile",
  "quiet",
];

const ANY_COUNT = 60_000; // images, to check a call before the data are read

type Values = FlagValues<typeof FLAGS>;

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
    const data = await dataOf(resume?.options.dataset ?? request.dataset, flags, stop);
    if (data === null) return say(STOPPED_EARLY);
    const { options, reason } = resume
      ? { options: resume.options, reason: `Preset ${resume.options.preset}: that of the run` }
      : usage(() => resolveOptions(request, { traits: device.traits, count: data.shape[0] }));
    say(`${reason} (${device.description})`);
    say(`Data: ${data.shape[0]} images of ${options.dataset} from ${data.source}`);
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

function requestOf(flags: Values): TrainRequest {
  const { dataset = "", lr, "sample-every": sampleEvery, "save-every": saveEvery } = flags;
  return {
    dataset: flags.resume ? dataset : usage(() => datasetName(dataset)),
    preset: flags.preset,
    head: flags.head,
    leaves: flags.leaves,
    depth: flags.depth,
    objective: flags.objective,
    iterations: flags.iterations,
    epochs: flags.epochs,
    batch: flags.batch,
    learningRate: lr,
    seed: flags.seed,
    sampleEvery,
    saveEvery,
  };
}

async function resumable(flags: Values): Promise<ResumedRun> {
  const { resume = "", runs, iterations, "sample-every": sampleEvery, "save-every": saveEvery } = flags;
  try {
    return await findResumable(resume, { runs, changes: { iterations, sampleEvery, saveEvery } });
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

/** The data set; null if the user stopped the loading. */
async function dataOf(name: string, flags: Values, signal: AbortSignal): Promise<TrainingData | null> {
  try {
    return await loadDataset(name, {
      dataDir: flags["data-dir"],
      signal,
      ...flags.quiet ? {} : loadingDisplay(Deno.stderr.isTerminal(), (text) => writeTo(Deno.stderr, text)),
    });
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

async function dryRun(device: Device, options: TrainOptions, data: TrainingData): Promise<void> {
  const trainer = await Trainer.create(device, options, data);
  const memory = footprintOf(trainer);
  console.log(footprintText(memory));
  console.log(JSON.stringify({ options, ...trainer.summary(), memory }, null, 2));
  trainer.destroy();
}

if (import.meta.main) await runTask("train", () => main(Deno.args));
