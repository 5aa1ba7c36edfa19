/** What the numbers of `evaluateMetrics` are called, what they say, and which are better. */

import type { Better, FeatureKind, Meaning } from "./metric.ts";

type Row = readonly [label: string, meaning: string, range: string, better: Better];

const MEANINGS: Readonly<Record<string, Row>> = {
  frechet: [
    "Fréchet distance",
    "how far apart the normal distributions of real and fake features are",
    "0 up",
    "lower",
  ],
  frechetOfMeans: ["of it by the means", "squared distance of the mean features", "0 up", "lower"],
  frechetOfCovariances: ["of it by the covariances", "difference of spread and shape", "0 up", "lower"],
  kernel: ["kernel distance", "squared MMD with a cubic kernel, without bias", "around 0 up", "lower"],
  kernelDeviation: ["kernel distance, deviation", "standard deviation over subsets", "0 up", "neither"],
  inceptionScore: ["inception score", "sure of every picture and seeing all classes", "1 to classes", "higher"],
  inceptionScoreDeviation: ["inception score, deviation", "standard deviation over splits", "0 up", "neither"],
  nn1: ["1-NN accuracy", "real and fake told apart by the nearest neighbour", "0 to 1", "half"],
  nn1Real: ["1-NN accuracy on real", "low: fakes lie between real pictures", "0 to 1", "half"],
  nn1Fake: ["1-NN accuracy on fake", "high: fakes lie close together", "0 to 1", "half"],
  nn5: ["5-NN accuracy", "real and fake told apart by five neighbours", "0 to 1", "half"],
  nn5Real: ["5-NN accuracy on real", "low: fakes lie between real pictures", "0 to 1", "half"],
  nn5Fake: ["5-NN accuracy on fake", "high: fakes lie close together", "0 to 1", "half"],
  mmd: ["MMD²", "squared MMD with Gaussian kernels, without bias", "around 0 to 2", "lower"],
  mmdBandwidth: ["MMD bandwidth", "median distance, the width of the kernels", "0 up", "neither"],
  precision: ["precision", "share of fakes among the real pictures: quality", "0 to 1", "higher"],
  recall: ["recall", "share of real pictures among the fakes: variety", "0 to 1", "higher"],
  density: ["density", "real balls around a fake, divided by neighbours", "0 up, 1 if equal", "higher"],
  coverage: ["coverage", "share of real pictures with a fake nearby", "0 to 1", "higher"],
  modesFound: ["modes found", "modes with a point within 3 deviations", "0 to modes", "higher"],
  modes: ["modes", "modes there are", "1 up", "neither"],
  goodShare: ["good share", "share of points within 3 deviations of a mode", "0 to 1", "higher"],
  modeBalance: ["mode balance", "entropy of the modes of good points, to the most possible", "0 to 1", "higher"],
  modeDivergence: ["mode divergence", "KL of the modes of good points to uniform, in nats", "0 to log modes", "lower"],
  leaves: ["leaves", "leaves there are", "1 up", "neither"],
  leavesUsed: ["leaves used", "leaves that are the likeliest of some sample", "1 to leaves", "higher"],
  leafEntropy: ["leaf entropy", "entropy of the mean path weights, in nats", "0 to log leaves", "higher"],
  leafInformation: ["latent/leaf information", "H(mean p) − mean H(p), in nats", "0 to log leaves", "higher"],
  largestPathWeight: ["largest path weight", "mean of the largest: 1 if paths are hard", "1/leaves to 1", "higher"],
  dendrogramPurity: ["dendrogram purity", "class share under the ancestor of two alike", "0 to 1", "higher"],
};

/** Of the leaves and of every level above them. */
const AGREEMENTS: Readonly<Record<string, Row>> = {
  Purity: ["purity", "share of samples of the commonest class of their node", "1/classes to 1", "higher"],
  Nmi: ["label NMI", "information shared with labels, to the mean of the entropies", "0 to 1", "higher"],
  Ari: ["label ARI", "pairs together in both, beyond chance", "around 0 to 1", "higher"],
  LabelInformation: ["label information", "information shared with labels, in nats", "0 to log classes", "higher"],
};

/** What depends on the features, and what it is called with those of `inception`, for which the names were made. */
const OF_FEATURES: Readonly<Record<string, string | undefined>> = {
  frechet: "FID",
  kernel: "KID",
  nn1: undefined,
  nn5: undefined,
  mmd: undefined,
  precision: undefined,
  recall: undefined,
  density: undefined,
  coverage: undefined,
};

/**
 * Label, meaning, range and direction of a number of `evaluateMetrics`. What depends on features names them; "FID", "KID"
 * and a bare "inception score" are said with the weights that were published with them only.
 *
 * @throws {RangeError} If there is no such number
 *
 * @example
 * ```ts
 * import { meaningOf } from "./meanings.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(meaningOf("frechet", "inception").label, "FID");
 * assertEquals(meaningOf("frechet", "torchvision").label, "Fréchet distance (torchvision's Inception features)");
 * assertEquals(meaningOf("frechet", "classifier").label, "Fréchet distance (classifier features)");
 * assertEquals(meaningOf("level2Nmi", "pixels").label, "level 2 label NMI");
 * ```
 */
export function meaningOf(name: string, features: FeatureKind): Meaning {
  const [label, meaning, range, better] = rowOf(name);
  return { label: labelOf(name, label, features), meaning, range, better };
}

function rowOf(name: string): Row {
  if (Object.hasOwn(MEANINGS, name)) return MEANINGS[name];
  const [, node, level, kind] = name.match(/^(leaf|level(\d+))([A-Z]\w+)$/) ?? [];
  if (node !== undefined && Object.hasOwn(AGREEMENTS, kind)) {
    const [label, ...rest] = AGREEMENTS[kind];
    return [level === undefined ? `leaf ${label}` : `level ${level} ${label}`, ...rest];
  }
  throw new RangeError(`Cannot explain ${name}: no metric gives it, expected the name of a number of a metric`);
}

function labelOf(name: string, label: string, features: FeatureKind): string {
  const whose = features === "torchvision" ? "torchvision's Inception" : features;
  if (name === "inceptionScore" && features !== "inception") return `${label} (${whose})`;
  if (!Object.hasOwn(OF_FEATURES, name)) return label;
  if (features === "inception" && OF_FEATURES[name] !== undefined) return OF_FEATURES[name];
  return `${label} (${whose} features)`;
}
