/**
 * The metrics by name: from samples to named numbers. To add one: a line here, what it needs (`needs.ts`), and what is said
 * of its numbers (`meanings.ts`).
 */

import type { Device } from "../gpu/device.ts";
import { oneOf } from "../nearest.ts";
import { type Neighbours, neighboursWithin } from "./distances.ts";
import { frechetDistance } from "./frechet.ts";
import { inceptionScore } from "./inception_score.ts";
import { kernelDistance } from "./kernel_distance.ts";
import { checkCompared } from "./matrix.ts";
import type { Evaluated, MetricName, Scores } from "./metric.ts";
import { gaussianMmd } from "./mmd.ts";
import { modeScores } from "./modes.ts";
import { prdc, type Within } from "./prdc.ts";
import { featureStatistics } from "./statistics.ts";
import { canAgree, leafAgreement, leafUsage, treeAgreement } from "./tree_scores.ts";
import { twoSampleTest } from "./two_sample.ts";
import type { Agreement } from "./partition.ts";

export * from "./metric.ts";
export { meaningOf } from "./meanings.ts";

/** Neighbours that make the balls of precision and recall, and that vote at most. */
export const NEIGHBOURS = 5;

/** Computes one group of numbers; `within` are the neighbours that several of them need. */
type Metric = (device: Device, evaluated: Evaluated, within: () => Promise<Within>) => Promise<Scores> | Scores;

const METRICS: Readonly<Record<MetricName, Metric>> = {
  async fid(device, { real, fake }) {
    const statistics = real.statistics ?? await featureStatistics(device, real.features, "real");
    const ofFake = await featureStatistics(device, fake.features, "fake");
    const { distance, ofMeans, ofCovariances } = frechetDistance({ real: statistics, fake: ofFake });
    return { frechet: distance, frechetOfMeans: ofMeans, frechetOfCovariances: ofCovariances };
  },
  async kid(device, evaluated) {
    const { mean, deviation, subsets } = await kernelDistance(device, featuresOf(evaluated), { seed: evaluated.seed });
    const scores: Scores = { kernel: mean };
    return subsets === 1 ? scores : { ...scores, kernelDeviation: deviation };
  },
  is(_, { fake }) {
    const { mean, deviation } = inceptionScore(given(fake.probabilities, "is", "probabilities of classes"));
    return { inceptionScore: mean, inceptionScoreDeviation: deviation };
  },
  async knn(device, evaluated, within) {
    const { real, fake } = featuresOf(evaluated);
    const known = real.rows === fake.rows ? await within() : undefined;
    const tests = await twoSampleTest(device, { real, fake }, { ks: [1, NEIGHBOURS], within: known });
    return Object.fromEntries(tests.flatMap(({ k, accuracy, real, fake }) => [
      [`nn${k}`, accuracy],
      [`nn${k}Real`, real],
      [`nn${k}Fake`, fake],
    ]));
  },
  async mmd(device, evaluated) {
    const { squared, bandwidth } = await gaussianMmd(device, featuresOf(evaluated));
    return { mmd: squared, mmdBandwidth: bandwidth };
  },
  async prdc(device, evaluated, within) {
    return { ...await prdc(device, featuresOf(evaluated), { k: NEIGHBOURS, within: await within() }) };
  },
  modes(_, { fake, modes }) {
    const scores = modeScores(fake.points ?? fake.features, given(modes, "modes", "the modes of the data"));
    const { found, modes: all, good, balance, divergence } = scores;
    return { modesFound: found, modes: all, goodShare: good, modeBalance: balance, modeDivergence: divergence };
  },
  tree(_, { fake }) {
    const weights = given(fake.weights, "tree", "path weights");
    const { leaves, used, entropy, information, largestWeight } = leafUsage(weights);
    const usage = {
      leaves,
      leavesUsed: used,
      leafEntropy: entropy,
      leafInformation: information,
      largestPathWeight: largestWeight,
    };
    if (fake.labels === undefined || !canAgree(fake.labels)) return usage;
    if (!fake.tree) return { ...usage, ...named("leaf", leafAgreement(weights, fake.labels)) };
    const { levels, dendrogramPurity } = treeAgreement(weights, fake.labels);
    const upper = levels.slice(0, -1).map((level, i) => named(`level${i + 1}`, level));
    return Object.assign({}, usage, ...upper, named("leaf", levels[levels.length - 1]), { dendrogramPurity });
  },
};

/** The names `evaluateMetrics` knows. */
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/**
 * The name as one that `evaluateMetrics` knows.
 *
 * @throws {RangeError} If it is unknown; the message has the nearest known one
 */
export function metricName(name: string): MetricName {
  return oneOf("metric", name, METRIC_NAMES);
}

/**
 * Computes the metrics asked for, one after the other. What two of them need is computed once.
 *
 * @returns Numbers by name, which `meaningOf` explains
 * @throws {ShapeError} If numbers of dimensions or samples do not fit together
 * @throws {RangeError} If there are too few samples for a metric, a number is not finite, or a metric needs what is not
 * known: `is` probabilities, `modes` where the data come from, `tree` path weights
 * @throws {DeviceError} If the adapter was lost
 * @throws The signal's reason, if it aborts; it is asked before each metric
 *
 * @example
 * ```ts
 * import { evaluateMetrics } from "./evaluation.ts";
 * import { matrix } from "./matrix.ts";
 * import { openDevice } from "../gpu/device.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const device = await openDevice();
 * const features = matrix(Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * i)), 2);
 * const scores = await evaluateMetrics(device, ["prdc"], {
 *   real: { features },
 *   fake: { features },
 *   featureName: "classifier",
 *   seed: 0,
 * });
 * assertEquals([scores.precision, scores.recall], [1, 1]);
 * await device.destroy();
 * ```
 */
export async function evaluateMetrics(
  device: Device,
  names: readonly MetricName[],
  evaluated: Evaluated,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Record<string, number>> {
  let known: Promise<Within> | undefined;
  const within = () => known ??= neighboursOf(device, evaluated);
  const scores: Record<string, number> = {};
  for (const name of names) {
    signal?.throwIfAborted();
    Object.assign(scores, await METRICS[name](device, evaluated, within));
  }
  return scores;
}

async function neighboursOf(device: Device, evaluated: Evaluated): Promise<Within> {
  const { real, fake } = featuresOf(evaluated);
  checkCompared({ real, fake }, { metric: `${NEIGHBOURS} nearest neighbours`, atLeast: NEIGHBOURS + 1 });
  const neighbours = async (of: typeof real): Promise<Neighbours> => await neighboursWithin(device, of, NEIGHBOURS);
  return { real: evaluated.real.neighbours ?? await neighbours(real), fake: await neighbours(fake) };
}

function featuresOf({ real, fake }: Evaluated) {
  return { real: real.features, fake: fake.features };
}

function given<T>(value: T | undefined, metric: MetricName, what: string): T {
  if (value !== undefined) return value;
  throw new RangeError(`Cannot compute ${metric}: ${what} are not known, expected them`);
}

function named(prefix: string, { purity, nmi, ari, mutualInformation }: Agreement): Scores {
  return {
    [`${prefix}Purity`]: purity,
    [`${prefix}Nmi`]: nmi,
    [`${prefix}Ari`]: ari,
    [`${prefix}LabelInformation`]: mutualInformation,
  };
}
