/** What an evaluation is asked for, and what goes together. */

import type { FeatureName, MetricName } from "../metrics/metric.ts";
import { obstacleTo } from "../metrics/needs.ts";
import { isPoint } from "../models/presets.ts";
import { sizeOf } from "../shape.ts";
import { CLASSIFIER_FEATURES } from "./classifier.ts";
import { INCEPTION_FEATURES } from "./inception.ts";
import type { EvaluatedSet } from "./real.ts";

/** The part of a data set that is compared with. */
export type Split = "train" | "test";

/** What may be asked for; the rest is what the data allow. */
export interface EvaluationRequest {
  /** All that the data, the features and `n` allow unless given. */
  readonly metrics?: readonly MetricName[];
  /** `points` for points, else `classifier` for sets with labels and `pixels` for others, unless given. */
  readonly features?: FeatureName;
  /** Weights of `inception`, a file. */
  readonly weights?: string;
  /** Samples, real and generated; 10,000, or as many as there are, unless given. */
  readonly n?: number;
  /** Of the generated samples, and of the choice of real ones; 0 unless given. */
  readonly seed?: number;
  /** `test` unless given. */
  readonly split?: Split;
  /** Whether paths are forced, into each leaf in proportion to its use: what leaves make alone. */
  readonly forced?: boolean;
}

/** A request with everything decided. */
export interface ResolvedRequest {
  readonly metrics?: readonly MetricName[];
  readonly features: FeatureName;
  readonly weights?: string;
  readonly n: number;
  /** Whether fewer generated samples than `n` will do. */
  readonly atMost: boolean;
  readonly seed: number;
  readonly split: Split;
  readonly forced: boolean;
}

/** Metrics, and why others that go with the data are not among them. */
export interface ChosenMetrics {
  readonly metrics: readonly MetricName[];
  /** Such as `fid is left out: found 12288 dimensions, expected at most 4096`. */
  readonly leftOut: readonly string[];
}

const USUAL_COUNT = 10_000;
/** What features have numbers for, if they are not too many and there are enough samples. */
const OF_FEATURES: readonly MetricName[] = ["fid", "kid", "knn", "mmd", "prdc"];

/**
 * Decides what was not asked for, and checks what was.
 *
 * @param data The set that is compared with
 * @throws {RangeError} If features, metrics, number of samples and data do not go together
 */
export function resolveRequest(request: EvaluationRequest, data: EvaluatedSet): ResolvedRequest {
  const { metrics, weights, n, seed = 0, split = "test", forced = false } = request;
  const points = isPoint(imageOf(data));
  const features = request.features ?? (points ? "points" : isLabelled(data) ? "classifier" : "pixels");
  if (points && features !== "points") {
    throw new RangeError(`Cannot make ${features} features of ${data.name}: it has points, expected no --features`);
  }
  if (features === "inception" && weights === undefined) {
    throw new RangeError(
      "Cannot make inception features without weights: expected --weights FILE, those of torchvision's inception_v3 " +
        "or of the Fréchet inception distance as PyTorch or safetensors file (nothing is downloaded)",
    );
  }
  if (weights !== undefined && features !== "inception") {
    throw new RangeError(`Cannot use weights ${weights} with ${features} features: expected --features inception`);
  }
  if (metrics?.includes("is") && !hasClasses(features)) {
    throw new RangeError(`Cannot compute is from ${features}: they have no classes, expected classifier or inception`);
  }
  if (metrics?.includes("modes") && data.modes === undefined) {
    throw new RangeError(`Cannot compute modes of ${data.name}: its modes are not known, expected ring8 or grid25`);
  }
  const samples = n ?? Math.min(USUAL_COUNT, data.shape[0]);
  checkComputable({ metrics, features }, data, samples);
  return { metrics, features, weights, n: samples, atMost: n === undefined, seed, split, forced };
}

/**
 * The metrics of a request for some generated samples. What cannot be computed from them is left out, unless it was asked
 * for.
 *
 * @param data The set that is compared with
 * @param generated How many samples there are, and columns of their path weights; 0 where these are not known
 * @throws {RangeError} If a metric that was asked for cannot be computed
 */
export function metricsFor(
  { metrics, features }: Pick<ResolvedRequest, "metrics" | "features">,
  data: EvaluatedSet,
  { leaves, samples }: { leaves: number; samples: number },
): ChosenMetrics {
  if (metrics?.includes("tree") && leaves === 0) {
    throw new RangeError("Cannot compute tree of samples in a file: their paths are not known, expected a run");
  }
  if (metrics !== undefined) {
    checkComputable({ metrics, features }, data, samples);
    return { metrics, leftOut: [] };
  }
  const own: readonly [MetricName, boolean][] = [
    ["is", hasClasses(features)],
    ["modes", data.modes !== undefined],
    ["tree", leaves > 1],
  ];
  const all = [...OF_FEATURES, ...own.flatMap(([name, known]) => known ? [name] : [])];
  const size = { samples, dimensions: dimensionsOf(features, data) };
  const obstacles = all.map((name) => ({ name, obstacle: obstacleTo(name, size) }));
  return {
    metrics: obstacles.flatMap(({ name, obstacle }) => obstacle === undefined ? [name] : []),
    leftOut: obstacles.flatMap(({ name, obstacle }) =>
      obstacle === undefined ? [] : [`${name} is left out: ${obstacle}`]
    ),
  };
}

/** @throws {RangeError} If a metric that was asked for needs other samples or other features */
function checkComputable(
  { metrics = [], features }: Pick<ResolvedRequest, "metrics" | "features">,
  data: EvaluatedSet,
  samples: number,
): void {
  const size = { samples, dimensions: dimensionsOf(features, data) };
  for (const name of metrics) {
    const obstacle = obstacleTo(name, size);
    if (obstacle !== undefined) {
      throw new RangeError(`Cannot compute ${name} of ${data.name} by ${features}: ${obstacle}`);
    }
  }
}

/** Length of a feature vector. */
function dimensionsOf(features: FeatureName, data: EvaluatedSet): number {
  if (features === "classifier") return CLASSIFIER_FEATURES;
  return features === "inception" ? INCEPTION_FEATURES : sizeOf(imageOf(data));
}

/** Height, width and channels of a set's pictures. */
export function imageOf({ shape: [, height, width, channels] }: Pick<EvaluatedSet, "shape">) {
  return [height, width, channels] as const;
}

/** Whether a set has classes to tell apart. */
export const isLabelled = ({ labels, classNames }: EvaluatedSet): boolean => labels !== null && classNames.length > 1;

const hasClasses = (features: FeatureName): boolean => features === "classifier" || features === "inception";
