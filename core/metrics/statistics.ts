/** Mean and covariance of features, as exact as float64 makes them, from products on the GPU. */

import { compile, type Program } from "../compile/program.ts";
import type { Device } from "../gpu/device.ts";
import { matmul } from "../ops/matmul.ts";
import { transpose } from "../ops/movement.ts";
import { checkMatrix, columnMeans, type Matrix } from "./matrix.ts";

/**
 * Mean and covariance of a set of features: all that the Fréchet distance needs of it. Where they are kept, it is in
 * float64: a covariance rounded to f32 has variances of 10⁻⁷ where it had none, whose roots count.
 */
export interface FeatureStatistics {
  /** Samples they were computed from. */
  readonly count: number;
  /** `[dimensions]` */
  readonly mean: Float64Array;
  /** `[dimensions, dimensions]`, divided by `count − 1`. */
  readonly covariance: Float64Array;
}

/** Columns that features may have: 4096² numbers of a covariance are 128 MiB in float64. */
export const MOST_DIMENSIONS = 4096;

/** Numbers are whole ones of 20 bits, two digits from -512 to 512. */
const BASE = 2 ** 10;
const LARGEST = BASE ** 2 / 2 - 1;
/** Rows of which products are added up in f32: in the high digits exactly, where a largest number is 3 deviations. */
const CHUNK = 512;
/** Products of which digits, and what one unit of their sum is worth in both orders. */
const TERMS = [
  { left: "high", right: "high", worth: BASE ** 2 },
  { left: "high", right: "low", worth: 2 * BASE },
  { left: "low", right: "low", worth: 1 },
] as const;

type Digits = Record<"high" | "low", Float32Array<ArrayBuffer>>;

/**
 * Mean and covariance (`ddof` 1, as NumPy's `cov`).
 *
 * Rounding errors of `XᵀX` in f32, 10⁻⁷ of a variance, would add 10⁻³·⁵ of a standard deviation to directions in which
 * the features do not vary: too much for a distance with square roots in it. So the centred features are rounded to 20
 * bits of their column's largest, which moves data and distance by some 10⁻⁶ and no more, and cut into two digits whose
 * products are whole numbers that f32 adds up without error (Ozaki et al., "Error-free transformations of matrix
 * multiplication", Numerical Algorithms 59, 2012). The host puts them together in float64.
 *
 * @throws {RangeError} If there are fewer than two rows, more than 4096 columns, or a number that is not finite
 * @throws {DeviceError} If the adapter was lost
 *
 * @example
 * ```ts
 * import { featureStatistics } from "./statistics.ts";
 * import { matrix } from "./matrix.ts";
 * import { openDevice } from "../gpu/device.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const device = await openDevice();
 * const { mean, covariance } = await featureStatistics(device, matrix(Float32Array.of(0, 1, 2, 3), 2));
 * assertEquals([[...mean], [...covariance]], [[1, 2], [2, 2, 2, 2]]);
 * await device.destroy();
 * ```
 */
export async function featureStatistics(device: Device, features: Matrix, name = "real"): Promise<FeatureStatistics> {
  const { rows, columns } = features;
  checkMatrix(name, features, { metric: "mean and covariance", atLeast: 2 });
  if (columns > MOST_DIMENSIONS) {
    throw new RangeError(
      `Cannot compute the covariance of ${columns} dimensions: expected at most ${MOST_DIMENSIONS}, use other features`,
    );
  }
  const mean = columnMeans(features);
  const steps = stepsOf(features, mean);
  const sums = new Float64Array(columns); // of the whole numbers, which rounding leaves near 0
  const products = new Float64Array(columns * columns);
  const chunk = Math.min(CHUNK, Math.ceil(rows / 16) * 16);
  const program = await compileProducts(device, chunk, columns);
  let previous: Promise<Record<string, ArrayLike<number>>> | undefined;
  try {
    for (let first = 0; first < rows; first += chunk) {
      program.run({ ...digitsOf(features, { mean, steps, sums, first, chunk }) });
      const outputs = program.read();
      outputs.catch(() => {}); // awaited when the previous one has been added
      if (previous !== undefined) addTerms(products, await previous);
      previous = outputs;
    }
    addTerms(products, await previous!);
  } finally {
    program.destroy();
  }
  return { count: rows, mean, covariance: covarianceOf(products, { sums, steps, rows }) };
}

/** What one unit is worth, for every column. */
function stepsOf({ values, rows, columns }: Matrix, mean: Float64Array): Float64Array {
  const largest = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) {
      const size = Math.abs(values[row * columns + j] - mean[j]);
      if (size > largest[j]) largest[j] = size;
    }
  }
  return largest.map((size) => size / LARGEST);
}

interface Rounding {
  readonly mean: Float64Array;
  readonly steps: Float64Array;
  readonly sums: Float64Array;
  readonly first: number;
  readonly chunk: number;
}

/** Digits of the rows from `first` on, zeros behind the last row; adds the whole numbers to `sums`. */
function digitsOf({ values, rows, columns }: Matrix, { mean, steps, sums, first, chunk }: Rounding): Digits {
  const digits = () => new Float32Array(chunk * columns);
  const [high, low] = [digits(), digits()];
  const scale = steps.map((step) => step === 0 ? 0 : 1 / step);
  const source = first * columns;
  const end = Math.min(chunk, rows - first) * columns;
  for (let at = 0; at < end;) {
    for (let j = 0; j < columns; j++, at++) {
      const whole = Math.round((values[source + at] - mean[j]) * scale[j]);
      sums[j] += whole;
      high[at] = Math.round(whole / BASE);
      low[at] = whole - high[at] * BASE;
    }
  }
  return { high, low };
}

function compileProducts(device: Device, chunk: number, columns: number): Promise<Program> {
  const digit = { shape: [chunk, columns] };
  return compile(
    device,
    (_: Record<string, never>, digits) => ({
      outputs: Object.fromEntries(
        TERMS.map(({ left, right }) => [`${left} ${right}`, matmul(transpose(digits[left]), digits[right])]),
      ),
    }),
    { inputs: { high: digit, low: digit } },
  );
}

/** Adds the products of a chunk; products of different digits in one order only, which `covarianceOf` makes up for. */
function addTerms(products: Float64Array, outputs: Record<string, ArrayLike<number>>): void {
  for (const { left, right, worth } of TERMS) {
    const part = outputs[`${left} ${right}`] as Float32Array;
    for (let i = 0; i < products.length; i++) products[i] += worth * part[i];
  }
}

/** `(Σ q qᵀ − n q̄ q̄ᵀ) / (n − 1)` in units of the features, made symmetric. */
function covarianceOf(
  products: Float64Array,
  { sums, steps, rows }: { sums: Float64Array; steps: Float64Array; rows: number },
): Float64Array {
  const columns = sums.length;
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j <= i; j++) {
      const both = (products[i * columns + j] + products[j * columns + i]) / 2;
      const value = (both - sums[i] * sums[j] / rows) / (rows - 1) * steps[i] * steps[j];
      products[i * columns + j] = products[j * columns + i] = value;
    }
  }
  return products;
}
