/** Real pictures find their leaf: a data set clustered by the tree that was trained on it, without a look at its labels. */

import type { NamedSet } from "../evaluate/classifier_features.ts";
import type { EvaluationProgress } from "../evaluate/progress.ts";
import { type PictureSet, rawFeatures } from "../evaluate/features.ts";
import type { Device } from "../gpu/device.ts";
import { type Matrix, matrix } from "../metrics/matrix.ts";
import { isPoint, type ModelOptions } from "../models/presets.ts";
import { oneOf } from "../nearest.ts";
import { LatentInverter } from "../recognition/inversion.ts";
import { drawPool } from "../recognition/picture_pool.ts";
import { likeliest } from "../reading/labels.ts";
import type { Recogniser } from "../recognition/recogniser.ts";
import { openRecogniser, recogniserBeside, writeRecogniser } from "../recognition/recogniser_file.ts";
import { RunError, RUNS_FOLDER } from "../sampling/run.ts";
import { openSampler, type Sampler } from "../sampling/sampler.ts";
import type { Structure } from "../sampling/structure.ts";
import { sizeOf } from "../shape.ts";
import { permutation } from "../train/batches.ts";
import { STEPS, trainRecogniser } from "./recogniser_training.ts";

/** How a picture is brought to a path: by a recogniser, or by the latent whose picture is nearest. */
export const ASSIGN_METHODS = ["recogniser", "inversion"] as const;
/** One of `ASSIGN_METHODS`. */
export type AssignMethod = (typeof ASSIGN_METHODS)[number];

/**
 * The name as one in `ASSIGN_METHODS`.
 *
 * @throws {RangeError} If it is unknown; the message has the nearest known one
 */
export function assignMethod(name: string): AssignMethod {
  return oneOf("method", name, ASSIGN_METHODS);
}

/** What is assigned, and how. */
export interface AssignRequest {
  /** Default `recogniser`. */
  readonly method?: AssignMethod;
  /** Pictures; 10,000 unless given, 500 by inversion, or as many as there are. */
  readonly n?: number;
  /** Of the pictures chosen, and of the recogniser's training; 0, or that of the recogniser the run has, unless given. */
  readonly seed?: number;
  /** Steps of the recogniser's training; 1500, or those of the recogniser the run has, unless given. */
  readonly steps?: number;
  /** Trains a recogniser also where the run has one. */
  readonly retrain?: boolean;
}

/** What is needed to assign. */
export interface AssignJob {
  /** The folder, name or number of a run, or a checkpoint. */
  readonly run: string;
  readonly runs?: string;
  readonly data: NamedSet;
  readonly request?: AssignRequest;
  readonly onProgress?: (progress: EvaluationProgress) => void;
  /** Hears of what does not stop it: a recogniser that cannot be used, is another than was asked for, or cannot be kept. */
  readonly onWarning?: (warning: string) => void;
}

/** How a recogniser was trained: the same on the same machine gives the same one. */
export interface Training {
  readonly seed: number;
  readonly steps: number;
}

/** Pictures with the paths they were assigned. */
export interface Assignments {
  /** Of the checkpoint. */
  readonly source: string;
  readonly iteration: number;
  readonly dataset: string;
  readonly method: AssignMethod;
  /** Of the pictures chosen. */
  readonly seed: number;
  /** How the recogniser was trained; null for inversion. */
  readonly recogniser: Training | null;
  /** Head and depth of the model, and what follows from them. */
  readonly model: ModelOptions;
  readonly structure: Structure;
  /** Number of each picture in its set `[n]`, ascending. */
  readonly indices: Uint32Array;
  /** Class of each `[n]`, an index of the names; null where they are not known. Nothing above depends on them. */
  readonly labels: Uint32Array | null;
  readonly classNames: readonly string[];
  /** Pixels in [-1, 1], or points, `[n, numbers of a picture]`. */
  readonly pixels: Matrix;
  /** Path weights `[n, leaves]`. */
  readonly weights: Matrix;
  /** The most likely leaf of each `[n]`. */
  readonly leaves: Uint32Array;
}

const INVERTED = 16; // pictures at a time
const USUAL: Readonly<Record<AssignMethod, number>> = { recogniser: 10_000, inversion: 500 };

/**
 * Assigns the pictures of a data set to the leaves of a run. A recogniser is trained where the run has none of the same
 * checkpoint, and of the seed and steps that are asked for, and kept there as `recogniser.safetensors`.
 *
 * @throws {RangeError} If a number is out of range or the model has one leaf
 * @throws {RunError} If the run cannot be used or makes pictures of another size
 * @throws {DeviceError} If the GPU is lost
 */
export async function assignPictures(device: Device, job: AssignJob): Promise<Assignments> {
  const { run, runs = RUNS_FOLDER, data, request: { method = "recogniser", n, seed = 0 } = {} } = job;
  const [count, ...image] = data.shape;
  const indices = chosen(data, { n: n ?? Math.min(count, USUAL[method]), seed });
  const sampler = await openSampler(device, run, { runs });
  try {
    const { source: { path, iteration }, options, structure } = sampler;
    check(sampler, image, data.name);
    const pictures = partOf(data, indices);
    const points = isPoint(options.image);
    const { features: pixels } = await rawFeatures(points ? "points" : "pixels").extract(pictures);
    const { found, recogniser } = method === "recogniser"
      ? await byRecogniser(sampler, pixels.values, job)
      : { found: await byInversion(sampler, pixels.values, job), recogniser: null };
    const weights = matrix(found, structure.leaves);
    return {
      source: path,
      iteration,
      dataset: data.name,
      method,
      seed,
      recogniser,
      model: options,
      structure,
      indices,
      labels: data.labels && indices.map((index) => data.labels![index]),
      classNames: data.classNames,
      pixels,
      weights,
      leaves: likeliest(weights),
    };
  } finally {
    await sampler.close();
  }
}

/** How sure an assignment is: the weight of the most likely leaf, from one over the number of leaves to 1. */
export function certaintyOf({ weights, leaves }: Pick<Assignments, "weights" | "leaves">, row: number): number {
  return weights.values[row * weights.columns + leaves[row]];
}

async function byRecogniser(
  sampler: Sampler,
  images: Float32Array,
  job: AssignJob,
): Promise<{ found: Float32Array; recogniser: Training }> {
  const { onProgress = () => {} } = job;
  const recogniser = await keptRecogniser(sampler, job) ?? await newRecogniser(sampler, job);
  try {
    const total = images.length / sizeOf(sampler.options.image);
    const onDone = (done: number) => onProgress({ doing: "Recognising pictures", done, total });
    const { seed, steps } = recogniser.source;
    return { found: await recogniser.assign(images, onDone), recogniser: { seed, steps } };
  } finally {
    recogniser.destroy();
  }
}

/** The recogniser of the run, if it has one that can be used and was trained as asked for. */
async function keptRecogniser(
  { source: { path, run, iteration }, options: model, device }: Sampler,
  { request = {}, onWarning = () => {} }: AssignJob,
): Promise<Recogniser | undefined> {
  if (request.retrain) return undefined;
  const kept = await openRecogniser(device, recogniserBeside(path), { run, iteration, model }).catch((error) => {
    if (!(error instanceof RunError)) throw error;
    onWarning(`${error.message}; another one is trained`);
  });
  if (!kept) return undefined;
  const { source } = kept;
  if ((request.seed ?? source.seed) === source.seed && (request.steps ?? source.steps) === source.steps) return kept;
  kept.destroy();
  const { seed, steps } = trainingOf(request);
  onWarning(
    `The run's recogniser is of seed ${source.seed} and ${source.steps} steps; one of seed ${seed} and ${steps} steps is ` +
      "trained",
  );
}

/** A recogniser that is trained now, kept in the run where that can be. */
async function newRecogniser(
  sampler: Sampler,
  { request = {}, onProgress = () => {}, onWarning = () => {} }: AssignJob,
): Promise<Recogniser> {
  const recogniser = await trainRecogniser(sampler, {
    ...trainingOf(request),
    onProgress: ({ step, steps }) => onProgress({ doing: "Training a recogniser", done: step, total: steps }),
  });
  await writeRecogniser(recogniserBeside(sampler.source.path), recogniser.source).catch((error) => {
    if (!(error instanceof RunError)) throw error;
    onWarning(`${error.message}; the recogniser is used and not kept`);
  });
  return recogniser;
}

const trainingOf = ({ seed = 0, steps = STEPS }: AssignRequest): Training => ({ seed, steps });

async function byInversion(
  sampler: Sampler,
  images: Float32Array,
  { onProgress = () => {} }: AssignJob,
): Promise<Float32Array> {
  const total = images.length / sizeOf(sampler.options.image);
  const pictures = Math.min(INVERTED, total);
  const inverter = await LatentInverter.create(sampler.passes, await drawPool(sampler), { pictures });
  try {
    const { weights } = await inverter.invert(images, {
      onProgress: (done) => onProgress({ doing: "Looking for latents", done, total }),
    });
    return weights;
  } finally {
    inverter.destroy();
  }
}

/** Numbers of the pictures: all of them, or some at random, in the order of the set. */
function chosen({ shape: [count], name }: NamedSet, { n, seed }: { n: number; seed: number }): Uint32Array {
  if (!Number.isSafeInteger(n) || n < 1 || n > count) {
    throw new RangeError(
      `Cannot assign ${n} pictures of ${name}: expected a whole number from 1 to ${count}, its size`,
    );
  }
  return n === count ? Uint32Array.from({ length: n }, (_, i) => i) : permutation(count, seed, 0).slice(0, n).sort();
}

function partOf({ images, shape: [, ...image] }: NamedSet, indices: Uint32Array): PictureSet {
  const size = sizeOf(image);
  const part = new (images instanceof Uint8Array ? Uint8Array : Float32Array)(indices.length * size);
  indices.forEach((index, i) => part.set(images.subarray(index * size, (index + 1) * size), i * size));
  return { images: part, shape: [indices.length, ...image] };
}

function check({ source, options, structure }: Sampler, image: readonly number[], name: string): void {
  if (options.image.join("x") !== image.join("x")) {
    const made = options.image.join("x");
    throw new RunError(
      `Cannot assign pictures of ${name} to ${source.path}: they are ${image.join("x")}, expected ${made} as it makes`,
    );
  }
  if (structure.leaves > 1) return;
  throw new RangeError(`Cannot assign pictures to ${source.path}: it has one generator, expected at least 2 leaves`);
}
