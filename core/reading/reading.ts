/** What a trained tree has learned, as numbers and pictures: read from samples. */

import { type Matrix, matrix } from "../metrics/matrix.ts";
import { canAgree, leafAgreement, leafUsage, treeAgreement } from "../metrics/tree_scores.ts";
import { type HeadName, isPoint } from "../models/presets.ts";
import type { Sampler, Samples } from "../sampling/sampler.ts";
import { sizeOf } from "../shape.ts";
import { likeliest } from "./labels.ts";
import { nodeMeans, nodeReach, type NodeStatistics, nodeStatistics } from "./nodes.ts";
import { representatives, surest, thumbnails } from "./typical.ts";

/**
 * Probabilities of labels for pictures `[n, height, width, channels]` in [-1, 1].
 *
 * @returns `[n, labels]`, row-major, each row sums to 1
 */
export type Labeller = (images: Float32Array, shape: readonly number[]) => Promise<Float32Array>;

/** How a tree is read. */
export interface ReadingOptions {
  /** Samples from the prior, 2 to 16384; 2048 unless given. */
  readonly samples?: number;
  /** Of the samples; 0 unless given. */
  readonly seed?: number;
  /** Pictures that are shown of every node, and of the surest and least sure samples; 16 unless given, 128 of points. */
  readonly pictures?: number;
  /** What tells the labels of pictures. Without it, all that is about labels is null. */
  readonly label?: Labeller;
  /** What labels are called, in the order of the labeller's columns. */
  readonly labelNames?: readonly string[];
  /** Ends the reading early: the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
}

/** A node: its numbers and its pictures, pixels in [-1, 1] and `[height, width, channels]` each. */
export interface NodeReading extends NodeStatistics {
  /** `Σ r_m q / Σ r_m` over samples with label probabilities `q`: the labels of what goes through the node. */
  readonly labels: number[] | null;
  /**
   * Whether the samples, each counted by how much of it gets here, make up one whole sample at least. The pictures of a node
   * that next to nothing reaches are made with the path forced into it.
   */
  readonly reached: boolean;
  /** `Σ r_m x / Σ r_m`: the mean picture. */
  readonly mean: Float32Array;
  /** One sample that stands for the node: of those that go through it most surely, the nearest to the mean picture. */
  readonly typical: Float32Array;
  /** `[pictures, height, width, channels]`: the typical sample, then what best completes it (see `representatives`). */
  readonly grid: Float32Array;
  /** The likeliest leaf of each sample of the grid. */
  readonly gridLeaves: number[];
  /** Numbers of the grid's samples among those of the seed; none where the node is not reached. */
  readonly examples: number[];
}

/** A sample by how surely its path leads to a leaf. */
export interface CertainSample {
  /** Number among the samples of the seed. */
  readonly index: number;
  readonly leaf: number;
  /** Its largest path weight: `1/leaves` to 1. */
  readonly weight: number;
  readonly label: number | null;
  readonly picture: Float32Array;
}

/** How one level of the tree agrees with labels; see `Agreement` for the scores. */
export interface LevelScore {
  readonly level: number;
  readonly purity: number;
  readonly nmi: number;
  readonly ari: number;
}

/** What is known of a trained tree, or of another mixture: a root with its leaves. */
export interface TreeReading {
  readonly run: string;
  readonly iteration: number;
  readonly head: HeadName;
  readonly depth: number;
  readonly leaves: number;
  /** Length of a latent. */
  readonly latent: number;
  readonly image: readonly [height: number, width: number, channels: number];
  /** Number of samples that all this was computed from, and their seed. */
  readonly samples: number;
  readonly seed: number;
  /** `H(u) / log leaves` of the usage of leaves: 1 where all are used alike, 0 where one does everything. */
  readonly usageEntropy: number;
  /** `E H(p) / log leaves`: 0 where every sample comes from one leaf, 1 where all leaves are mixed alike. */
  readonly pathEntropy: number;
  /** Mean largest path weight, `1/leaves` to 1. */
  readonly largestWeight: number;
  readonly labelNames: readonly string[] | null;
  /** In level order. */
  readonly nodes: readonly NodeReading[];
  /** The surest and the least sure samples. */
  readonly certain: readonly CertainSample[];
  readonly uncertain: readonly CertainSample[];
  /**
   * A score for every level below the root; a sample belongs to the likeliest node of the level. Null without labels, and
   * where no two samples have the same.
   */
  readonly scores: readonly LevelScore[] | null;
  /** See `dendrogramPurity`; for trees. */
  readonly dendrogramPurity: number | null;
}

/** What a sampler must have to be read. */
export type Readable = Pick<Sampler, "sample" | "source" | "options" | "structure">;

const SAMPLES = 2048;
const PICTURES = 16;
const FORCED = 64; // samples of a node that nothing reaches, at least, of which the pictures are chosen
const POINTS = 128; // dots in one picture: there is room for more than of images

/**
 * Draws samples from the prior and reads from them how the tree divides the latent space, and what its nodes make. Paths are
 * soft: a sample counts for each node by how much of it gets there, its path weight. Nothing but the samples is used, so the
 * same sampler and options give the same reading.
 *
 * @throws {RangeError} If the number of samples or the seed is out of range, or the samples are not finite
 * @throws {DeviceError} If the GPU is lost
 *
 * @example
 * ```ts ignore
 * const sampler = await openSampler(device, "runs/00000-fashionmnist-hmog-small");
 * const { nodes, usageEntropy } = await readTree(sampler);
 * console.log(usageEntropy, nodes[0].balance); // 0.98 0.45
 * ```
 */
export async function readTree(sampler: Readable, options: ReadingOptions = {}): Promise<TreeReading> {
  const { samples = SAMPLES, seed = 0, label, labelNames = null, signal } = options;
  if (!(samples >= 2)) throw new RangeError(`Cannot read a tree from ${samples} samples: expected at least 2`);
  const { structure, options: { head, depth, image }, source } = sampler;
  const { pictures = isPoint(image) ? POINTS : PICTURES } = options;
  const drawn = await sampler.sample({ n: samples, seed, signal });
  checkFinite(drawn.images);
  const weights = matrix(Float32Array.from(drawn.samples.flatMap(({ weights }) => weights)), structure.leaves);
  const probabilities = label === undefined ? null : await probabilitiesOf(label, drawn);
  const classes = probabilities && likeliest(probabilities);
  const reach = nodeReach(structure, weights);
  const { entropy, information, largestWeight } = leafUsage(weights);
  const evenly = Math.log(structure.leaves) || 1; // a single leaf has no entropy
  const nodes = await nodesOf(sampler, { drawn, reach, probabilities, pictures, signal });
  return {
    run: source.run,
    iteration: source.iteration,
    head,
    depth,
    image,
    samples,
    seed,
    leaves: structure.leaves,
    latent: drawn.latents.length / samples,
    usageEntropy: entropy / evenly,
    pathEntropy: Math.max(0, entropy - information) / evenly,
    largestWeight,
    labelNames: probabilities && labelNames,
    nodes,
    ...byCertainty(drawn, classes, pictures),
    ...scoresOf(head, weights, classes),
  };
}

function checkFinite(images: Float32Array): void {
  const odd = images.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) throw new RangeError(`Cannot read a tree from pixels such as ${images[odd]}: expected finite numbers`);
}

async function probabilitiesOf(label: Labeller, { images, shape }: Samples): Promise<Matrix> {
  const values = await label(images, shape);
  return matrix(values, values.length / shape[0]);
}

interface Pool {
  readonly drawn: Samples;
  readonly reach: Matrix;
  readonly probabilities: Matrix | null;
  readonly pictures: number;
  readonly signal?: AbortSignal;
}

async function nodesOf(sampler: Readable, pool: Pool): Promise<NodeReading[]> {
  const { drawn: { images, shape, samples }, reach, probabilities, pictures } = pool;
  const [n, ...image] = shape;
  const size = sizeOf(image);
  const small = thumbnails(images, shape);
  const means = nodeMeans(sampler.structure, reach, matrix(images, size));
  const labels = probabilities && nodeMeans(sampler.structure, reach, probabilities);
  return await Promise.all(
    nodeStatistics(sampler.structure, reach).map(async (statistics): Promise<NodeReading> => {
      const { node, usage } = statistics;
      if (usage * n < 1) {
        return {
          ...statistics,
          labels: null,
          reached: false,
          examples: [],
          ...await forcedPictures(sampler, node, pool),
        };
      }
      const ofNode = Float32Array.from({ length: n }, (_, row) => reach.values[row * reach.columns + node]);
      const mean = thumbnails(means[node], [1, ...image]).values;
      const examples = representatives(small, surest(ofNode, pictures), { mean, count: pictures });
      const grid = new Float32Array(examples.length * size);
      examples.forEach((i, place) => grid.set(images.subarray(i * size, (i + 1) * size), place * size));
      return {
        ...statistics,
        labels: labels && Array.from(labels[node]),
        reached: true,
        examples,
        mean: means[node],
        typical: grid.slice(0, size),
        grid,
        gridLeaves: examples.map((i) => samples[i].leaf),
      };
    }),
  );
}

/** Pictures of a node that nothing reaches. */
async function forcedPictures(
  sampler: Readable,
  node: number,
  { drawn: { seed }, pictures, signal }: Pool,
): Promise<Pick<NodeReading, "mean" | "typical" | "grid" | "gridLeaves">> {
  const { images, shape, samples } = await sampler.sample({
    n: Math.max(pictures, FORCED),
    seed,
    node,
    mode: "forced",
    signal,
  });
  const size = sizeOf(shape.slice(1));
  const mean = new Float32Array(size);
  images.forEach((value, i) => mean[i % size] += value / shape[0]);
  const small = thumbnails(images, shape);
  const all = Array.from({ length: shape[0] }, (_, i) => i);
  const shown = representatives(small, all, {
    mean: thumbnails(mean, [1, ...shape.slice(1)]).values,
    count: pictures,
  });
  const grid = Float32Array.from(shown.flatMap((i) => Array.from(images.subarray(i * size, (i + 1) * size))));
  return { mean, typical: grid.slice(0, size), grid, gridLeaves: shown.map((i) => samples[i].leaf) };
}

/** The samples with the largest and with the smallest largest weight, of equal ones those drawn first. */
function byCertainty(
  { images, samples }: Samples,
  classes: Uint32Array | null,
  count: number,
): Pick<TreeReading, "certain" | "uncertain"> {
  const size = images.length / samples.length;
  const sorted = samples.map(({ weights, leaf }, index) => ({ index, leaf, weight: weights[leaf] }))
    .sort((a, b) => b.weight - a.weight || a.index - b.index);
  const shown = (some: typeof sorted): CertainSample[] =>
    some.slice(0, count).map((sample) => ({
      ...sample,
      label: classes && classes[sample.index],
      picture: images.slice(sample.index * size, (sample.index + 1) * size),
    }));
  return { certain: shown(sorted), uncertain: shown(sorted.toReversed()) };
}

function scoresOf(
  head: HeadName,
  weights: Matrix,
  classes: Uint32Array | null,
): Pick<TreeReading, "scores" | "dendrogramPurity"> {
  if (classes === null || weights.columns === 1 || !canAgree(classes)) {
    return { scores: null, dendrogramPurity: null };
  }
  if (head !== "tree") {
    const { purity, nmi, ari } = leafAgreement(weights, classes);
    return { scores: [{ level: 1, purity, nmi, ari }], dendrogramPurity: null };
  }
  const { levels, dendrogramPurity } = treeAgreement(weights, classes);
  const scores = levels.map(({ purity, nmi, ari }, above) => ({ level: above + 1, purity, nmi, ari }));
  return { scores, dendrogramPurity };
}
