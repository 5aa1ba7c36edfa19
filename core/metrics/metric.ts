/** What metrics are computed from, and what is said of the numbers they give. */

import type { Neighbours } from "./distances.ts";
import type { FeatureStatistics } from "./statistics.ts";
import type { Matrix } from "./matrix.ts";

/** Names of groups of metrics, as `evaluate --metrics` takes them. */
export type MetricName = "fid" | "kid" | "is" | "knn" | "mmd" | "prdc" | "modes" | "tree";

/** What features are, `points` being data that are no pictures. */
export type FeatureName = "pixels" | "points" | "classifier" | "inception";

/**
 * Whose features they are: `inception` with the weights of the published Fréchet inception distances, the only ones to make
 * a Fréchet distance "FID"; `torchvision` is InceptionV3 with other weights.
 */
export type FeatureKind = FeatureName | "torchvision";

/** Round Gaussians that toy data come from. */
export interface Modes {
  /** `[modes, dimensions]` */
  readonly centres: Float32Array;
  /** Standard deviation along each axis. */
  readonly deviation: number;
}

/** Pictures of the data set. */
export interface RealSamples {
  /** `[samples, dimensions]` */
  readonly features: Matrix;
  /** Mean and covariance of the features, if they are known; else they are computed. */
  readonly statistics?: FeatureStatistics;
  /** The `NEIGHBOURS` nearest of every row in its own set, if they are known; else they are computed. */
  readonly neighbours?: Neighbours;
}

/** Generated pictures; what is undefined is not known of them, and metrics that need it refuse. */
export interface FakeSamples {
  /** `[samples, dimensions]` */
  readonly features: Matrix;
  /** `p(class | picture)` by a classifier `[samples, classes]`: for `is`. */
  readonly probabilities?: Matrix;
  /** Classes a classifier gives `[samples]`: for `tree`. */
  readonly labels?: Uint32Array;
  /** Path weights `[samples, leaves]`: for `tree`. */
  readonly weights?: Matrix;
  /** Whether the leaves are those of a binary tree; those of a flat mixture have no levels. */
  readonly tree?: boolean;
  /** Points in the plane `[samples, dimensions]` for `modes`; the features unless given. */
  readonly points?: Matrix;
}

/** What is evaluated. */
export interface Evaluated {
  readonly real: RealSamples;
  readonly fake: FakeSamples;
  readonly featureName: FeatureName;
  /** Draws the subsets of the kernel distance. */
  readonly seed: number;
  /** Where toy data come from. */
  readonly modes?: Modes;
}

/** Which numbers are better: smaller or larger ones, those near a half, or neither. */
export type Better = "lower" | "higher" | "half" | "neither";

/** What is said of a number. */
export interface Meaning {
  /** What it is called where it is printed. */
  readonly label: string;
  /** One line. */
  readonly meaning: string;
  /** Such as "0 to 1". */
  readonly range: string;
  readonly better: Better;
}

/** Numbers by name, such as `{ precision: 0.8, recall: 0.6 }`. */
export type Scores = Readonly<Record<string, number>>;
