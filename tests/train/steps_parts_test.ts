/** Steps against the same put together by hand from their parts, in float64: losses, and their gradients by Adam's moments. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gradientsOf, isTensor, type Tensors } from "../../core/grad.ts";
import { critic } from "../../core/models/critic.ts";
import { generator } from "../../core/models/generator.ts";
import { recogniser } from "../../core/models/recogniser.ts";
import { scheduled } from "../../core/models/schedule.ts";
import { normalizeSpectral } from "../../core/models/spectral.ts";
import { linear } from "../../core/nn/linear.ts";
import { add, mul } from "../../core/ops/elementwise.ts";
import { normal, stepKey, uniform } from "../../core/ops/random.ts";
import { constant } from "../../core/ops/source.ts";
import type { Shape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import { augment } from "../../core/train/augment.ts";
import { choosers, localizeLoss } from "../../core/train/localize.ts";
import { identity, type Method, METHODS } from "../../core/train/methods.ts";
import { type Objective, OBJECTIVES } from "../../core/train/objectives.ts";
import { resolveOptions, type TrainOptions, type TrainRequest } from "../../core/train/options.ts";
import { penalties } from "../../core/train/regularizers.ts";
import {
  AUGMENT_STREAM,
  CHOOSER_STREAM,
  criticStep,
  EPSILON_STREAM,
  generatorSeesReal,
  generatorStep,
  initialState,
  LATENT_STREAM,
  NOISE_STREAM,
  type TrainState,
} from "../../core/train/steps.ts";
import { leavesOf, mapTree } from "../../core/tree.ts";
import { evaluateAll64 } from "../reference/interpreter.ts";

const ROUNDING = 1e-11; // of sums of some hundred numbers in float64
const [BATCH, COUNT, ITERATIONS] = [6, 12, 100];
/** Of `ITERATIONS`: gates have not reached their last temperature; they have, and paths are exchanged. */
const SEEN = [20, 70];
const IMAGE = [4, 4, 1] as const;
const DATA = {
  images: Float32Array.from({ length: COUNT * 16 }, (_, i) => Math.sin(i * i)),
  shape: [COUNT, ...IMAGE] as const,
};
const INDICES = constant(Uint32Array.from({ length: BATCH }, (_, i) => (5 * i) % COUNT));
const REAL = constant(
  Array.from({ length: BATCH * 16 }, (_, at) => DATA.images[5 * Math.floor(at / 16) % COUNT * 16 + at % 16]),
  [BATCH, ...IMAGE],
);

/** What only one part of a step does, and what asks for it. */
const CASES: Record<string, Partial<TrainRequest>> = {
  "gates' temperature": { method: "hmog", objective: "wgan-gp" },
  "temperature of a flat mixture": { method: "mog", objective: "lsgan" },
  "one generator": { method: "gan", objective: "dragan" },
  "deligan's term": { method: "deligan" },
  "madgan's score, in penalties as well": { method: "madgan", regularizers: { r1: 1, r2: 1, gp: 1, dragan: 1 } },
  "mgan's terms": { method: "mgan", objective: "hinge" },
  "megan's term": { method: "megan" },
  "dmwgan-pl's terms, the recogniser's gradient in pictures and a weight that falls": { method: "dmwgan-pl" },
  "spectral normalisation": { criticNorm: "spectral", regularizers: { r1: 1 } },
  "localize, with an exchange of paths": { localize: true },
  "changes of pictures, also before penalties": {
    objective: "rpgan",
    augment: ["flip", "color", "cutout"],
    regularizers: { r1: 1, r2: 1, gp: 1 },
  },
};

function optionsOf(request: Partial<TrainRequest>): TrainOptions {
  const usual = {
    objective: "non-saturating",
    gateTemperature: [1, 0.2] as const,
    batch: BATCH,
    iterations: ITERATIONS,
  };
  const asked = { dataset: "noise", preset: "tiny", ...usual, ...request };
  const { options } = resolveOptions(asked, { traits: { software: true }, count: COUNT });
  const model = { image: IMAGE, layers: "dense", latent: 3, features: 6, body: [5], critic: [5] } as const;
  return { ...options, model: { ...options.model, ...model } };
}

/** What both steps look at, from the numbers that a step draws. */
function partsOf(options: TrainOptions, state: TrainState, iteration: Tensor) {
  const { model, localize } = options;
  const method: Method = METHODS[options.method];
  const objective: Objective = OBJECTIVES[options.objective];
  const [make, network] = [generator(model), critic(model)];
  const key = stepKey(state.seed, state.step);
  const latents = (stream: number) => normal(key, { shape: [BATCH, make.head.latent], stream });
  const z = latents(LATENT_STREAM);
  const mixture = make.apply(state.generator, z, {
    temperature: scheduled(options.gateTemperature, iteration),
    ...localize && { chooser: choosers(z, { other: latents(CHOOSER_STREAM), iteration, ...localize }) },
  });
  const { parameters, directions } = state.directions
    ? normalizeSpectral(state.critic, state.directions)
    : { parameters: state.critic, directions: {} };
  const judge = (images: Tensor) => {
    const features = network.features(parameters, images);
    const score = linear(parameters.score, features);
    const classes = parameters.classes && linear(parameters.classes, features);
    return { score: method.score ? method.score(score, classes!) : score, classes };
  };
  let stream = AUGMENT_STREAM;
  const draw = (shape: Shape) => uniform(key, { shape, stream: stream++ });
  const changed = (images: Tensor, of: "real" | "fake") =>
    augment(images, { names: options.augment, of, uniform: draw });
  return { method, objective, key, mixture, judge, directions, changed };
}

function criticByParts(options: TrainOptions, state: TrainState, iteration: Tensor) {
  const { objective, key, mixture, judge, directions, changed } = partsOf(options, state, iteration);
  const [real, fake] = [changed(REAL, "real"), changed(mixture.images, "fake")];
  const { score, classes } = judge(fake);
  const penalty = penalties(options.regularizers, {
    critic: (images) => judge(images).score,
    real,
    fake,
    epsilon: uniform(key, { shape: [BATCH, 1, 1, 1], stream: EPSILON_STREAM }),
    noise: () => uniform(key, { shape: REAL.shape, stream: NOISE_STREAM }),
  }).loss;
  const loss = sumOf(
    objective.critic({ real: judge(real).score, fake: score }),
    penalty,
    classes && identity(classes, mixture.weights),
  );
  return { loss, gradients: { critic: gradientsOf(loss, state.critic) }, directions };
}

function generatorByParts(options: TrainOptions, state: TrainState, iteration: Tensor) {
  const { method, objective, mixture, judge, changed } = partsOf(options, state, iteration);
  const { score, classes } = judge(changed(mixture.images, "fake"));
  const recognised = (images: Tensor) =>
    state.recogniser && recogniser(options.model, { outputs: 1 }).apply(state.recogniser, images);
  const loss = sumOf(
    objective.generator({ fake: score, real: judge(changed(REAL, "real")).score }),
    method.generator?.({
      head: state.generator.head as Readonly<Record<string, Tensor>>,
      mixture,
      classes: classes ?? recognised(mixture.images),
      realClasses: recognised(REAL),
      iteration,
    }),
    options.localize ? localizeLoss(mixture, recognised(mixture.images)!, options.localize).loss : undefined,
  );
  const { generator, recogniser: told } = state;
  return { loss, gradients: gradientsOf(loss, { generator, ...told && { recogniser: told } }), directions: {} };
}

const sumOf = (...parts: (Tensor | undefined)[]) => parts.filter((part) => part !== undefined).reduce(add);

/** Asserts that a step from moments of 0 has a loss, its gradients and the next directions. */
function assertStep(
  { state, outputs: { criticLoss, generatorLoss } }: {
    state: { moments: Record<string, { first: Tensors }>; directions?: Tensors };
    outputs: Record<string, Tensor>;
  },
  { loss, gradients, directions }: { loss: Tensor; gradients: Record<string, Tensors>; directions: Tensors },
  { adam: { beta1 } }: TrainOptions,
): void {
  const leaves = (tree: Tensors) => leavesOf<Tensor>(tree, isTensor);
  const first = Object.fromEntries(Object.entries(state.moments).map(([network, { first }]) => [network, first]));
  const found = leaves({ loss: criticLoss ?? generatorLoss, first, directions: state.directions ?? {} });
  const moments = mapTree<Tensor, Tensor>(gradients, isTensor, (gradient) => mul(gradient, 1 - beta1)) as Tensors;
  const expected = leaves({ loss, first: moments, directions });
  assertEquals(found.map(([path]) => path), expected.map(([path]) => path));
  const values = evaluateAll64([...found, ...expected].map(([, tensor]) => tensor));
  found.forEach(([path], at) => {
    values[at].forEach((value, i) => {
      const wanted = values[found.length + at][i];
      assertAlmostEquals(value, wanted, ROUNDING * (1 + Math.abs(wanted)), `${path} ${i}`);
    });
  });
}

for (const [what, request] of Object.entries(CASES)) {
  Deno.test(`criticStep() and generatorStep() follow the gradient of the sum of their parts: ${what}`, () => {
    const options = optionsOf(request);
    const start = initialState(options);
    const steps = options.criticSteps + 1;
    for (const iteration of SEEN) {
      const at = (step: number) => ({ ...start, step: constant(Uint32Array.of(iteration * steps + step)) });
      const [first, last, done] = [at(0), at(options.criticSteps), constant([iteration])];
      const fed = { indices: INDICES };
      assertStep(criticStep(options, DATA)(first, fed), criticByParts(options, first, done), options);
      const made = generatorStep(options, DATA)(last, generatorSeesReal(options) ? fed : undefined);
      assertStep(made, generatorByParts(options, last, done), options);
    }
  });
}
