/** The steps of training as functions of state and batch. */

import { isTensor, type Tensors, vjp } from "../grad.ts";
import { critic, type CriticParameters } from "../models/critic.ts";
import { generator, type GeneratorParameters } from "../models/generator.ts";
import { initializer } from "../nn/init.ts";
import { addU32, div, log, maximum, mul, neg, sub, toFloat } from "../ops/elementwise.ts";
import { keyWords, normal, randomKey, stepKey, uniform } from "../ops/random.ts";
import { mean, sum } from "../ops/reduce.ts";
import { constant } from "../ops/source.ts";
import type { Tensor } from "../tensor.ts";
import { leavesOf, mapTree } from "../tree.ts";
import { adam, initialMoments, type Moments } from "./adam.ts";
import { movingAverage } from "./ema.ts";
import { imagesOf, type TrainingImages } from "./images.ts";
import { OBJECTIVES } from "./objectives.ts";
import type { TrainOptions } from "./options.ts";

/** Everything that a step changes: what a checkpoint holds. */
export type TrainState = {
  generator: GeneratorParameters;
  /** Moving average of `generator`. */
  ema: GeneratorParameters;
  critic: CriticParameters;
  moments: { generator: Moments<GeneratorParameters>; critic: Moments<CriticParameters> };
  /** `u32 [2]`, low and high word. */
  seed: Tensor;
  /** `u32 [1]`, steps of critic and generator so far: what tells apart their random numbers. */
  step: Tensor;
};

const LATENT_STREAM = 1;
const EPSILON_STREAM = 2;
const SAMPLE_ROUND = 1; // of the key that fixed latents are drawn with; training draws in round 0
/** Pictures of a grid. */
export const SAMPLES = 64;
const TINIEST_WEIGHT = 1e-30; // under the logarithm

/** Subtrees of the state that an optimiser or an average replaces as a whole. */
export const TOGETHER: readonly string[] = [
  "ema",
  ...["generator", "critic"].flatMap((network) => [
    network,
    ...["first", "second", "largest"].map((moment) => `moments/${network}/${moment}`),
  ]),
];

/** The first state of a run. */
export function initialState(options: TrainOptions): TrainState {
  const init = initializer(options.seed);
  const generatorParameters = generator(options.model).parameters(init);
  const criticParameters = critic(options.model).parameters(init);
  return {
    generator: generatorParameters,
    ema: generatorParameters,
    critic: criticParameters,
    moments: { generator: initialMoments(generatorParameters), critic: initialMoments(criticParameters) },
    seed: constant(keyWords(options.seed).slice(0, 2)),
    step: constant(new Uint32Array(1)),
  };
}

/** A step of the critic: the images `indices` of the data against as many generated ones; `apart` as for objectives. */
export function criticStep(options: TrainOptions, data: TrainingImages, { apart = false } = {}) {
  const make = generator(options.model);
  const score = critic(options.model);
  const real = imagesOf(data);
  return (state: TrainState, { indices }: { indices: Tensor }) => {
    const batch = indices.shape[0];
    const key = stepKey(state.seed, state.step);
    const z = normal(key, { shape: [batch, make.head.latent], stream: LATENT_STREAM });
    const { loss, metrics } = OBJECTIVES[options.objective].critic({
      critic: (images) => score.apply(state.critic, images),
      real: real(indices),
      fake: make.apply(state.generator, z).images,
      epsilon: uniform(key, { shape: [batch, 1, 1, 1], stream: EPSILON_STREAM }),
      apart: apart || options.model.criticNorm === "batch",
    });
    const gradients = gradientsOf(loss, state.critic);
    const { parameters, moments } = adam(state.critic, gradients, state.moments.critic, options.adam);
    return {
      state: { critic: parameters, moments: { critic: moments }, step: addU32(state.step, 1) },
      outputs: { criticLoss: loss, ...metrics },
    };
  };
}

/** A step of the generator and of its moving average. */
export function generatorStep(options: TrainOptions) {
  const make = generator(options.model);
  const score = critic(options.model);
  return (state: TrainState) => {
    const key = stepKey(state.seed, state.step);
    const z = normal(key, { shape: [options.batch, make.head.latent], stream: LATENT_STREAM });
    const { images, weights } = make.apply(state.generator, z);
    const loss = OBJECTIVES[options.objective].generator({
      critic: (x) => score.apply(state.critic, x),
      fake: images,
    });
    const gradients = gradientsOf(loss, state.generator);
    const { parameters, moments } = adam(state.generator, gradients, state.moments.generator, options.adam);
    // `step` already counts those that the critic has made in this iteration.
    const steps = div(sub(toFloat(state.step), options.criticSteps), options.criticSteps + 1);
    return {
      state: {
        generator: parameters,
        ema: movingAverage(state.ema, parameters, steps, options.emaDecay),
        moments: { generator: moments },
        step: addU32(state.step, 1),
      },
      outputs: { generatorLoss: loss, leafUsageEntropy: usageEntropy(weights) },
    };
  };
}

/** Pictures of the moving average from latents that are the same at every iteration. */
export function sampleStep(options: TrainOptions) {
  const make = generator(options.model);
  return (state: TrainState) => {
    const key = randomKey(options.seed, 0, SAMPLE_ROUND);
    const z = normal(key, { shape: [SAMPLES, make.head.latent], stream: LATENT_STREAM });
    return { outputs: { images: make.apply(state.ema, z).images } };
  };
}

/** Entropy in nats of how often each leaf is used: `−Σ p̄ log p̄`, `p̄` the mean path weights of the batch. */
export function usageEntropy(weights: Tensor): Tensor {
  const usage = mean(weights, { axes: [0] });
  return neg(sum(mul(usage, log(maximum(usage, TINIEST_WEIGHT)))));
}

function gradientsOf<P extends Tensors>(loss: Tensor, parameters: P): P {
  const leaves = leavesOf<Tensor>(parameters, isTensor).map(([, leaf]) => leaf);
  const gradients = vjp(loss, leaves);
  const byLeaf = new Map(leaves.map((leaf, i) => [leaf, gradients[i]]));
  return mapTree<Tensor, Tensor>(parameters, isTensor, (leaf) => byLeaf.get(leaf)!) as P;
}
