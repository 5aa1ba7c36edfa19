/** The steps of training as functions of state and batch. */

import { gradientsOf, isTensor, type Tensors } from "../grad.ts";
import { type Critic, critic, type CriticParameters } from "../models/critic.ts";
import { generator, type GeneratorParameters } from "../models/generator.ts";
import { isPoint } from "../models/presets.ts";
import type { Path } from "../models/mixture.ts";
import { recogniser, type RecogniserParameters } from "../models/recogniser.ts";
import { scheduled } from "../models/schedule.ts";
import { type Directions, initialDirections, normalizeSpectral } from "../models/spectral.ts";
import { adam, initialMoments, type Moments } from "../nn/adam.ts";
import { initializer } from "../nn/init.ts";
import { linear } from "../nn/linear.ts";
import { add, addU32, div, floor, log, maximum, minimum, mul, neg, sub, toFloat } from "../ops/elementwise.ts";
import { concat, slice } from "../ops/movement.ts";
import { keyWords, normal, randomKey, stepKey, uniform } from "../ops/random.ts";
import { max, mean, sum } from "../ops/reduce.ts";
import { constant } from "../ops/source.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mapTree } from "../tree.ts";
import { augment } from "./augment.ts";
import { movingAverage } from "./ema.ts";
import { type Fed, imagesOf, type TrainingImages } from "./images.ts";
import { choosers, localizeLoss } from "./localize.ts";
import { identity, type Method, METHODS } from "./methods.ts";
import { type Objective, OBJECTIVES, type Scores } from "./objectives.ts";
import type { TrainOptions } from "./options.ts";
import { penalties } from "./regularizers.ts";

/** Everything that a step changes: what a checkpoint holds. */
export type TrainState = {
  generator: GeneratorParameters;
  /** Moving average of `generator`. */
  ema: GeneratorParameters;
  critic: CriticParameters;
  /** Tells how a picture was made, where the method or the options ask for that. */
  recogniser?: RecogniserParameters;
  /** Of the critic's spectral normalisation. */
  directions?: Directions;
  moments: {
    generator: Moments<GeneratorParameters>;
    critic: Moments<CriticParameters>;
    recogniser?: Moments<RecogniserParameters>;
  };
  /** `u32 [2]`, low and high word. */
  seed: Tensor;
  /** `u32 [1]`, steps of critic and generator so far: what tells apart their random numbers. */
  step: Tensor;
};

/** Of the latents of a step. */
export const LATENT_STREAM = 1;
/** Of the mixing of real and generated images in a penalty. */
export const EPSILON_STREAM = 2;
/** Of the noise of a penalty. */
export const NOISE_STREAM = 3;
/** Of the latents that choose paths in place of those the leaves see. */
export const CHOOSER_STREAM = 4;
/** Of the first number that an augmentation draws; the others have those behind it. */
export const AUGMENT_STREAM = 16;
const SAMPLE_ROUND = 1; // of the key that fixed latents are drawn with; training draws in round 0
/** Pictures of a grid, points of a scatter. */
export const samplesOf = ({ model }: TrainOptions): number => isPoint(model.image) ? 2048 : 64;
const TINIEST_WEIGHT = 1e-30; // under the logarithm

/** Subtrees of the state that an optimiser or an average replaces as a whole. */
export function together({ recogniser }: TrainState): string[] {
  const networks = ["generator", "critic", ...recogniser ? ["recogniser"] : []];
  const moments = (network: string) => ["first", "second", "largest"].map((moment) => `moments/${network}/${moment}`);
  return ["ema", ...networks.flatMap((network) => [network, ...moments(network)])];
}

/** The networks of a run as graphs. */
function networks({ method: name, model, localize }: TrainOptions) {
  const method: Method = METHODS[name];
  const make = generator(model);
  const score = critic(model, { classes: method.classes === "critic" ? make.head.leaves : 0 });
  const outputs = localize ? make.head.gates : method.classes === "recogniser" ? make.head.leaves : 0;
  return { method, make, score, recognise: outputs === 0 ? null : recogniser(model, { outputs }) };
}

/** The first state of a run. */
export function initialState(options: TrainOptions): TrainState {
  const init = initializer(options.seed);
  const { make, score, recognise } = networks(options);
  const generator = make.parameters(init);
  const critic = score.parameters(init);
  const recogniser = recognise?.parameters(init);
  return {
    generator,
    ema: generator,
    critic,
    ...recogniser && { recogniser },
    ...options.model.criticNorm === "spectral" && { directions: initialDirections(init, critic) },
    moments: {
      generator: initialMoments(generator),
      critic: initialMoments(critic),
      ...recogniser && { recogniser: initialMoments(recogniser) },
    },
    seed: constant(keyWords(options.seed).slice(0, 2)),
    step: constant(new Uint32Array(1)),
  };
}

/** What both steps draw and look at. */
function view(options: TrainOptions, state: TrainState) {
  const key = stepKey(state.seed, state.step);
  let stream = AUGMENT_STREAM;
  const uniformOf = (shape: Shape) => uniform(key, { shape, stream: stream++ });
  const spectral = state.directions && normalizeSpectral(state.critic, state.directions);
  return {
    key,
    /** The critic's parameters as it scores with them. */
    parameters: spectral?.parameters ?? state.critic,
    directions: spectral?.directions,
    augmented: (images: Tensor, of: "real" | "fake") =>
      augment(images, { names: options.augment, of, uniform: uniformOf }),
  };
}

/** Iterations done; half a step more, since a quotient that is a whole number may be rounded down on the way. */
const iterationsDone = ({ step }: TrainState, { criticSteps }: TrainOptions): Tensor =>
  floor(div(add(toFloat(step), 0.5), criticSteps + 1));

/** Latents of a step, and how the generator takes its path from them. */
function latentsOf(
  options: TrainOptions,
  state: TrainState,
  { key, shape }: { key: Tensor; shape: Shape },
): { z: Tensor; path: Path } {
  const z = normal(key, { shape, stream: LATENT_STREAM });
  const iteration = iterationsDone(state, options);
  const temperature = scheduled(options.gateTemperature, iteration);
  if (options.localize === null) return { z, path: { temperature } };
  const other = normal(key, { shape, stream: CHOOSER_STREAM });
  return { z, path: { temperature, chooser: choosers(z, { other, iteration, ...options.localize }) } };
}

/**
 * A step of the critic: images of the data, by their `indices` or as `rows`, against as many generated ones.
 *
 * @param apart Whether real and generated images are scored apart, not in one pass over both: needed where a score depends
 * on the other images of its batch, and worth it where kernels are dear to compile, since all passes then share theirs
 */
export function criticStep(options: TrainOptions, data: TrainingImages, { apart = false } = {}) {
  const { method, make, score } = networks(options);
  const objective: Objective = OBJECTIVES[options.objective];
  const real = imagesOf(data);
  return (state: TrainState, fed: Fed) => {
    const images = real(fed);
    const [batch] = images.shape;
    const { key, parameters, directions, augmented } = view(options, state);
    const { z, path } = latentsOf(options, state, { key, shape: [batch, make.head.latent] });
    const made = make.apply(state.generator, z, path);
    const seen = { real: augmented(images, "real"), fake: augmented(made.images, "fake") };
    const judge = judgeOf(method, score, parameters);
    const judged = judgeBoth(judge, seen, apart || options.model.criticNorm === "batch");
    const game = objective.critic(judged.scores);
    const penalty = penalties(options.regularizers, {
      ...seen,
      critic: (x) => judge(x).score,
      epsilon: uniform(key, { shape: [batch, 1, 1, 1], stream: EPSILON_STREAM }),
      noise: () => uniform(key, { shape: seen.real.shape, stream: NOISE_STREAM }),
    });
    const told = judged.fakeClasses && identity(judged.fakeClasses, made.weights);
    const loss = [penalty.loss, told].reduce<Tensor>((sum, part) => part ? add(part, sum) : sum, game);
    const gradients = gradientsOf(loss, state.critic);
    const next = adam(state.critic, gradients, state.moments.critic, options.adam);
    return {
      state: {
        critic: objective.clip === undefined ? next.parameters : clipped(next.parameters, objective.clip),
        ...directions && { directions },
        moments: { critic: next.moments },
        step: addU32(state.step, 1),
      },
      outputs: {
        criticLoss: loss,
        ...objective.wasserstein && { wasserstein: neg(game) },
        ...told && { identityLoss: told },
        ...penalty.metrics,
      },
    };
  };
}

/** What the critic makes of images: `score [batch, 1]`, and `classes [batch, generators]` where it tells those apart. */
type Judge = (images: Tensor) => { score: Tensor; classes?: Tensor };

function judgeOf(method: Method, critic: Critic, parameters: CriticParameters): Judge {
  return (images) => {
    const features = critic.features(parameters, images);
    const score = linear(parameters.score, features);
    const classes = parameters.classes && linear(parameters.classes, features);
    return { score: classes && method.score ? method.score(score, classes) : score, classes };
  };
}

/** Real and generated images; in one pass over twice the batch where that is the same: half the dispatches, larger ones. */
function judgeBoth(judge: Judge, { real, fake }: Scores, apart: boolean): { scores: Scores; fakeClasses?: Tensor } {
  if (apart) {
    const { score, classes } = judge(fake);
    return { scores: { real: judge(real).score, fake: score }, fakeClasses: classes };
  }
  const { score, classes } = judge(concat([real, fake]));
  const rows = (x: Tensor, first: number, count: number) => slice(x, { start: [first, 0], shape: [count, x.shape[1]] });
  const [reals, fakes] = [real.shape[0], fake.shape[0]];
  return {
    scores: { real: rows(score, 0, reals), fake: rows(score, reals, fakes) },
    fakeClasses: classes && rows(classes, reals, fakes),
  };
}

/** Whether the generator's step looks at real images. */
export function generatorSeesReal({ method, objective }: Pick<TrainOptions, "method" | "objective">): boolean {
  return "real" in METHODS[method] || "relativistic" in OBJECTIVES[objective];
}

/** A step of the generator, of its moving average, and of the recogniser, if there is one. */
export function generatorStep(options: TrainOptions, data: TrainingImages) {
  const { method, make, score, recognise } = networks(options);
  const objective: Objective = OBJECTIVES[options.objective];
  const realOf = imagesOf(data);
  return (state: TrainState, fed?: Fed) => {
    const { key, parameters, augmented } = view(options, state);
    const { z, path } = latentsOf(options, state, { key, shape: [options.batch, make.head.latent] });
    const iteration = iterationsDone(state, options);
    const mixture = make.apply(state.generator, z, path);
    const judge = judgeOf(method, score, parameters);
    const judged = judge(augmented(mixture.images, "fake"));
    const real = fed && realOf(fed);
    const game = objective.generator({
      fake: judged.score,
      real: objective.relativistic ? judge(augmented(real!, "real")).score : judged.score,
    });
    const recognised = (images: Tensor) => recognise!.apply(state.recogniser!, images);
    const localized = options.localize && localizeLoss(mixture, recognised(mixture.images), options.localize);
    const own = method.generator?.({
      head: state.generator.head as Readonly<Record<string, Tensor>>,
      mixture,
      classes: method.classes === "recogniser" ? recognised(mixture.images) : judged.classes,
      realClasses: method.real ? recognised(real!) : undefined,
      iteration,
    });
    const loss = [own, localized?.loss].reduce<Tensor>((sum, part) => part ? add(part, sum) : sum, game);
    const learning = { generator: state.generator, ...state.recogniser && { recogniser: state.recogniser } };
    const gradients = gradientsOf(loss, learning);
    const next = adam(state.generator, gradients.generator, state.moments.generator, options.adam);
    const nextRecogniser = state.recogniser &&
      adam(state.recogniser, gradients.recogniser!, state.moments.recogniser!, options.adam);
    // `step` already counts those that the critic has made in this iteration.
    const steps = div(sub(toFloat(state.step), options.criticSteps), options.criticSteps + 1);
    return {
      state: {
        generator: next.parameters,
        ema: movingAverage(state.ema, next.parameters, steps, options.emaDecay),
        ...nextRecogniser && { recogniser: nextRecogniser.parameters },
        moments: { generator: next.moments, ...nextRecogniser && { recogniser: nextRecogniser.moments } },
        step: addU32(state.step, 1),
      },
      outputs: {
        generatorLoss: loss,
        leafUsageEntropy: usageEntropy(mixture.weights),
        largestWeight: mean(max(mixture.weights, { axes: [-1] })),
        ...localized?.metrics,
      },
    };
  };
}

/** Pictures of the moving average from latents that are the same at every iteration. */
export function sampleStep(options: TrainOptions) {
  const make = generator(options.model);
  return (state: TrainState) => {
    const key = randomKey(options.seed, 0, SAMPLE_ROUND);
    const z = normal(key, { shape: [samplesOf(options), make.head.latent], stream: LATENT_STREAM });
    const temperature = scheduled(options.gateTemperature, iterationsDone(state, options));
    const { images, weights } = make.apply(state.ema, z, { temperature });
    return { outputs: { images, weights } };
  };
}

/** Entropy in nats of how often each leaf is used: `−Σ p̄ log p̄`, `p̄` the mean path weights of the batch. */
function usageEntropy(weights: Tensor): Tensor {
  const usage = mean(weights, { axes: [0] });
  return neg(sum(mul(usage, log(maximum(usage, TINIEST_WEIGHT)))));
}

function clipped<P extends Tensors>(parameters: P, size: number): P {
  const cut = (p: Tensor) => minimum(maximum(p, -size), size);
  return mapTree<Tensor, Tensor>(parameters, isTensor, cut) as P;
}
