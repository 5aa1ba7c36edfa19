/** Expectation-maximisation for the hierarchical mixture of experts, on the host in float64. */

import { solvePositive } from "../cholesky.ts";
import { type Draws, draws } from "../draws.ts";
import type { Hme, HmeParameters } from "./hme.ts";
import {
  columnsOf,
  type HmeData,
  type HmeFit,
  logLikelihood,
  type Numbers,
  numbersOf,
  outcomes,
  parametersOf,
  type Samples,
  samplesOf,
  visitSamples,
} from "./hme_numbers.ts";
import { inverse, numbersIn, samplesIn, unitsOf } from "./hme_units.ts";
import { climbLogistic, logSumExp } from "./logistic.ts";

/** How long and from where EM climbs. */
export interface EmOptions {
  /** Of the starting values; default 0. */
  readonly seed?: number;
  /** Parameters to go on from, instead of starting values. */
  readonly start?: HmeParameters<Float64Array>;
  /** Starts, of which the likeliest result is kept; default 10. */
  readonly restarts?: number;
  /** Default 200. */
  readonly iterations?: number;
  /** EM stops where an iteration gains less, in nats per sample; default 1e-7. */
  readonly tolerance?: number;
  /** Newton steps for each gate and expert in an iteration; default 2: gates that settle at once miss better trees. */
  readonly newtonSteps?: number;
}

/** What the E-step finds: how much each sample counts for each expert and for both sides of each gate. */
interface Posterior {
  readonly logLikelihood: number;
  /** For each leaf `[count, classes]`, in regression `[count, 1]`. */
  readonly leaves: readonly Float64Array[];
  /** For each gate `[count, 2]`: left, right. */
  readonly gates: readonly Float64Array[];
}

/**
 * Fits a mixture of experts by generalised EM (Jordan & Jacobs 1994, section 4):
 *
 * - E: the posterior weights `h_l ∝ π_l P_l(y)` of the leaves, for every class that a target gives a part; those of a node
 *   are the sum over the leaves under it
 * - M: each expert is a weighted least-squares fit, its `σ²` the weighted mean of the squared errors, or a weighted
 *   multinomial regression; each gate a logistic regression for the two sides of its node. Logistic regressions take a
 *   few Newton steps (iteratively reweighted least squares) from where they stand
 *
 * Every part of the M-step starts from the parameters as they are and is damped or halved until it gains, so the
 * likelihood never falls but for rounding. Inputs may lie anywhere: they are centred and scaled while it fits. An iteration
 * takes `count·(inputs + 1)²` operations for every gate and `count·((inputs + 1)(classes - 1))²` for every classifying
 * expert: for many inputs, take `fitGradient`.
 *
 * Differs from the paper: several starts (`startingNumbers`), and targets may be distributions.
 *
 * @throws {RangeError} If samples or `start` do not fit the model, an option is no whole number from 1, or no start ends at a
 *   finite likelihood
 */
export function fitEm(model: Hme, data: HmeData, options: EmOptions = {}): HmeFit {
  const { seed = 0, restarts = 10, start, newtonSteps } = options;
  checkOptions(options);
  const given = samplesOf(model, data);
  const units = unitsOf(given);
  const samples = samplesIn(units, given);
  const starts = start === undefined
    ? Array.from({ length: restarts }, (_, i) => () => startingNumbers(model, samples, draws(seed, i), newtonSteps))
    : [() => numbersIn(units, numbersOf(model, start))];
  let best: Ascent | undefined;
  for (const from of starts) {
    const found = climb(model, from(), samples, options);
    if (Number.isFinite(found.logLikelihood) && !(best && best.logLikelihood >= found.logLikelihood)) best = found;
  }
  if (best === undefined) {
    throw new RangeError("Cannot fit: no start ends at a finite likelihood, expected numbers whose squares are finite");
  }
  const { numbers, ...rest } = best;
  return { parameters: parametersOf(model, numbersIn(inverse(units), numbers)), ...rest };
}

/** Where an ascent ends. */
interface Ascent extends Omit<HmeFit, "parameters"> {
  readonly numbers: Numbers;
}

/** One ascent. */
function climb(
  model: Hme,
  numbers: Numbers,
  samples: Samples,
  { iterations = 200, tolerance = 1e-7, newtonSteps = 2 }: EmOptions,
): Ascent {
  const history: number[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    const posterior = expect(model, numbers, samples);
    const gain = posterior.logLikelihood - (history.at(-1) ?? -Infinity);
    history.push(posterior.logLikelihood);
    if (!(gain >= tolerance)) break; // also where it is NaN
    numbers = maximise(model, numbers, { samples, posterior, newtonSteps });
  }
  const last = logLikelihood(model, numbers, samples);
  if (last !== history.at(-1)) history.push(last);
  return { numbers, logLikelihood: last, history };
}

/**
 * Starting values: from the root down, a gate divides two samples that have come to its node, each with probability in
 * proportion to its weight there (0.73 of the one goes left, of the other right). Each expert is then fitted to
 * all samples, weighted by their path weights.
 */
export function startingNumbers(model: Hme, samples: Samples, random: Draws, newtonSteps = 2): Numbers {
  const { inputs, leaves, gates, task, outputs } = model;
  const numbers = {
    gates: Array.from({ length: gates }, () => new Float64Array(inputs + 1)),
    experts: Array.from({ length: leaves }, () => new Float64Array((inputs + 1) * columnsOf(model))),
    logVariance: new Float64Array(leaves),
  };
  for (let level = 0, first = 0; level < model.depth; level++, first = 2 * first + 1) {
    const weights = priorWeights(model, numbers, samples);
    for (let m = first; m <= 2 * first; m++) {
      const span = leaves / (first + 1); // leaves under a node of this level
      const start = (m - first) * span;
      const weight = (n: number) => {
        let sum = 0;
        for (let leaf = start; leaf < start + span; leaf++) sum += weights[leaf][n];
        return sum;
      };
      divide(numbers.gates[m], samples, [choose(samples.count, weight, random), choose(samples.count, weight, random)]);
    }
  }
  const prior = priorWeights(model, numbers, samples);
  const counts = task === "regression"
    ? prior
    : prior.map((weights) => samples.y.map((y, at) => y * weights[Math.floor(at / outputs)]));
  return maximiseExperts(model, numbers, { samples, leaves: counts, newtonSteps });
}

/** Path weights, for each leaf `[count]`. */
function priorWeights(model: Hme, numbers: Numbers, samples: Samples): Float64Array[] {
  const weights = Array.from({ length: model.leaves }, () => new Float64Array(samples.count));
  visitSamples(model, numbers, samples, (n, logWeights) => {
    logWeights.forEach((logWeight, leaf) => weights[leaf][n] = Math.exp(logWeight));
  });
  return weights;
}

/** A sample, with probability in proportion to its weight. */
function choose(count: number, weight: (n: number) => number, random: Draws): number {
  let total = 0;
  for (let n = 0; n < count; n++) total += weight(n);
  let rest = random.uniform() * total;
  for (let n = 0; n < count; n++) {
    rest -= weight(n);
    if (rest < 0) return n;
  }
  return count - 1;
}

/** Lets the gate send one sample left and the other right, the plane halfway between; equal ones both ways. */
function divide(gate: Float64Array, { x }: Samples, [left, right]: readonly [number, number]): void {
  const LOGIT = 1;
  const inputs = gate.length - 1;
  const at = (n: number, i: number) => x[n * gate.length + i];
  let distance = 0;
  for (let i = 0; i < inputs; i++) distance += (at(left, i) - at(right, i)) ** 2;
  if (distance === 0) return;
  for (let i = 0; i < inputs; i++) {
    gate[i] = 2 * LOGIT * (at(left, i) - at(right, i)) / distance;
    gate[inputs] -= gate[i] * (at(left, i) + at(right, i)) / 2;
  }
}

function expect(model: Hme, numbers: Numbers, samples: Samples): Posterior {
  const { leaves, gates, task, outputs } = model;
  const { count } = samples;
  const width = task === "regression" ? 1 : outputs;
  const leafCounts = Array.from({ length: leaves }, () => new Float64Array(count * width));
  const gateCounts = Array.from({ length: gates }, () => new Float64Array(count * 2));
  const nodes = new Float64Array(2 * leaves - 1);
  let total = 0;
  visitSamples(model, numbers, samples, (n, logWeights, values) => {
    nodes.fill(0);
    for (const { part, k, logs } of outcomes(model, numbers, samples, { n, logWeights, values })) {
      const whole = logSumExp(logs);
      total += part * whole;
      logs.forEach((log, leaf) => {
        const weight = part * Math.exp(log - whole);
        leafCounts[leaf][n * width + k] = weight;
        nodes[gates + leaf] += weight;
      });
    }
    for (let m = gates - 1; m >= 0; m--) {
      nodes[m] = nodes[2 * m + 1] + nodes[2 * m + 2];
      gateCounts[m][2 * n] = nodes[2 * m + 1];
      gateCounts[m][2 * n + 1] = nodes[2 * m + 2];
    }
  });
  return { logLikelihood: total / count, leaves: leafCounts, gates: gateCounts };
}

function maximise(
  model: Hme,
  numbers: Numbers,
  { samples, posterior, newtonSteps }: { samples: Samples; posterior: Posterior; newtonSteps: number },
): Numbers {
  const gates = numbers.gates.map((gate, m) =>
    climbLogistic(
      { x: samples.x, counts: posterior.gates[m], features: model.inputs + 1, classes: 2 },
      gate,
      newtonSteps,
    )
  );
  return { ...maximiseExperts(model, numbers, { samples, leaves: posterior.leaves, newtonSteps }), gates };
}

/** The experts fitted to samples that count `leaves` for them. */
function maximiseExperts(
  model: Hme,
  numbers: Numbers,
  { samples, leaves, newtonSteps }: { samples: Samples; leaves: readonly Float64Array[]; newtonSteps: number },
): Numbers {
  const { inputs, outputs, task, leastVariance } = model;
  const logVariance = numbers.logVariance.slice();
  const experts = numbers.experts.map((expert, leaf) => {
    if (task === "classification") {
      const problem = { x: samples.x, counts: leaves[leaf], features: inputs + 1, classes: outputs };
      return climbLogistic(problem, expert, newtonSteps);
    }
    const { w, squares, total } = leastSquares(samples, leaves[leaf], expert);
    if (total > 0) logVariance[leaf] = Math.log(Math.max(squares / (outputs * total), leastVariance));
    return w;
  });
  return { ...numbers, experts, logVariance };
}

/**
 * Weighted least squares from where the expert stands: `W + (XᵀHX + εD)⁻¹ XᵀH(Y − XW)`, `D` the diagonal. It lowers the
 * error for any `ε`; a tiny one is enough where the inputs do not determine `W`.
 *
 * @returns `W`, the weighted sum of squared errors, and the sum of the weights
 */
function leastSquares(
  { count, x, y }: Samples,
  weights: Float64Array,
  expert: Float64Array,
): { w: Float64Array; squares: number; total: number } {
  const features = x.length / count;
  const outputs = y.length / count;
  const matrix = new Float64Array(features ** 2);
  const step = new Float64Array(features * outputs);
  const error = (w: Float64Array, n: number, k: number) => {
    let rest = y[n * outputs + k];
    for (let i = 0; i < features; i++) rest -= x[n * features + i] * w[i * outputs + k];
    return rest;
  };
  let total = 0;
  for (let n = 0; n < count; n++) {
    total += weights[n];
    for (let k = 0; k < outputs; k++) {
      const rest = weights[n] * error(expert, n, k);
      for (let i = 0; i < features; i++) step[i * outputs + k] += x[n * features + i] * rest;
    }
    for (let i = 0; i < features; i++) {
      const weighted = weights[n] * x[n * features + i];
      for (let j = 0; j <= i; j++) matrix[i * features + j] += weighted * x[n * features + j];
    }
  }
  for (let i = 0; i < features; i++) matrix[i * features + i] += 1e-12 * matrix[i * features + i] + 1e-30;
  const w = solvePositive(matrix, step) ? expert.map((value, at) => value + step[at]) : expert;
  let squares = 0;
  for (let n = 0; n < count; n++) for (let k = 0; k < outputs; k++) squares += weights[n] * error(w, n, k) ** 2;
  return { w, squares, total };
}

function checkOptions({ restarts = 10, iterations = 200, newtonSteps = 2 }: EmOptions): void {
  for (const [name, value] of Object.entries({ restarts, iterations, newtonSteps })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(`Cannot fit with ${name} ${value}: expected a whole number of at least 1`);
  }
}
