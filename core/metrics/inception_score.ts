/** Inception score: whether a classifier is sure of every picture, and sees all classes. */

import { checkMatrix, type Matrix } from "./matrix.ts";
import { checkProbabilities, entropyOf } from "./probabilities.ts";

/** Parts that the samples are cut into. */
export const SPLITS = 10;

/** Mean and deviation (divided by their number) over the splits. */
export interface InceptionScore {
  readonly mean: number;
  readonly deviation: number;
  readonly splits: number;
}

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
export function inceptionScore(probabilities: Matrix, { splits = SPLITS }: { splits?: number } = {}): InceptionScore {
  const { rows } = probabilities;
  checkMatrix("fake", probabilities, { metric: `the inception score with ${splits} splits`, atLeast: splits });
  checkProbabilities(probabilities);
  const bounds = Array.from({ length: splits + 1 }, (_, split) => Math.floor(split * rows / splits));
  const scores = bounds.slice(1).map((end, split) => scoreOf(probabilities, bounds[split], end));
  const mean = scores.reduce((a, b) => a + b, 0) / splits;
  const square = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / splits;
  return { mean, deviation: Math.sqrt(square), splits };
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
