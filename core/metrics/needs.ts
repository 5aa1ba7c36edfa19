/** What each metric needs of the samples, known before anything is computed. */

import { NEIGHBOURS } from "./evaluation.ts";
import { SPLITS } from "./inception_score.ts";
import type { MetricName } from "./metric.ts";
import { MOST_DIMENSIONS } from "./statistics.ts";

/** How large the sets are that a metric is to compare. */
export interface SampleSize {
  /** Of the smaller set. */
  readonly samples: number;
  /** Of the features. */
  readonly dimensions: number;
}

/** Fewest samples of each set. */
const LEAST_SAMPLES: Readonly<Record<MetricName, number>> = {
  fid: 2,
  kid: 2,
  is: SPLITS,
  knn: NEIGHBOURS + 1,
  mmd: 2,
  prdc: NEIGHBOURS + 1,
  modes: 1,
  tree: 1,
};

/**
 * Why a metric cannot be computed from sets of a size, as what was found and what is expected; undefined where it can.
 *
 * @example
 * ```ts
 * import { obstacleTo } from "./needs.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const pixels = { samples: 2500, dimensions: 64 * 64 * 3 };
 * assertEquals(obstacleTo("fid", pixels), "found 12288 dimensions, expected at most 4096");
 * assertEquals(obstacleTo("kid", pixels), undefined);
 * ```
 */
export function obstacleTo(metric: MetricName, { samples, dimensions }: SampleSize): string | undefined {
  const least = LEAST_SAMPLES[metric];
  if (samples < least) return `found ${samples} ${samples === 1 ? "sample" : "samples"}, expected at least ${least}`;
  if (metric !== "fid" || dimensions <= MOST_DIMENSIONS) return undefined;
  return `found ${dimensions} dimensions, expected at most ${MOST_DIMENSIONS}`;
}
