/** What every split decides: the same latents with its gate forced left and right. */

import { columnMeans, type Matrix, matrix } from "../metrics/matrix.ts";
import { isPoint } from "../models/presets.ts";
import { RareRegionError, type SampleRequest, type Samples, type Side } from "../sampling/sampler.ts";
import type { Labeller, Readable, ReadingOptions } from "./reading.ts";

/** How splits are read. */
export interface SplitOptions extends Pick<ReadingOptions, "seed" | "label" | "signal"> {
  /** Latents for each split, 2 to 16384; 256 unless given. */
  readonly samples?: number;
  /** Only splits of nodes below this number, the upper part of a deep tree; all unless given. */
  readonly nodes?: number;
  /** Pairs of pictures that are shown of each, at most as many as there are latents; 8 unless given, 128 of points. */
  readonly pairs?: number;
  /** Hears of how many splits so many are read. */
  readonly onProgress?: (done: number, splits: number) => void;
}

/** What the latents of a node become when its gate is forced to one side. Pictures have pixels in [-1, 1]. */
export interface SplitSide {
  /** `[height, width, channels]`. */
  readonly mean: Float32Array;
  /** `[pairs, height, width, channels]`: the first latents, the same on both sides. */
  readonly pictures: Float32Array;
  /** The likeliest leaf of each of the pictures. */
  readonly leaves: number[];
  /** Mean label probabilities. */
  readonly labels: number[] | null;
}

/** A decision node, and what it decides. */
export interface SplitReading {
  readonly node: number;
  /** Number of latents. */
  readonly samples: number;
  /**
   * How the latents come to the node: drawn from `p(z | node)` and going their own way above and below it, or, where too
   * little of the latent space belongs to the node, drawn from the prior and forced into it.
   */
  readonly mode: "region" | "forced";
  readonly left: SplitSide;
  readonly right: SplitSide;
  /** `left.mean − right.mean`, -2 to 2: above 0 where the left side is brighter. */
  readonly difference: Float32Array;
  /** `√E(x_left − x_right)²` over latents and pixels: how much the flipped gate changes a picture, 0 to 2. */
  readonly flipDistance: number;
  /** `√E(x_i − x_j)²` over pixels, for two latents of the node that go their own way: how unlike its pictures are. */
  readonly otherDistance: number;
  /** `flipDistance / otherDistance`: 0 where the gate changes nothing, 1 where it changes as much as another latent does. */
  readonly effect: number;
  /** Total variation `½ Σ |left − right|` of the label shares: 0 for equal ones, 1 if no label is on both sides. */
  readonly labelDistance: number | null;
}

const SAMPLES = 256;
const PAIRS = 8;
const POINTS = 128; // pairs of dots, in two pictures

/**
 * Draws latents from the region of every decision node, and makes each into a picture three times: as it would be, and with
 * this one gate forced left and right while all others decide as they do. Heads that are no trees have no splits.
 *
 * @throws {RangeError} If the number of samples or the seed is out of range
 * @throws {DeviceError} If the GPU is lost
 *
 * @example
 * ```ts ignore
 * const [root] = await readSplits(sampler);
 * console.log(root.effect); // 0.93: the root changes a picture nearly as much as another latent would
 * ```
 */
export async function readSplits(sampler: Readable, options: SplitOptions = {}): Promise<SplitReading[]> {
  const { samples = SAMPLES, nodes = Infinity, onProgress = () => {} } = options;
  if (!(samples >= 2)) throw new RangeError(`Cannot read splits from ${samples} samples: expected at least 2`);
  const splits: SplitReading[] = [];
  const count = Math.min(sampler.structure.decisions, nodes);
  // One after the other: all pictures of a deep tree at once would be too many.
  for (let node = 0; node < count; node++) {
    splits.push(await readSplit(sampler, node, options));
    onProgress(splits.length, count);
  }
  return splits;
}

async function readSplit(
  sampler: Readable,
  node: number,
  { samples = SAMPLES, seed = 0, label, signal, ...shown }: SplitOptions,
): Promise<SplitReading> {
  const { pairs = isPoint(sampler.options.image) ? POINTS : PAIRS } = shown;
  // Another seed for every node: regions overlap, and the same first candidate would be accepted in several.
  const request = { n: samples, seed: (seed + node) % Number.MAX_SAFE_INTEGER, signal };
  const { own, way } = await latentsOf(sampler, node, request);
  const forced = (side: Side) =>
    sampler.sample({ ...request, ...way, latents: own.latents, decisions: { [node]: side } });
  const [left, right] = await Promise.all([forced("left"), forced("right")]);
  const sides = [await sideOf(left, pairs, label), await sideOf(right, pairs, label)] as const;
  const flipDistance = Math.sqrt(meanSquare(left.images, right.images));
  const otherDistance = Math.sqrt(2 * meanVariance(pixelsOf(own)));
  return {
    node,
    samples,
    mode: way.mode === undefined ? "region" : "forced",
    left: sides[0],
    right: sides[1],
    difference: sides[0].mean.map((value, i) => value - sides[1].mean[i]),
    flipDistance,
    otherDistance,
    effect: otherDistance > 0 ? flipDistance / otherDistance : 0,
    labelDistance: sides[0].labels && totalVariation(sides[0].labels, sides[1].labels!),
  };
}

/** Latents that come to a node, with the pictures that they are; and how to ask for them again. */
async function latentsOf(
  sampler: Readable,
  node: number,
  request: SampleRequest,
): Promise<{ own: Samples; way: Pick<SampleRequest, "node" | "mode"> }> {
  try {
    return { own: await sampler.sample({ ...request, node }), way: {} };
  } catch (error) {
    if (!(error instanceof RareRegionError)) throw error;
    const way = { node, mode: "forced" as const };
    return { own: await sampler.sample({ ...request, ...way }), way };
  }
}

async function sideOf(drawn: Samples, pairs: number, label: Labeller | undefined): Promise<SplitSide> {
  const pixels = pixelsOf(drawn);
  const probabilities = label && await label(drawn.images, drawn.shape);
  return {
    mean: Float32Array.from(columnMeans(pixels)),
    pictures: drawn.images.slice(0, pairs * pixels.columns),
    leaves: drawn.samples.slice(0, pairs).map(({ leaf }) => leaf),
    labels: probabilities ? Array.from(columnMeans(matrix(probabilities, probabilities.length / pixels.rows))) : null,
  };
}

const pixelsOf = ({ images, shape: [n] }: Samples): Matrix => matrix(images, images.length / n);

function meanSquare(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
}

/** Variance of a pixel, unbiased, averaged over the pixels. */
function meanVariance(pixels: Matrix): number {
  const { values, rows, columns } = pixels;
  const means = columnMeans(pixels);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - means[i % columns]) ** 2;
  return sum / (rows - 1) / columns;
}

/** `½ Σ |a − b|`. */
function totalVariation(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / 2;
}
