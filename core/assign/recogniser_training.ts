/** How a recogniser learns: from pictures that the model makes on the way, each with the path it was made by. */

import { compile, createState } from "../compile/program.ts";
import { gradientsOf, isTensor } from "../grad.ts";
import { drawFromRegion } from "../models/conditional.ts";
import type { Generator, GeneratorParameters } from "../models/generator.ts";
import { adam, initialMoments, type Moments } from "../nn/adam.ts";
import { initializer } from "../nn/init.ts";
import { add, addU32, log, maximum, mul, sub } from "../ops/elementwise.ts";
import { concat, reshape, slice, stopGradient } from "../ops/movement.ts";
import { keyWords, normal, stepKey, uniform } from "../ops/random.ts";
import { mean, sum } from "../ops/reduce.ts";
import { constant } from "../ops/source.ts";
import { pathNetwork, type PathNetworkParameters } from "../recognition/path_network.ts";
import { Recogniser } from "../recognition/recogniser.ts";
import { attemptsFor } from "../sampling/passes.ts";
import type { Sampler } from "../sampling/sampler.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { fit, fitted } from "../train/fit.ts";
import { leavesOf, mapTree } from "../tree.ts";
import { disturb } from "./disturb.ts";

/** How far training is. */
export interface RecogniserProgress {
  readonly step: number;
  readonly steps: number;
  /** Mean divergence `KL(p ‖ q)` in nats of the path weights from the recognised ones, on the batch of that step. */
  readonly loss: number;
}

/** How a recogniser is trained. */
export interface RecogniserTraining {
  /** Steps, each with a new batch; `STEPS` unless given. */
  readonly steps?: number;
  readonly batch?: number;
  readonly seed?: number;
  /** Part of every batch whose latents are drawn from the regions of the leaves in turn, so that rare leaves are seen. */
  readonly balanced?: number;
  readonly onProgress?: (progress: RecogniserProgress) => void;
}

/** Steps of a training: three minutes for `small` on two cores without a GPU. */
export const STEPS = 1500;
const BATCH = 64;
const BALANCED = 0.5;
const ADAM = { learningRate: 2e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
const REPORT_EVERY = 25; // steps; so many are enqueued before one is waited for
const [LATENTS, CANDIDATES, ACCEPTED, DISTURBANCE] = [1, 2, 3, 16]; // streams of random numbers
const TINIEST = 1e-30; // under logarithms

type State = {
  parameters: PathNetworkParameters;
  moments: Moments<PathNetworkParameters>;
  /** `u32 [2]`. */
  seed: Tensor;
  /** `u32 [1]`, steps so far. */
  step: Tensor;
};

/**
 * Trains a recogniser: every step makes a batch of pictures, disturbs them (`disturb`) and takes a step of Adam, whose rate
 * falls from 0.002 to 0 in a straight line, down the cross entropy `−mean Σ_l p_l log q_l` of the path weights `p` that made
 * a picture and those recognised. Nothing but the model is looked at: no data set, no labels. Half of the latents come from
 * the prior, half from the regions of the leaves in turn.
 *
 * @returns A recogniser on the sampler's device
 * @throws {RangeError} If the model has one leaf
 * @throws {Error} If the loss is no finite number
 * @throws {DeviceError} If the GPU is lost
 */
export async function trainRecogniser(
  sampler: Sampler,
  { steps = STEPS, batch = BATCH, seed = 0, balanced = BALANCED, onProgress = () => {} }: RecogniserTraining = {},
): Promise<Recogniser> {
  const { device, passes: { trained, state: { tensors: made } } } = sampler;
  const start = pathNetwork(trained.options).parameters(initializer(seed));
  const state = await createState<State>(device, {
    parameters: start,
    moments: initialMoments(start),
    seed: constant(keyWords(seed).slice(0, 2)),
    step: constant(new Uint32Array(1)),
  }, { together: ["parameters", "moments/first", "moments/second", "moments/largest"] });
  try {
    const { leaves } = trained.generator.head;
    const rows = Math.round(balanced * batch);
    const inputs = { rate: { shape: [1] }, ...rows > 0 && { regions: { shape: [rows, leaves] } } };
    const program = await compile(device, trainingStep(trained, made, batch), { state, inputs });
    await fit(program, {
      steps,
      what: "recogniser",
      reportEvery: REPORT_EVERY,
      onProgress,
      ...rows > 0 && { inputs: (step: number) => ({ regions: leavesInTurn({ step, rows, leaves }) }) },
    });
    const weights = await fitted(state, start);
    const { run, iteration } = sampler.source;
    return await Recogniser.create(device, { run, iteration, model: trained.options, seed, steps, weights });
  } finally {
    state.destroy();
  }
}

/**
 * Regions of the rows of a step, a leaf each, `[rows, leaves]`: row after row and step after step the next one, so that all
 * come equally often however few rows there are.
 */
export function leavesInTurn(
  { step, rows, leaves }: { step: number; rows: number; leaves: number },
): Float32Array<ArrayBuffer> {
  const regions = new Float32Array(rows * leaves);
  for (let row = 0; row < rows; row++) regions[row * leaves + (step * rows + row) % leaves] = 1;
  return regions;
}

/** A step of Adam on a batch made for it, of which the part `rate` is made. */
function trainingStep(
  { options, generator, temperature }: Sampler["passes"]["trained"],
  made: GeneratorParameters,
  batch: number,
) {
  const network = pathNetwork(options);
  return (state: State, { rate, regions }: Record<string, Tensor>) => {
    const key = stepKey(state.seed, state.step);
    const z = latents(generator, made, { key, batch, regions, temperature });
    const { images, weights } = generator.apply(made, z, { temperature });
    let stream = DISTURBANCE;
    const seen = disturb(stopGradient(images), {
      uniform: (shape: Shape) => uniform(key, { shape, stream: stream++ }),
      normal: (shape: Shape) => normal(key, { shape, stream: stream++ }),
    });
    const paths = stopGradient(weights);
    const divergence = sub(log(maximum(paths, TINIEST)), network.logWeights(state.parameters, seen));
    const loss = mean(sum(mul(paths, divergence), { axes: [1] }));
    const moved = adam(state.parameters, gradientsOf(loss, state.parameters), state.moments, ADAM);
    const next = new Map(leavesOf<Tensor>(moved.parameters, isTensor));
    const partOfTheWay = (leaf: Tensor, path: string) => add(leaf, mul(rate, sub(next.get(path)!, leaf)));
    return {
      state: {
        parameters: mapTree<Tensor, Tensor>(state.parameters, isTensor, partOfTheWay) as PathNetworkParameters,
        moments: moved.moments,
        step: addU32(state.step, 1),
      },
      outputs: { loss },
    };
  };
}

/** Latents of a batch: the first rows from regions, if there are any, the others from the prior. */
function latents(
  { head }: Generator,
  { head: parameters }: GeneratorParameters,
  { key, batch, regions, temperature }: { key: Tensor; batch: number; regions?: Tensor; temperature: number },
): Tensor {
  const prior = normal(key, { shape: [batch, head.latent], stream: LATENTS });
  if (regions === undefined) return prior;
  const [rows, attempts] = [regions.shape[0], attemptsFor(head.leaves)];
  const { z, found } = drawFromRegion(head, parameters, {
    candidates: normal(key, { shape: [rows, attempts, head.latent], stream: CANDIDATES }),
    uniforms: uniform(key, { shape: [rows, attempts], stream: ACCEPTED }),
    region: regions,
    temperature,
  });
  const part = (first: number, count: number) => slice(prior, { start: [first, 0], shape: [count, head.latent] });
  const own = reshape(found, [rows, 1]);
  const balancedRows = add(mul(own, z), mul(sub(1, own), part(0, rows)));
  return rows === batch ? balancedRows : concat([balancedRows, part(rows, batch - rows)]);
}
