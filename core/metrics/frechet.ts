/** Fréchet distance of two sets of features, taken for normal distributions. */

import { ShapeError } from "../shape.ts";
import type { FeatureStatistics } from "./statistics.ts";
import { factorize, sandwich, symmetricEigenvalues } from "./symmetric.ts";

/** What a Fréchet distance is made of. */
export interface FrechetDistance {
  /** `|μ_r − μ_f|² + tr(S_r + S_f − 2 (S_r S_f)^{1/2})`, at least 0. */
  readonly distance: number;
  /** `|μ_r − μ_f|²`: how far the middles are apart. */
  readonly ofMeans: number;
  /** The rest: how different spread and shape are. */
  readonly ofCovariances: number;
}

/**
 * Squared 2-Wasserstein distance of the normal distributions with these means and covariances,
 *
 *     |μ_r − μ_f|² + tr S_r + tr S_f − 2 tr (S_r^{1/2} S_f S_r^{1/2})^{1/2}
 *
 * (Fréchet 1957; Dowson & Landau 1982). With the features of Inception it is the FID (Heusel et al., "GANs trained by a
 * two time-scale update rule converge to a local Nash equilibrium", NIPS 2017). With `S_r = FᵀF` the last trace is the sum
 * of the square roots of the eigenvalues of `F S_f Fᵀ`, which is symmetric and no larger than the rank of `S_r`: singular
 * covariances (fewer samples than dimensions) need no small number added to their diagonals.
 *
 * Differs from the reference: `scipy.linalg.sqrtm(S_r S_f)` and the real part of what may come out complex.
 *
 * @throws {ShapeError} If the dimensions differ
 *
 * @example
 * ```ts
 * import { frechetDistance } from "./frechet.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const real = { count: 10, mean: Float64Array.of(0), covariance: Float64Array.of(1) };
 * const fake = { count: 10, mean: Float64Array.of(3), covariance: Float64Array.of(4) };
 * assertAlmostEquals(frechetDistance({ real, fake }).distance, 3 ** 2 + (2 - 1) ** 2);
 * ```
 */
export function frechetDistance(
  { real, fake }: { real: FeatureStatistics; fake: FeatureStatistics },
): FrechetDistance {
  const size = real.mean.length;
  if (fake.mean.length !== size) {
    throw new ShapeError(
      `Cannot compute the Fréchet distance: real has ${size} dimensions and fake ${fake.mean.length}, expected as many`,
    );
  }
  const ofMeans = real.mean.reduce((sum, mean, i) => sum + (mean - fake.mean[i]) ** 2, 0);
  const factor = factorize(real.covariance, size);
  const eigenvalues = symmetricEigenvalues(sandwich(factor, fake.covariance), factor.rank);
  const common = eigenvalues.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  const ofCovariances = Math.max(0, trace(real.covariance, size) + trace(fake.covariance, size) - 2 * common);
  return { distance: ofMeans + ofCovariances, ofMeans, ofCovariances };
}

function trace(matrix: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += matrix[i * size + i];
  return sum;
}
