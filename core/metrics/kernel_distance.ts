/** Kernel distance: the KID, if the features are Inception's. */

import { type Draws, draws } from "../draws.ts";
import type { Device } from "../gpu/device.ts";
import { type Points, pointsOf } from "./distances.ts";
import { squaredMmd, Union } from "./kernels.ts";
import { checkCompared, type Compared } from "./matrix.ts";
import { BlockProduct, blockSize, type Rows } from "./products.ts";

/** How the distance is averaged. */
export interface KernelDistanceOptions {
  /** Subsets to draw, default 100. */
  readonly subsets?: number;
  /** Samples of each set in a subset, default 1000, or all there are. */
  readonly subsetSize?: number;
  /** Which subsets, default 0. */
  readonly seed?: number;
}

/** Mean and deviation (divided by their number) over the subsets. */
export interface KernelDistance {
  readonly mean: number;
  readonly deviation: number;
  readonly subsets: number;
  readonly subsetSize: number;
}

/** Rows of both sets that are compared. */
export interface Subset {
  readonly real: Uint32Array;
  readonly fake: Uint32Array;
}

/**
 * Squared maximum mean discrepancy with the kernel `k(x, y) = (x · y / d + 1)³`, without bias, averaged over random subsets
 * without repetition (Bińkowski et al., "Demystifying MMD GANs", ICLR 2018). Unlike the Fréchet distance its expectation does
 * not depend on the number of samples; it can be negative. If a subset is all of both sets, there is one.
 *
 * @throws {ShapeError} If the dimensions differ
 * @throws {RangeError} If a set has fewer samples than a subset, a subset fewer than 2, or a number is not finite
 * @throws {DeviceError} If the adapter was lost
 */
export async function kernelDistance(
  device: Device,
  compared: Compared,
  { subsets = 100, subsetSize, seed = 0 }: KernelDistanceOptions = {},
): Promise<KernelDistance> {
  const { real, fake } = compared;
  const size = subsetSize ?? Math.max(2, Math.min(1000, real.rows, fake.rows));
  if (!(Number.isInteger(size) && size >= 2 && Number.isInteger(subsets) && subsets >= 1)) {
    throw new RangeError(
      `Cannot draw ${subsets} subsets of ${size} samples: expected at least 1 of 2 or more, in whole numbers`,
    );
  }
  checkCompared(compared, { metric: `the kernel distance with subsets of ${size}`, atLeast: size });
  const random = draws(seed);
  const count = size === real.rows && size === fake.rows ? 1 : subsets;
  const drawn = Array.from({ length: count }, () => ({
    real: drawSubset(random, real.rows, size),
    fake: drawSubset(random, fake.rows, size),
  }));
  const distances = await kernelDistances(device, compared, drawn);
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / count;
  const square = distances.reduce((sum, distance) => sum + (distance - mean) ** 2, 0) / count;
  return { mean, deviation: Math.sqrt(square), subsets: count, subsetSize: size };
}

/**
 * The distance for each of some subsets, which are equally large.
 *
 * The GPU multiplies rows less a centre `c`, and `x · y = (x − c) · (y − c) + (c · x − c²/2) + (c · y − c²/2)` is added
 * up in float64, so that features far from 0 lose no digits to the third power.
 */
export async function kernelDistances(
  device: Device,
  compared: Compared,
  subsets: readonly Subset[],
): Promise<number[]> {
  const d = compared.real.columns;
  const { real, fake } = pointsOf(compared);
  const [ofReal, ofFake] = [real, fake].map(offsetsOf);
  const product = await BlockProduct.create(device, blockSize(subsets[0].real.length, d), d);
  try {
    const distances: number[] = [];
    for (const subset of subsets) {
      const [n, m] = [subset.real.length, subset.fake.length];
      const offsets = Float64Array.from({ length: n + m }, (_, i) => {
        return i < n ? ofReal[subset.real[i]] : ofFake[subset.fake[i - n]];
      });
      const factor = real.unit / d;
      const cube = (product: number, i: number, j: number) => {
        const sum = factor * product + offsets[i] + offsets[j] + 1;
        return sum * sum * sum; // `** 3` took a third of the metric's time
      };
      const union = new Union(new Picked(real, subset.real), new Picked(fake, subset.fake));
      distances.push(await squaredMmd(product, union, cube));
    }
    return distances;
  } finally {
    product.destroy();
  }
}

/** `(c · x − c²/2)/d` of every row `x`, `c` the centre. */
function offsetsOf({ matrix: { values, rows, columns }, frame: { centre } }: Points): Float64Array {
  const half = centre.reduce((sum, c) => sum + c * c, 0) / 2;
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = -half;
    for (let i = 0; i < columns; i++) sum += centre[i] * values[row * columns + i];
    return sum / columns;
  });
}

/** `size` different numbers below `count` (the first steps of Fisher and Yates). */
function drawSubset(random: Draws, count: number, size: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < size; i++) {
    const other = i + random.below(count - i);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order.subarray(0, size);
}

/** Some of the rows. */
class Picked implements Rows {
  constructor(readonly points: Points, readonly indices: Uint32Array) {}

  get count(): number {
    return this.indices.length;
  }

  get dimensions(): number {
    return this.points.dimensions;
  }

  write(row: number, target: Float32Array, at: number, stride: number): void {
    this.points.write(this.indices[row], target, at, stride);
  }
}
