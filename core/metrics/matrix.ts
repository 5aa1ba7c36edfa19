/** Matrices on the host: what metrics are computed from. */

import { ShapeError } from "../shape.ts";

/** Numbers row by row: features `[samples, dimensions]`, probabilities `[samples, classes]`, weights `[samples, leaves]`. */
export interface Matrix {
  /** `[rows, columns]`, row-major. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** Features of pictures of the data set and of generated ones, in the same feature space. */
export interface Compared {
  readonly real: Matrix;
  readonly fake: Matrix;
}

/** What a metric needs to be defined. */
export interface Needs {
  /** What is computed, as in "Cannot compute the Fréchet distance". */
  readonly metric: string;
  /** Fewest rows of each. */
  readonly atLeast: number;
}

/**
 * A matrix over an array, which is not copied.
 *
 * @throws {ShapeError} If the array is empty or not made of whole rows
 *
 * @example
 * ```ts
 * import { matrix } from "./matrix.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(matrix(new Float32Array(12), 3).rows, 4);
 * ```
 */
export function matrix(values: Float32Array, columns: number): Matrix {
  const rows = values.length / columns;
  if (Number.isInteger(rows) && rows > 0) return { values, rows, columns };
  throw new ShapeError(
    `Cannot make rows of ${columns} from ${values.length} numbers: expected a multiple, at least one`,
  );
}

/** The first rows, not copied. */
export function firstRows({ values, columns }: Matrix, rows: number): Matrix {
  return { values: values.subarray(0, rows * columns), rows, columns };
}

/**
 * Checks that two feature sets can be compared.
 *
 * @throws {ShapeError} If their dimensions differ
 * @throws {RangeError} If one has too few rows, or a number that is not finite
 */
export function checkCompared({ real, fake }: Compared, needs: Needs): void {
  if (real.columns !== fake.columns) {
    throw new ShapeError(
      `Cannot compute ${needs.metric}: real has ${real.columns} dimensions and fake ${fake.columns}, expected as many`,
    );
  }
  checkMatrix("real", real, needs);
  checkMatrix("fake", fake, needs);
}

/**
 * Checks one set.
 *
 * @param name What it is called in the message: real, fake
 * @throws {RangeError} If it has too few rows, or a number that is not finite
 */
export function checkMatrix(name: string, { values, rows, columns }: Matrix, { metric, atLeast }: Needs): void {
  if (rows < atLeast) {
    throw new RangeError(`Cannot compute ${metric}: ${name} has ${rows} samples, expected at least ${atLeast}`);
  }
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return;
  const [row, column] = [Math.floor(wrong / columns), wrong % columns];
  throw new RangeError(
    `Cannot compute ${metric}: ${name} has ${values[wrong]} in row ${row}, column ${column}, expected finite numbers`,
  );
}

/** Mean of every column, in float64. */
export function columnMeans({ values, rows, columns }: Matrix): Float64Array {
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) sums[column] += values[row * columns + column];
  }
  return sums.map((sum) => sum / rows);
}
