/** A mixture of experts on the host, in float64. */

import type { Hme, HmeParameters, HmePrediction } from "./hme.ts";
import { logSumExp } from "./logistic.ts";

/** Samples to learn from, row-major. */
export interface HmeData {
  /** `[count, inputs]` */
  readonly x: ArrayLike<number>;
  /** `[count, outputs]`; in classification rows that sum to 1: one-hot, or any distribution over the classes. */
  readonly y: ArrayLike<number>;
}

/** What was learned. */
export interface HmeFit {
  readonly parameters: HmeParameters<Float64Array>;
  /** Mean over the samples, in nats. */
  readonly logLikelihood: number;
  /** The same in the course of training. */
  readonly history: readonly number[];
}

/** Samples with a constant 1 behind each input, so that a bias is a weight like any other. */
export interface Samples {
  readonly count: number;
  /** `[count, inputs + 1]` */
  readonly x: Float64Array;
  /** `[count, outputs]` */
  readonly y: Float64Array;
}

/** Parameters by node. In classification the last class has the logit 0, as softmax allows. */
export interface Numbers {
  /** For each gate `[inputs + 1]`. */
  readonly gates: readonly Float64Array[];
  /** For each leaf `[inputs + 1, columns]`. */
  readonly experts: readonly Float64Array[];
  /** `log σ²` of each leaf; of no use in classification. */
  readonly logVariance: Float64Array;
}

/** Columns of an expert: a class has none, since one logit is free. */
export function columnsOf({ task, outputs }: Hme): number {
  return task === "regression" ? outputs : outputs - 1;
}

/**
 * Checks samples.
 *
 * @throws {RangeError} If there are none, their lengths do not fit, a number is not finite, or a target of a
 *   classification is no distribution
 */
export function samplesOf(model: Hme, { x, y }: HmeData): Samples {
  const { inputs, outputs, task } = model;
  const count = x.length / inputs;
  if (!Number.isInteger(count) || count === 0 || y.length !== count * outputs) {
    throw new RangeError(
      `Cannot fit to ${x.length} inputs and ${y.length} targets: expected [count, ${inputs}] and [count, ${outputs}]`,
    );
  }
  const samples = { count, x: withOnes(x, inputs), y: Float64Array.from(y) };
  for (const values of [samples.x, samples.y]) {
    const wrong = values.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw new RangeError(`Cannot fit to ${wrong} among the samples: expected finite numbers`);
  }
  for (let n = 0; n < count && task === "classification"; n++) {
    const row = samples.y.subarray(n * outputs, (n + 1) * outputs);
    const total = row.reduce((sum, part) => sum + part, 0);
    if (row.every((part) => part >= 0) && Math.abs(total - 1) < 1e-4) continue;
    throw new RangeError(`Cannot fit to target ${n}, [${row.join(", ")}]: expected parts of at least 0 that sum to 1`);
  }
  return samples;
}

/**
 * Applies a mixture of experts.
 *
 * @param x `[count, inputs]`
 * @throws {RangeError} If `x` has another length, or the parameters are of a model of other sizes
 *
 * @example
 * ```ts
 * import { hme } from "./hme.ts";
 * import { fitEm } from "./hme_em.ts";
 * import { predict } from "./hme_numbers.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const model = hme({ inputs: 1, depth: 1, task: "classification", outputs: 2 });
 * const { parameters } = fitEm(model, { x: [0, 0, 1, 1], y: [1, 0, 0, 1, 0, 1, 0, 1] }); // at 0 one of each
 * assertAlmostEquals(predict(model, parameters, [0]).prediction[0], 0.5, 0.01);
 * ```
 */
export function predict(
  model: Hme,
  parameters: HmeParameters<Float64Array>,
  x: ArrayLike<number>,
): HmePrediction<Float64Array> {
  const { inputs, outputs, leaves, task } = model;
  const count = x.length / inputs;
  if (!Number.isInteger(count)) {
    throw new RangeError(`Cannot predict from ${x.length} inputs: expected [count, ${inputs}]`);
  }
  const prediction = new Float64Array(count * outputs);
  const weights = new Float64Array(count * leaves);
  visitSamples(model, numbersOf(model, parameters), { count, x: withOnes(x, inputs) }, (n, logWeights, values) => {
    for (let leaf = 0; leaf < leaves; leaf++) {
      const weight = weights[n * leaves + leaf] = Math.exp(logWeights[leaf]);
      for (let k = 0; k < outputs; k++) {
        const value = values[leaf * outputs + k];
        prediction[n * outputs + k] += weight * (task === "regression" ? value : Math.exp(value));
      }
    }
  });
  return { prediction, weights };
}

/** Mean log-likelihood of samples in nats. */
export function logLikelihood(model: Hme, numbers: Numbers, samples: Samples): number {
  let total = 0;
  visitSamples(model, numbers, samples, (n, logWeights, values) => {
    for (const { part, logs } of outcomes(model, numbers, samples, { n, logWeights, values })) {
      total += part * logSumExp(logs);
    }
  });
  return total / samples.count;
}

/** What a mixture computes for sample `n`: `log π [leaves]`, and means or log-probabilities `[leaves, outputs]`. */
export interface Visit {
  readonly n: number;
  readonly logWeights: Float64Array;
  readonly values: Float64Array;
}

/**
 * What was observed of a sample, each as its part of the sample and `log π_l P_l [leaves]`: in regression one outcome, in
 * classification every class that the target gives a part.
 */
export function* outcomes(
  { outputs, leaves, task }: Hme,
  { logVariance }: Numbers,
  { y }: Samples,
  { n, logWeights, values }: Visit,
): Generator<{ part: number; k: number; logs: Float64Array }> {
  if (task === "regression") {
    const logs = logWeights.map((logWeight, leaf) => {
      let error = 0;
      for (let k = 0; k < outputs; k++) error += (y[n * outputs + k] - values[leaf * outputs + k]) ** 2;
      const spread = outputs * (logVariance[leaf] + Math.log(2 * Math.PI));
      return logWeight - (error * Math.exp(-logVariance[leaf]) + spread) / 2;
    });
    return yield { part: 1, k: 0, logs };
  }
  for (let k = 0; k < outputs; k++) {
    const part = y[n * outputs + k];
    if (part === 0) continue;
    const logs = new Float64Array(leaves);
    for (let leaf = 0; leaf < leaves; leaf++) logs[leaf] = logWeights[leaf] + values[leaf * outputs + k];
    yield { part, k, logs };
  }
}

/** Calls back for every sample; the arrays are the same each time. */
export function visitSamples(
  model: Hme,
  { gates, experts }: Numbers,
  { count, x }: Omit<Samples, "y">,
  visit: (n: number, logWeights: Float64Array, values: Float64Array) => void,
): void {
  const { inputs, outputs, leaves, task } = model;
  const columns = columnsOf(model);
  const nodes = new Float64Array(2 * leaves - 1); // log-weights in level order
  const values = new Float64Array(leaves * outputs);
  for (let n = 0; n < count; n++) {
    const row = x.subarray(n * (inputs + 1), (n + 1) * (inputs + 1));
    gates.forEach((gate, m) => {
      let logit = 0;
      for (let i = 0; i <= inputs; i++) logit += gate[i] * row[i];
      nodes[2 * m + 1] = nodes[m] - softplus(-logit);
      nodes[2 * m + 2] = nodes[m] - softplus(logit);
    });
    experts.forEach((expert, leaf) => {
      const out = values.subarray(leaf * outputs, (leaf + 1) * outputs).fill(0);
      for (let i = 0; i <= inputs; i++) for (let k = 0; k < columns; k++) out[k] += row[i] * expert[i * columns + k];
      if (task === "regression") return;
      const shift = logSumExp(out);
      for (let k = 0; k < outputs; k++) out[k] -= shift;
    });
    visit(n, nodes.subarray(leaves - 1), values);
  }
}

/**
 * Parameters by node from those by layer.
 *
 * @throws {RangeError} If they are of a model of other sizes
 */
export function numbersOf(model: Hme, parameters: HmeParameters<Float64Array>): Numbers {
  const { inputs, outputs, leaves, gates, task } = model;
  checkSizes(model, parameters);
  const columns = columnsOf(model);
  const part = ({ weight, bias }: { weight: Float64Array; bias: Float64Array }, column: number, i: number) =>
    i < inputs ? weight[i * bias.length + column] : bias[column];
  return {
    gates: Array.from(
      { length: gates },
      (_, m) => Float64Array.from({ length: inputs + 1 }, (_, i) => part(parameters.gates, m, i)),
    ),
    experts: Array.from({ length: leaves }, (_, leaf) => {
      return Float64Array.from({ length: (inputs + 1) * columns }, (_, at) => {
        const [i, first] = [Math.floor(at / columns), leaf * outputs];
        const free = task === "regression" ? 0 : part(parameters.experts, first + columns, i); // of the last class
        return part(parameters.experts, first + at % columns, i) - free;
      });
    }),
    logVariance: "logVariance" in parameters
      ? parameters.logVariance.map((value) => Math.max(value, Math.log(model.leastVariance)))
      : new Float64Array(leaves),
  };
}

function checkSizes(
  { inputs, outputs, depth, leaves, gates, task }: Hme,
  parameters: HmeParameters<Float64Array>,
): void {
  const columns = leaves * outputs;
  const sizes: [name: string, found: number, expected: number][] = [
    ["gates.weight", parameters.gates.weight.length, inputs * gates],
    ["gates.bias", parameters.gates.bias.length, gates],
    ["experts.weight", parameters.experts.weight.length, inputs * columns],
    ["experts.bias", parameters.experts.bias.length, columns],
  ];
  if (task === "regression") {
    sizes.push(["logVariance", "logVariance" in parameters ? parameters.logVariance.length : 0, leaves]);
  }
  const wrong = sizes.find(([, found, expected]) => found !== expected);
  if (wrong === undefined) return;
  const [name, found, expected] = wrong;
  throw new RangeError(
    `Cannot use parameters with ${found} numbers in ${name}: expected ${expected}, ` +
      `as for ${task} of depth ${depth} from ${inputs} to ${outputs} numbers`,
  );
}

/** Parameters by layer from those by node. */
export function parametersOf(model: Hme, { gates, experts, logVariance }: Numbers): HmeParameters<Float64Array> {
  const { inputs, outputs, leaves, task } = model;
  const columns = columnsOf(model);
  const layer = (width: number, part: (column: number, i: number) => number) => ({
    weight: Float64Array.from({ length: inputs * width }, (_, at) => part(at % width, Math.floor(at / width))),
    bias: Float64Array.from({ length: width }, (_, column) => part(column, inputs)),
  });
  const layers = {
    gates: layer(gates.length, (m, i) => gates[m][i]),
    experts: layer(leaves * outputs, (column, i) => {
      const [leaf, k] = [Math.floor(column / outputs), column % outputs];
      return k < columns ? experts[leaf][i * columns + k] : 0;
    }),
  };
  return task === "regression" ? { ...layers, logVariance: logVariance.slice() } : layers;
}

/** `[count, inputs]` with a column of ones: `[count, inputs + 1]`. */
function withOnes(x: ArrayLike<number>, inputs: number): Float64Array {
  const width = inputs + 1;
  return Float64Array.from({ length: x.length / inputs * width }, (_, at) => {
    const i = at % width;
    return i === inputs ? 1 : x[Math.floor(at / width) * inputs + i];
  });
}

/** `log(1 + eˣ)` without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
