/** Inception score: whether a classifier is sure of every picture, and sees all classes. */

import { checkMatrix, type Matrix } from "./matrix.ts";

/** Mean and deviation (divided by their number) over the splits. */
export interface InceptionScore {
  readonly mean: number;
  readonly deviation: number;
  readonly splits: number;
}

/** How far from 1 the probabilities of a sample may add up: f32 rounds each to 6e-8. */
const SUM_TOLERANCE = 1e-3;

/**
 * `exp E_x KL(p(y|x) ‖ p(y))`, `p(y)` the mean of `p(y|x)`: from 1 to the number of classes (Salimans et al., "Improved
 * techniques for training GANs", NIPS 2016). Computed for each of some consecutive parts of the samples, which are equally
 * large but for one, and averaged. Real pictures do not come in; with another classifier than Inception it is another
 * number.
 *
 * @param probabilities `p(y|x) [samples, classes]`
 * @throws {RangeError} If there are fewer samples than splits, or rows are no probabilities
 *
 * @example
 * ```ts
 * import { inceptionScore } from "./inception_score.ts";
 * import { matrix } from "./matrix.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const sure = matrix(Float32Array.of(1, 0, 0, 1), 2); // each picture another class
 * assertAlmostEquals(inceptionScore(sure, { splits: 1 }).mean, 2);
 * ```
 */
export function inceptionScore(probabilities: Matrix, { splits = 10 }: { splits?: number } = {}): InceptionScore {
  const { rows } = probabilities;
  checkMatrix("fake", probabilities, { metric: `the inception score with ${splits} splits`, atLeast: splits });
  checkProbabilities(probabilities);
  const bounds = Array.from({ length: splits + 1 }, (_, split) => Math.floor(split * rows / splits));
  const scores = bounds.slice(1).map((end, split) => scoreOf(probabilities, bounds[split], end));
  const mean = scores.reduce((a, b) => a + b, 0) / splits;
  const square = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / splits;
  return { mean, deviation: Math.sqrt(square), splits };
}

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

/** `exp (H(p(y)) − E H(p(y|x)))`, which is the same. */
function scoreOf({ values, columns }: Matrix, first: number, end: number): number {
  const mean = new Float64Array(columns);
  let entropies = 0;
  for (let row = first; row < end; row++) {
    const probabilities = values.subarray(row * columns, (row + 1) * columns);
    for (let i = 0; i < columns; i++) mean[i] += probabilities[i] / (end - first);
    entropies += entropyOf(probabilities) / (end - first);
  }
  return Math.exp(entropyOf(mean) - entropies);
}

/** `−Σ p log p` in nats. */
export function entropyOf(probabilities: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] > 0) sum -= probabilities[i] * Math.log(probabilities[i]);
  }
  return sum;
}
