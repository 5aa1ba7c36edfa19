/** Probabilities in rows: their check and their entropy. */

import type { Matrix } from "./matrix.ts";

/** How far from 1 the probabilities of a sample may add up: f32 rounds each to 6e-8. */
const SUM_TOLERANCE = 1e-3;

/**
 * Checks that every row adds up to 1.
 *
 * @throws {RangeError} If one does not, or has a negative number
 */
export function checkProbabilities({ values, rows, columns }: Matrix): void {
  for (let row = 0; row < rows; row++) {
    const probabilities = values.subarray(row * columns, (row + 1) * columns);
    const sum = probabilities.reduce((a, b) => a + b, 0);
    if (Math.abs(sum - 1) <= SUM_TOLERANCE && probabilities.every((p) => p >= 0)) continue;
    throw new RangeError(
      `Cannot use row ${row} as probabilities: found a sum of ${sum} and a least of ${Math.min(...probabilities)}, ` +
        "expected a sum of 1 and none below 0",
    );
  }
}

/** `−Σ p log p` in nats. */
export function entropyOf(probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] > 0) sum -= probabilities[i] * Math.log(probabilities[i]);
  }
  return Math.max(0, sum); // below 0 by roundings alone
}
