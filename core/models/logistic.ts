/** Multinomial logistic regression on the host, in float64: the inner loop of `fitEm`. */

import { solvePositive } from "../cholesky.ts";

/** Points and how much each counts for each class. */
export interface LogisticProblem {
  /** Inputs `[count, features]`; a constant 1 among them gives a bias. */
  readonly x: Float64Array;
  /** `c [count, classes]`, at least 0; a row need not sum to 1. */
  readonly counts: Float64Array;
  readonly features: number;
  readonly classes: number;
}

/** Part of its diagonal that Newton's matrix gets added (Marquardt 1963), so that it can be factored whatever the data. */
const DAMPING = 1e-9;
const LEAST_DAMPING = 1e-30; // where the diagonal is 0
/** A step is taken if it gains this part of what the slope promises (Armijo 1966). */
const SUFFICIENT = 1e-4;
const HALVINGS = 40;
/** Gain promised by a step, against the size of the likelihood, that is not worth taking. */
const CONVERGED = 1e-14;

/**
 * `Σ_n Σ_k c_nk log q_k(x_n)` with `q = softmax(x W, 0)`: the last class has the logit 0.
 *
 * @param w `W [features, classes - 1]`
 */
export function logisticLikelihood(problem: LogisticProblem, w: Float64Array): number {
  const { counts, classes } = problem;
  let likelihood = 0;
  forEachPoint(problem, w, (n, logQ) => {
    for (let k = 0; k < classes; k++) likelihood += counts[n * classes + k] * logQ[k];
  });
  return likelihood;
}

/**
 * Climbs the likelihood of `logisticLikelihood`, which is concave, by Newton steps (iteratively reweighted least squares)
 * that are halved until they gain. The likelihood never falls, and each step makes a matrix of
 * `(features·(classes - 1))²` numbers from all points.
 *
 * @param w Where to start, `[features, classes - 1]`
 * @param steps At most so many
 * @returns `W` of the same shape
 *
 * @example
 * ```ts
 * import { climbLogistic } from "./logistic.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // A bias alone: three of four points are of the first class, so its odds are 3.
 * const problem = {
 *   x: Float64Array.of(1, 1, 1, 1),
 *   counts: Float64Array.of(1, 0, 1, 0, 1, 0, 0, 1),
 *   features: 1,
 *   classes: 2,
 * };
 * assertAlmostEquals(climbLogistic(problem, new Float64Array(1), 20)[0], Math.log(3));
 * ```
 */
export function climbLogistic(problem: LogisticProblem, w: Float64Array, steps: number): Float64Array {
  let here = logisticLikelihood(problem, w);
  for (let step = 0; step < steps; step++) {
    const { direction, slope } = newtonDirection(problem, w);
    if (!(slope > CONVERGED * (1 + Math.abs(here)))) return w;
    const next = lineSearch(problem, w, { here, direction, slope });
    if (next === undefined) return w;
    [w, here] = next;
  }
  return w;
}

type Search = { here: number; direction: Float64Array; slope: number };

/** The first of the steps 1, 1/2, 1/4, … that gains enough. */
function lineSearch(
  problem: LogisticProblem,
  w: Float64Array,
  { here, direction, slope }: Search,
): [Float64Array, number] | undefined {
  for (let halving = 0, length = 1; halving < HALVINGS; halving++, length /= 2) {
    const next = w.map((value, i) => value + length * direction[i]);
    const there = logisticLikelihood(problem, next);
    if (there >= here + SUFFICIENT * length * slope) return [next, there];
  }
}

/** Newton's direction `(−∇²)⁻¹ ∇` and the slope along it. */
function newtonDirection(problem: LogisticProblem, w: Float64Array): { direction: Float64Array; slope: number } {
  const { x, counts, features, classes } = problem;
  const free = classes - 1;
  const size = features * free;
  const gradient = new Float64Array(size);
  const matrix = new Float64Array(size * size);
  const q = new Float64Array(classes);
  forEachPoint(problem, w, (n, logQ, total) => {
    for (let k = 0; k < free; k++) q[k] = Math.exp(logQ[k]);
    for (let f = 0; f < features; f++) {
      const xf = x[n * features + f];
      for (let k = 0; k < free; k++) {
        gradient[f * free + k] += xf * (counts[n * classes + k] - total * q[k]);
        const row = (f * free + k) * size;
        const scale = total * xf * q[k];
        for (let g = 0; g <= f; g++) { // the lower half
          const product = scale * x[n * features + g];
          for (let j = 0; j < free; j++) matrix[row + g * free + j] += product * (Number(j === k) - q[j]);
        }
      }
    }
  });
  for (let damping = DAMPING; damping < 1; damping *= 100) {
    const damped = matrix.slice();
    for (let i = 0; i < size; i++) damped[i * size + i] += damping * matrix[i * size + i] + LEAST_DAMPING;
    const direction = gradient.slice();
    if (!solvePositive(damped, direction)) continue;
    return { direction, slope: direction.reduce((sum, value, i) => sum + value * gradient[i], 0) };
  }
  return { direction: gradient, slope: 0 }; // numbers too large to go on from
}

/** Calls back with `log q [classes]` of each point that counts, and how much it does. */
function forEachPoint(
  { x, counts, features, classes }: LogisticProblem,
  w: Float64Array,
  visit: (n: number, logQ: Float64Array, total: number) => void,
): void {
  const free = classes - 1;
  const logQ = new Float64Array(classes);
  for (let n = 0; n < counts.length / classes; n++) {
    let total = 0;
    for (let k = 0; k < classes; k++) total += counts[n * classes + k];
    if (total === 0) continue;
    logQ.fill(0);
    for (let f = 0; f < features; f++) {
      const xf = x[n * features + f];
      for (let k = 0; k < free; k++) logQ[k] += xf * w[f * free + k];
    }
    const shift = logSumExp(logQ);
    for (let k = 0; k < classes; k++) logQ[k] -= shift;
    visit(n, logQ, total);
  }
}

/** `log Σ exp(x_i)` without overflow. */
export function logSumExp(x: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let i = 0; i < x.length; i++) if (x[i] > largest) largest = x[i];
  if (largest === -Infinity) return largest;
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.exp(x[i] - largest);
  return largest + Math.log(sum);
}
