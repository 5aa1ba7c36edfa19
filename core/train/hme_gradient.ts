/** The hierarchical mixture of experts trained by gradient, on the GPU. */

import { compile, createState, type Program, type State } from "../compile/program.ts";
import { draws } from "../draws.ts";
import { isTensor, valueAndGrad } from "../grad.ts";
import type { Device } from "../gpu/device.ts";
import type { Hme, HmeParameters } from "../models/hme.ts";
import { startingNumbers } from "../models/hme_em.ts";
import { type HmeData, type HmeFit, logLikelihood, numbersOf, parametersOf, samplesOf } from "../models/hme_numbers.ts";
import { adam, initialMoments, type Moments } from "../nn/adam.ts";
import { neg } from "../ops/elementwise.ts";
import { gather } from "../ops/gather.ts";
import { mean } from "../ops/reduce.ts";
import { constant } from "../ops/source.ts";
import type { Tensor } from "../tensor.ts";
import { mapTree } from "../tree.ts";
import { Batches } from "./batches.ts";

/** How long and from where the gradient is followed. */
export interface GradientOptions {
  /** Of the starting values and the order of the samples; default 0. */
  readonly seed?: number;
  /** Starts, of which the likeliest result is kept; default 3. */
  readonly restarts?: number;
  /** Steps from each start; default 1000. */
  readonly iterations?: number;
  /** Of Adam, with β 0.9 and 0.999; default 0.03. Inputs should be about 1 in size. */
  readonly learningRate?: number;
  /** Samples of a step; default all. */
  readonly batch?: number;
}

/** Steps between two looks at the likelihood: each one waits for the GPU. */
const REPORT = 50;

/**
 * Fits a mixture of experts by following the gradient of its log-likelihood with Adam, from the starting values of `fitEm`.
 *
 * @returns Parameters of the likeliest start; the history has the likelihood of a batch every 50 steps
 * @throws {RangeError} If the samples do not fit the model, a batch is larger than they are, an option is no whole number
 *   from 1, the learning rate is not above 0, or no start ends at a finite likelihood
 * @throws {DeviceError} If the samples are larger than the adapter can bind, or it was lost
 *
 * @example
 * ```ts
 * import { openDevice } from "../gpu/device.ts";
 * import { hme } from "../models/hme.ts";
 * import { predict } from "../models/hme_numbers.ts";
 * import { fitGradient } from "./hme_gradient.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const device = await openDevice();
 * const x = Array.from({ length: 101 }, (_, i) => i / 50 - 1);
 * const model = hme({ inputs: 1, depth: 1, task: "regression", outputs: 1 });
 * const { parameters } = await fitGradient(device, model, { x, y: x.map(Math.abs) }, { iterations: 200, restarts: 1 });
 * assertAlmostEquals(predict(model, parameters, [-0.5]).prediction[0], 0.5, 0.05);
 * await device.destroy();
 * ```
 */
export async function fitGradient(
  device: Device,
  model: Hme,
  data: HmeData,
  options: GradientOptions = {},
): Promise<HmeFit> {
  const { seed = 0, restarts = 3, iterations = 1000, learningRate = 0.03 } = options;
  const samples = samplesOf(model, data);
  const { batch = samples.count } = options;
  check({ restarts, iterations, batch });
  if (!(learningRate > 0)) {
    throw new RangeError(`Cannot fit with learning rate ${learningRate}: expected a number above 0`);
  }
  const batches = new Batches(samples.count, batch, seed);
  const starts = Array.from({ length: restarts }, (_, i) => {
    const start = parametersOf(model, startingNumbers(model, samples, draws(seed, i)));
    return mapArrays(start, (values) => Float32Array.from(values));
  });

  const state = await stateLike(device, starts[0]);
  const step = await stepOn(device, model, { state, data, batch, learningRate });
  try {
    let best: HmeFit | undefined;
    for (const start of starts) {
      const moments = mapTree(state.tensors.moments, isTensor, ({ size }) => new Float32Array(size));
      state.write({ parameters: start, moments });
      const history: number[] = [];
      for (let iteration = 0; iteration < iterations; iteration++) {
        step.run({ indices: batches.indices(iteration) });
        if ((iteration + 1) % REPORT === 0) history.push(-(await step.read()).loss[0]);
      }
      const { parameters } = await state.read() as { parameters: HmeParameters<Float32Array> };
      const fitted = mapArrays(parameters, (values) => Float64Array.from(values));
      const likelihood = logLikelihood(model, numbersOf(model, fitted), samples);
      if (!Number.isFinite(likelihood)) continue;
      if (best !== undefined && best.logLikelihood >= likelihood) continue;
      best = { parameters: fitted, logLikelihood: likelihood, history };
    }
    if (best !== undefined) return best;
    throw new RangeError(
      `Cannot fit with learning rate ${learningRate}: no start ends at a finite likelihood, expected a smaller rate`,
    );
  } finally {
    step.destroy();
    state.destroy();
  }
}

type TrainingState = { parameters: HmeParameters<Tensor>; moments: Moments<HmeParameters<Tensor>> };

/** A place for parameters and moments; what updates them alike lies side by side. */
function stateLike(device: Device, start: HmeParameters<Float32Array>): Promise<State<TrainingState>> {
  const rows = (values: Float32Array, columns: number) => constant(values, [values.length / columns, columns]);
  const layer = ({ weight, bias }: { weight: Float32Array; bias: Float32Array }) => ({
    weight: rows(weight, bias.length),
    bias: constant(bias),
  });
  const layers = { gates: layer(start.gates), experts: layer(start.experts) };
  const parameters = "logVariance" in start ? { ...layers, logVariance: constant(start.logVariance) } : layers;
  const tree = { parameters, moments: initialMoments<HmeParameters<Tensor>>(parameters) };
  return createState<TrainingState>(device, tree, {
    together: ["parameters", "moments/first", "moments/second", "moments/largest"],
  });
}

/** One step of Adam on the samples of given numbers. */
function stepOn(
  device: Device,
  model: Hme,
  { state, data, batch, learningRate }: {
    state: State<TrainingState>;
    data: HmeData;
    batch: number;
    learningRate: number;
  },
): Promise<Program> {
  const rows = (values: ArrayLike<number>, columns: number) =>
    constant(Float32Array.from(values), [values.length / columns, columns]);
  const [x, y] = [rows(data.x, model.inputs), rows(data.y, model.outputs)];
  const options = { learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  return compile(device, ({ parameters, moments }: TrainingState, { indices }) => {
    const lossOf = (parameters: HmeParameters<Tensor>) =>
      neg(mean(model.logLikelihood(parameters, gather(x, indices), gather(y, indices))));
    const [loss, gradient] = valueAndGrad(lossOf)(parameters);
    return { state: adam(parameters, gradient, moments, options), outputs: { loss } };
  }, { state, inputs: { indices: { shape: [batch], dtype: "u32" } } });
}

function mapArrays<A, B>(parameters: HmeParameters<A>, f: (values: A) => B): HmeParameters<B> {
  const layer = ({ weight, bias }: { weight: A; bias: A }) => ({ weight: f(weight), bias: f(bias) });
  const layers = { gates: layer(parameters.gates), experts: layer(parameters.experts) };
  return "logVariance" in parameters ? { ...layers, logVariance: f(parameters.logVariance) } : layers;
}

function check(options: { restarts: number; iterations: number; batch: number }): void {
  for (const [name, value] of Object.entries(options)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new RangeError(`Cannot fit with ${name} ${value}: expected a whole number of at least 1`);
  }
}
