/** All options of a run as one object: a preset, overridden by what was asked for, checked at once. */

import { checkModelOptions, type HeadName, type ModelOptions, presetFor, type PresetName } from "../models/presets.ts";
import { checkSchedule, type Schedule } from "../models/schedule.ts";
import type { AdamOptions } from "../nn/adam.ts";
import { keyWords } from "../ops/random.ts";
import type { AdapterTraits } from "../tensor.ts";
import { batchesPerEpoch } from "./batches.ts";
import { type AugmentationName, augmentationName, checkAugment } from "./augment.ts";
import { checkLocalize, LOCALIZE_SPREAD, LOCALIZE_TEMPERATURE, localizeFor, type LocalizeOptions } from "./localize.ts";
import { checkTogether, goTogether, type MethodName, methodName, METHODS } from "./methods.ts";
import { type Objective, type ObjectiveName, objectiveName, OBJECTIVES } from "./objectives.ts";
import { checkGrow, type Grow, usualSplits } from "./grow.ts";
import { checkRegularizers, type Regularizers } from "./regularizers.ts";

/** Everything that decides how a run goes; an iteration is one step of the generator with its critic steps. */
export type TrainOptions = {
  dataset: string;
  preset: PresetName;
  method: MethodName;
  /** The model, critic included. */
  model: ModelOptions;
  objective: ObjectiveName;
  /** Penalties of the critic by weight, those of the objective included. */
  regularizers: Regularizers;
  /** By which the logits of the gates are divided. */
  gateTemperature: Schedule;
  /** What makes leaves readable, where it is wanted. */
  localize: LocalizeOptions | null;
  /** Iterations done when every leaf of a tree that begins with depth 1 is split; none for a tree that does not grow. */
  grow: Grow;
  /** Changes of the images that the critic sees. */
  augment: readonly AugmentationName[];
  iterations: number;
  /** Images of a step. */
  batch: number;
  /** Steps of the critic in an iteration. */
  criticSteps: number;
  adam: AdamOptions;
  /** Of the moving average of the generator, which draws the pictures. */
  emaDecay: number;
  seed: number;
  /** Iterations between two grids of samples, two checkpoints, two lines of metrics. */
  sampleEvery: number;
  saveEvery: number;
  reportEvery: number;
};

/** What a caller may ask for; the rest comes from the preset. */
export interface TrainRequest {
  dataset: string;
  preset?: string;
  method?: string;
  leaves?: string;
  depth?: number;
  objective?: string;
  /** Weights that replace or join those of the objective; 0 takes a penalty away. */
  regularizers?: Regularizers;
  criticNorm?: string;
  /** Temperature of the gates at the start and, where it changes, in the end. */
  gateTemperature?: readonly [from: number, to?: number];
  localize?: boolean;
  /** Whether the tree begins with depth 1 and its leaves are split while it is trained. */
  grow?: boolean;
  augment?: readonly string[];
  iterations?: number;
  /** Passes of the critic over the data, instead of `iterations`. */
  epochs?: number;
  batch?: number;
  learningRate?: number;
  seed?: number;
  sampleEvery?: number;
  saveEvery?: number;
}

/** What options depend on beside the request. */
export interface TrainContext {
  traits: Pick<AdapterTraits, "software">;
  /** Images in the data set. */
  count: number;
  /** Shape of one, `[height, width, channels]`; that of the preset unless given. */
  image?: ModelOptions["image"];
}

/** How a preset is trained unless asked otherwise. */
export interface Training {
  readonly batch: number;
  readonly learningRate: number;
  readonly length: Length;
  /** `USUAL_OBJECTIVE` unless given, and penalties that go with it. */
  readonly objective?: ObjectiveName;
  readonly regularizers?: Regularizers;
  /** Of the gates at the start and in the end, 1 unless given. */
  readonly gateTemperature?: readonly [from: number, to: number];
}

/** How each preset is trained unless asked otherwise. */
export const TRAINING: Readonly<Record<PresetName, Training>> = {
  paper: { batch: 128, learningRate: 1e-4, length: { epochs: 250 } }, // as published
  small: { batch: 64, learningRate: 1e-3, length: { iterations: 1500 } }, // pictures on a CPU within 20 minutes
  tiny: { batch: 16, learningRate: 1e-3, length: { iterations: 30 } },
  // Narrow modes: Wasserstein distances between them are small, and a mixture of half-open gates is a blur.
  toy: {
    batch: 256,
    learningRate: 3e-3,
    length: { iterations: 8000 },
    objective: "non-saturating",
    regularizers: { r1: 0.02 },
    gateTemperature: [1, 0.1],
  },
};

/** What all methods are trained with unless asked otherwise, where it makes sense. */
export function usualObjective(preset: PresetName): ObjectiveName {
  return TRAINING[preset].objective ?? USUAL_OBJECTIVE;
}

/** How long a run is. */
export type Length = { iterations: number } | { epochs: number };

/** How generators are trained unless asked otherwise. */
export const USUAL_METHOD: MethodName = "hmog";
/** What is minimised unless asked otherwise. */
const USUAL_OBJECTIVE: ObjectiveName = "wgan-gp";
/** The same for a method that needs logarithms of odds, where the preset's objective has none. */
const USUAL_LOG_ODDS: ObjectiveName = "non-saturating";

const BETA1 = 0.5; // the published betas; epsilon is PyTorch's
const BETA2 = 0.999;
const EPSILON = 1e-8;
const EMA_DECAY = 0.999;
const REPORT_EVERY = 10;
/** Grids of samples in a run, about, unless asked otherwise. */
export const SAMPLES_IN_A_RUN = 20;
/** Checkpoints in a run, about, unless asked otherwise. */
export const CHECKPOINTS_IN_A_RUN = 10;
const ANNEALING = 0.5; // of a run, until the gates have their last temperature
const SHORTEST_GAP = 10; // iterations between two of them, at least, unless asked otherwise

/**
 * The options of a new run.
 *
 * @returns The options and, as one sentence, why their preset was taken
 * @throws {RangeError} If a name is unknown or a number out of range
 *
 * @example
 * ```ts
 * import { resolveOptions } from "./options.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const request = { dataset: "mnist", preset: "paper", epochs: 1 };
 * const { options } = resolveOptions(request, { traits: { software: false }, count: 60000 });
 * assertEquals([options.batch, options.criticSteps, options.iterations], [128, 5, 93]); // 93 · 5 batches of 128
 * ```
 */
export function resolveOptions(
  request: TrainRequest,
  { traits, count, image }: TrainContext,
): { options: TrainOptions; reason: string } {
  const preset = presetFor(request.preset ?? "auto", { traits, image });
  const training = TRAINING[preset.name];
  const method = methodName(request.method ?? USUAL_METHOD);
  const usual = usualObjective(preset.name);
  const objective = objectiveName(request.objective ?? (goTogether(method, usual) ? usual : USUAL_LOG_ODDS));
  const { criticSteps, regularizers }: Objective = OBJECTIVES[objective];
  const batch = request.batch ?? training.batch;
  checkCount("batch", batch);
  const iterations = iterationsOf(
    request,
    training.length,
    (epochs) => Math.max(1, Math.floor(epochs * batchesPerEpoch(count, batch) / criticSteps)),
  );
  const [from, to = from] = request.gateTemperature ??
    (request.localize ? LOCALIZE_TEMPERATURE : training.gateTemperature ?? [1]);
  const depth = request.depth ?? preset.options.depth;
  const options: TrainOptions = {
    dataset: request.dataset,
    preset: preset.name,
    method,
    model: {
      ...preset.options,
      head: METHODS[method].head,
      leaves: (request.leaves ?? preset.options.leaves) as ModelOptions["leaves"],
      leafSpread: request.localize ? LOCALIZE_SPREAD : preset.options.leafSpread,
      depth,
      criticNorm: (request.criticNorm ?? preset.options.criticNorm) as ModelOptions["criticNorm"],
    },
    objective,
    regularizers: {
      ...regularizers,
      ...objective === usual ? training.regularizers : {},
      ...withoutUndefined(request.regularizers ?? {}),
    },
    gateTemperature: { from, to, over: Math.max(1, Math.round(ANNEALING * iterations)) },
    localize: request.localize ? localizeFor(iterations) : null,
    grow: request.grow ? usualSplits(depth, iterations) : [],
    augment: (request.augment ?? []).map(augmentationName),
    iterations,
    batch,
    criticSteps,
    adam: { learningRate: request.learningRate ?? training.learningRate, beta1: BETA1, beta2: BETA2, epsilon: EPSILON },
    emaDecay: EMA_DECAY,
    seed: request.seed ?? 0,
    sampleEvery: request.sampleEvery ?? roundNumber(Math.max(iterations / SAMPLES_IN_A_RUN, SHORTEST_GAP)),
    saveEvery: request.saveEvery ?? roundNumber(Math.max(iterations / CHECKPOINTS_IN_A_RUN, SHORTEST_GAP)),
    reportEvery: REPORT_EVERY,
  };
  checkOptions(options);
  return { options, reason: preset.reason };
}

/** Heads whose gate a temperature acts on. */
const GATED: readonly HeadName[] = ["tree", "flat", "gumbel"];

/**
 * Checks that what a request names has an effect on its method. A comparison does not ask: its methods share their options.
 *
 * @throws {RangeError} If the method is unknown, or has no levels for a depth or no gate for a temperature
 */
export function checkEffect({ method = USUAL_METHOD, depth, gateTemperature }: TrainRequest): void {
  const { head } = METHODS[methodName(method)];
  if (depth !== undefined && head === "single") {
    throw new RangeError(`Cannot train ${method} with depth ${depth}: it is one generator, expected no --depth`);
  }
  if (gateTemperature === undefined || GATED.includes(head)) return;
  throw new RangeError(
    `Cannot train ${method} with a gate temperature of ${gateTemperature.join(":")}: it has no gate, ` +
      `expected no --gate-temperature`,
  );
}

/** @throws {RangeError} If a number is out of range or a name unknown */
export function checkOptions(options: TrainOptions): void {
  checkModelOptions(options.model);
  checkTogether(methodName(options.method), objectiveName(options.objective));
  checkRegularizers(options.regularizers);
  checkSchedule("gate temperature", options.gateTemperature);
  checkPenalties(options);
  checkLocalize(options);
  checkGrow(options);
  checkAugment(options.augment, options.model.image);
  for (const name of ["iterations", "batch", "criticSteps", "sampleEvery", "saveEvery", "reportEvery"] as const) {
    checkCount(name, options[name]);
  }
  const { learningRate } = options.adam;
  if (!(learningRate > 0 && learningRate <= 1)) {
    throw new RangeError(`Cannot train with learning rate ${learningRate}: expected a number above 0, at most 1`);
  }
  keyWords(options.seed); // throws for a seed out of range
}

/** @throws {RangeError} If a penalty, which is per image, meets a critic that normalises over a batch */
function checkPenalties({ regularizers, model }: TrainOptions): void {
  const name = Object.entries(regularizers).find(([, weight]) => weight > 0)?.[0];
  if (model.criticNorm !== "batch" || name === undefined) return;
  throw new RangeError(
    `Cannot use the penalty ${name} with critic norm batch: scores depend on the other images of a batch, expected ` +
      `${name === "dragan" ? "another objective" : `--${name} 0`}, or critic norm layer, spectral or none`,
  );
}

function withoutUndefined(weights: Regularizers): Regularizers {
  return Object.fromEntries(Object.entries(weights).filter(([, weight]) => weight !== undefined));
}

function iterationsOf(request: TrainRequest, usual: Length, ofEpochs: (epochs: number) => number): number {
  const { iterations, epochs } = request;
  if (iterations !== undefined && epochs !== undefined) {
    throw new RangeError(`Cannot train for ${iterations} iterations and ${epochs} epochs: expected one of the two`);
  }
  if (epochs !== undefined && !(epochs > 0 && epochs <= MOST)) {
    throw new RangeError(`Cannot train for ${epochs} epochs: expected a number above 0, at most ${MOST}`);
  }
  if (iterations !== undefined) return iterations;
  if (epochs !== undefined) return ofEpochs(epochs);
  return "iterations" in usual ? usual.iterations : ofEpochs(usual.epochs);
}

const MOST = 10_000_000; // of anything counted; more is a slip of the keyboard

const MEANINGS: Record<string, string> = {
  criticSteps: "critic steps",
  sampleEvery: "iterations between samples",
  saveEvery: "iterations between checkpoints",
  reportEvery: "iterations between reports",
};

function checkCount(name: string, count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MOST) return;
  throw new RangeError(
    `Cannot use ${count} as ${MEANINGS[name] ?? name}: expected a whole number from 1 to ${MOST}`,
  );
}

/** The nearest of 1, 2, 5, 10, 20, … that is not below. */
function roundNumber(x: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(x, 1)));
  return power * [1, 2, 5, 10].find((digit) => digit * power >= x)!;
}
