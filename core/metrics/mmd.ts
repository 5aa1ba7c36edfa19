/** Maximum mean discrepancy with Gaussian kernels. */

import type { Device } from "../gpu/device.ts";
import { exactDistance, type Points, pointsOf } from "./distances.ts";
import { squaredMmd, Union } from "./kernels.ts";
import { checkCompared, type Compared, firstRows } from "./matrix.ts";
import { BlockProduct, blockSize } from "./products.ts";

/** A distance and the width of the kernels it was computed with. */
export interface Mmd {
  /** `MMD²`, without bias: around 0 for equal distributions, at most 2. */
  readonly squared: number;
  /** The median distance `σ`. */
  readonly bandwidth: number;
}

/** Samples of each set of which the median distance is taken. */
const MEDIAN_ROWS = 1000;
/** Distances whose bound of rounding errors is above this part of them are computed in float64; errors are far below it. */
const TOLERATED = 1e-2;

/**
 * Squared maximum mean discrepancy, without bias (Gretton et al., "A kernel two-sample test", JMLR 13, 2012), with the mean
 * of five Gaussian kernels,
 *
 *     k(x, y) = 1/5 Σ_s exp(−|x − y|² / (2 s σ²)),   s = 1/4, 1/2, 1, 2, 4
 *
 * where `σ` is the median distance of two different samples of the union of both sets (of the first 1000 of each).
 *
 * @throws {ShapeError} If the dimensions differ
 * @throws {RangeError} If a set has fewer than 2 samples or a number that is not finite
 * @throws {DeviceError} If the adapter was lost
 */
export async function gaussianMmd(device: Device, compared: Compared): Promise<Mmd> {
  checkCompared(compared, { metric: "the MMD", atLeast: 2 });
  const { real, fake } = pointsOf(compared);
  const size = blockSize(real.count + fake.count, real.dimensions);
  const product = await BlockProduct.create(device, size, real.dimensions);
  try {
    const square = await medianSquare(product, compared);
    if (square === 0) return { squared: 0, bandwidth: 0 }; // all samples are equal
    const squared = await squaredMmd(product, new Union(real, fake), mixture(real, fake, square));
    return { squared, bandwidth: Math.sqrt(square) };
  } finally {
    product.destroy();
  }
}

/** The kernel: one exponential, of which the narrower Gaussians are powers. */
function mixture(real: Points, fake: Points, square: number): (product: number, i: number, j: number) => number {
  const distance = distanceOf(real, fake, square);
  const scale = -1 / (8 * square);
  return (product, i, j) => {
    const a = Math.exp(scale * distance(product, i, j)); // s = 4
    const b = a * a;
    const c = b * b;
    const d = c * c;
    return (a + b + c + d + d * d) / 5;
  };
}

/** Squared distances in the union, in float64 where roundings might matter beside them and beside `scale`. */
function distanceOf(real: Points, fake: Points, scale: number): (product: number, i: number, j: number) => number {
  const n = real.count;
  const norms = new Float64Array(n + fake.count);
  const high = new Float64Array(norms.length);
  for (const [set, at] of [[real, 0], [fake, n]] as const) {
    norms.set(set.norms, at);
    high.set(set.high, at);
  }
  const twice = 2 * real.unit;
  const noise = high.map((bound, i) => (bound - norms[i]) / TOLERATED);
  return (product, i, j) => {
    const distance = norms[i] + norms[j] - twice * product;
    if (noise[i] + noise[j] <= Math.max(distance, scale)) return Math.max(0, distance);
    return exactDistance(i < n ? real : fake, i < n ? i : i - n, j < n ? real : fake, j < n ? j : j - n);
  };
}

/** Median of the squared distances of pairs; their mean where most samples are equal. */
async function medianSquare(product: BlockProduct, compared: Compared): Promise<number> {
  const { real, fake } = pointsOf({
    real: firstRows(compared.real, Math.min(MEDIAN_ROWS, compared.real.rows)),
    fake: firstRows(compared.fake, Math.min(MEDIAN_ROWS, compared.fake.rows)),
  });
  const union = new Union(real, fake);
  const distances = new Float64Array(union.count * (union.count - 1) / 2);
  let count = 0;
  const distance = distanceOf(real, fake, 0);
  await squaredMmd(product, union, (product, i, j) => distances[count++] = distance(product, i, j));
  distances.sort();
  const middle = distances.length / 2;
  const median = (distances[Math.ceil(middle) - 1] + distances[Math.floor(middle)]) / 2;
  return median > 0 ? median : distances.reduce((a, b) => a + b, 0) / distances.length;
}
