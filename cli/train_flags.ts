/** What `deno task train` can be asked for. */

import { CRITIC_NORMS, type PresetName, PRESETS } from "../core/models/presets.ts";
import { RUNS_FOLDER } from "../core/sampling/run.ts";
import { AUGMENTATION_NAMES } from "../core/train/augment.ts";
import { METHOD_NAMES } from "../core/train/methods.ts";
import { OBJECTIVE_NAMES } from "../core/train/objectives.ts";
import {
  CHECKPOINTS_IN_A_RUN,
  SAMPLES_IN_A_RUN,
  type TrainContext,
  TRAINING,
  type TrainRequest,
  USUAL_METHOD,
  usualObjective,
} from "../core/train/options.ts";
import { SIZES } from "../datasets/pictures.ts";
import { DATASET_NAMES, datasetName, isToy } from "../datasets/registry.ts";
import { type FlagValues, usage } from "./flags.ts";

/** `paper 5, small 3, tiny 2`: a default that depends on the preset. */
const ofPresets = (value: (name: PresetName) => unknown): string =>
  (Object.keys(PRESETS) as PresetName[]).map((name) => `${name} ${value(name)}`).join(", ");

const lengthOf = (name: PresetName): string =>
  Object.entries(TRAINING[name].length).map(([what, count]) => what === "epochs" ? `${count} epochs` : count).join();

/** The flags of `train`. */
export const FLAGS = {
  dataset: { kind: "text", value: "NAME", meaning: `Data set: ${DATASET_NAMES.join(", ")}` },
  preset: {
    kind: "text",
    value: "NAME",
    meaning: `Configuration: ${Object.keys(PRESETS).join(", ")} or by the adapter (auto)`,
  },
  method: {
    kind: "text",
    value: "NAME",
    meaning: `How generators are trained: ${METHOD_NAMES.join(", ")} (${USUAL_METHOD})`,
  },
  leaves: { kind: "text", value: "NAME", meaning: `Leaves of a mixture: linear, constant (${PRESETS.paper.leaves})` },
  depth: {
    kind: "integer",
    meaning: `Levels of decisions; a method has 2^N generators (${ofPresets((name) => PRESETS[name].depth)})`,
  },
  objective: {
    kind: "text",
    value: "NAME",
    meaning: `What is minimised: ${OBJECTIVE_NAMES.join(", ")} (${ofPresets(usualObjective)}; madgan non-saturating)`,
  },
  gp: { kind: "number", meaning: "Weight of the gradient penalty (10 with wgan-gp, else 0)" },
  r1: {
    kind: "number",
    meaning: `Weight of half the squared gradient at real images (${
      ofPresets((name) => TRAINING[name].regularizers?.r1 ?? 0)
    })`,
  },
  r2: { kind: "number", meaning: "Weight of the same at generated images (0)" },
  "critic-norm": {
    kind: "text",
    value: "NAME",
    meaning: `Normalisation of the critic: ${CRITIC_NORMS.join(", ")} (${
      ofPresets((name) => PRESETS[name].criticNorm)
    })`,
  },
  augment: {
    kind: "text",
    value: "LIST",
    meaning: `Random changes of what the critic sees: ${AUGMENTATION_NAMES.join(", ")}, joined by commas (none)`,
  },
  "gate-temperature": {
    kind: "text",
    value: "T[:T]",
    meaning: `What the gates' logits are divided by, at the start and after half of the run (${
      ofPresets((name) => TRAINING[name].gateTemperature?.join(":") ?? 1)
    })`,
  },
  localize: { kind: "switch", meaning: "Make leaves readable: sharp decisions that can be told from the picture" },
  grow: { kind: "switch", meaning: "Begin with a tree of depth 1 and split its leaves while it is trained" },
  iterations: { kind: "integer", meaning: `Generator steps, each with its critic steps (${ofPresets(lengthOf)})` },
  epochs: { kind: "number", meaning: "Passes of the critic over the data, instead of iterations" },
  batch: { kind: "integer", meaning: `Images of a step (${ofPresets((name) => TRAINING[name].batch)})` },
  lr: { kind: "number", meaning: `Learning rate of Adam (${ofPresets((name) => TRAINING[name].learningRate)})` },
  seed: { kind: "integer", meaning: "Seed of everything random; the same seed gives the same run (0)" },
  size: {
    kind: "integer",
    meaning: "Side of the images in pixels, for sets of photographs and drawings (the set's own)",
  },
  channels: {
    kind: "integer",
    meaning: "1 for grey, 3 for colour, for sets of photographs and drawings (the set's own)",
  },
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
  "dry-run": {
    kind: "switch",
    meaning: "Print options, parameter counts, compiled steps and GPU memory as JSON, and stop",
  },
  "no-tune": { kind: "switch", meaning: "Take the kernels that usually are best (measured once for each adapter)" },
  profile: { kind: "integer", meaning: "Measure every kernel in N iterations, as a table and a trace (none)" },
  serve: {
    kind: "integer",
    value: "[PORT]",
    usual: "8000",
    meaning: "Serve the run on this machine while it trains (port 8000; 0 takes a free one)",
  },
  quiet: { kind: "switch", meaning: "Print nothing but errors" },
} as const;

/** How it is called. */
export const USAGE = `Trains a model and writes a run folder.

  ./hmog train --dataset fashionmnist
  ./hmog train --resume 0 --iterations 3000`;

/** Flags that a resumed run may have; everything else it takes from its options. */
export const WITH_RESUME = [
  "resume",
  "iterations",
  "sample-every",
  "save-every",
  "data-dir",
  "runs",
  "dry-run",
  "profile",
  "serve",
  "quiet",
];

/** What was given. */
export type Values = FlagValues<typeof FLAGS>;

/** What the flags ask for. */
export function requestOf(flags: Values): TrainRequest {
  const { dataset = "", lr, gp, r1, r2, augment, "sample-every": sampleEvery, "save-every": saveEvery } = flags;
  return {
    dataset: flags.resume ? dataset : usage(() => datasetName(dataset)),
    preset: flags.preset,
    method: flags.method,
    leaves: flags.leaves,
    depth: flags.depth,
    objective: flags.objective,
    regularizers: { gp, r1, r2 },
    criticNorm: flags["critic-norm"],
    gateTemperature: usage(() => temperatures(flags["gate-temperature"])),
    localize: flags.localize,
    grow: flags.grow,
    augment: augment === undefined || augment.trim() === "none" ? [] : augment.split(",").map((name) => name.trim()),
    iterations: flags.iterations,
    epochs: flags.epochs,
    batch: flags.batch,
    learningRate: lr,
    seed: flags.seed,
    sampleEvery,
    saveEvery,
  };
}

const ANY_COUNT = 60_000; // images

/** What options are checked against before a device is opened and data are read: what is known of the images by then. */
export function contextBefore(
  dataset: string,
  { size, channels = 1 }: Pick<Values, "size" | "channels">,
): TrainContext {
  const asked = size !== undefined && size >= SIZES.least && size <= SIZES.most; // others are refused by the loader
  const image: TrainContext["image"] = isToy(dataset) ? PRESETS.toy.image : asked ? [size, size, channels] : undefined;
  return { traits: { software: true }, count: ANY_COUNT, image };
}

/** `T` or `T:T` as numbers. */
function temperatures(text: string | undefined): [number, number?] | undefined {
  if (text === undefined) return undefined;
  const numbers = text.split(":").map((part) => part.trim() === "" ? NaN : Number(part));
  if (numbers.length <= 2 && numbers.every((t) => Number.isFinite(t) && t > 0)) return numbers as [number, number?];
  throw new RangeError(`Cannot use gate temperature ${text}: expected a number above 0, or two such as 1:0.2`);
}
