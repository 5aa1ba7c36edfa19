/** The training step as functions of state and batch, compiled once and run as often as wanted. */

import { compile, createState, type HostArray, type Program, type State } from "../compile/program.ts";
import type { Device } from "../gpu/device.ts";
import { isTensor, type Tensors, vjp } from "../grad.ts";
import { critic, type CriticParameters } from "../models/critic.ts";
import { generator, type GeneratorParameters } from "../models/generator.ts";
import { initializer } from "../nn/init.ts";
import { addU32, div, log, maximum, mul, neg, sub, toFloat } from "../ops/elementwise.ts";
import { keyWords, normal, randomKey, stepKey, uniform } from "../ops/random.ts";
import { mean, sum } from "../ops/reduce.ts";
import { constant } from "../ops/source.ts";
import type { Tensor } from "../tensor.ts";
import { leavesOf, mapTree, type Tree } from "../tree.ts";
import { adam, initialMoments, type Moments } from "./adam.ts";
import { Batches } from "./batches.ts";
import { movingAverage } from "./ema.ts";
import { imagesOf, type Pictures, type TrainingImages } from "./images.ts";
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

/** Numbers of one iteration by name: `criticLoss`, `generatorLoss`, and what the objective and the mixture add. */
export type Measurement = { iteration: number } & Record<string, number>;

/** What a model and its steps consist of: numbers of parameters, dispatches and copies, bytes on the GPU. */
export interface TrainerSummary {
  parameters: { generator: number; critic: number };
  programs: Record<"critic" | "generator" | "sample", { dispatches: number; copies: number; bytes: number }>;
  gpuBytes: number;
}

/** A loss that is no finite number. */
export class NonFiniteError extends Error {
  override name = "NonFiniteError";
  constructor(readonly iteration: number, what: string, value: number) {
    super(`Cannot go on training: ${what} is ${value} at iteration ${iteration}, expected a finite number`);
  }
}

const LATENT_STREAM = 1;
const EPSILON_STREAM = 2;
const SAMPLE_ROUND = 1; // of the key that fixed latents are drawn with; training draws in round 0
/** Pictures of a grid. */
export const SAMPLES = 64;
const TINIEST_WEIGHT = 1e-30; // under the logarithm
const QUEUE = { software: 2, gpu: 16 }; // iterations under way; a wait of 10-12 ms must not hold up a fast GPU

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

/** A model in training: its state on the GPU and the compiled steps. */
export class Trainer {
  /** Iterations done, or enqueued. */
  #iteration = 0;
  readonly #batches: Batches;

  private constructor(
    readonly device: Device,
    readonly options: TrainOptions,
    readonly state: State<TrainState>,
    readonly programs: { critic: Program; generator: Program; sample: Program },
    count: number,
  ) {
    this.#batches = new Batches(count, options.batch, options.seed);
  }

  /**
   * Puts data and starting values on the GPU and compiles the steps.
   *
   * @throws {RangeError} If the images are not of the model's size or fewer than a batch
   * @throws {DeviceError} If the GPU cannot hold them
   */
  static async create(device: Device, options: TrainOptions, data: TrainingImages): Promise<Trainer> {
    const [count, ...image] = data.shape;
    if (image.join() !== options.model.image.join()) {
      throw new RangeError(
        `Cannot train on images of ${image.join("x")}: expected ${options.model.image.join("x")}, as the model makes`,
      );
    }
    new Batches(count, options.batch, options.seed); // throws before anything is allocated
    const state = await createState(device, initialState(options));
    const indices = { shape: [options.batch], dtype: "u32" } as const;
    const [criticProgram, generatorProgram, sampleProgram] = await Promise.all([
      // A CPU driver compiles a kernel for 0.1 to 0.5 s: 7 s instead of 11 before the first step, for steps 5 % longer.
      compile(device, criticStep(options, data, { apart: device.traits.software }), { state, inputs: { indices } }),
      compile(device, generatorStep(options), { state }),
      compile(device, sampleStep(options), { state }),
    ]);
    const programs = { critic: criticProgram, generator: generatorProgram, sample: sampleProgram };
    return new Trainer(device, options, state, programs, count);
  }

  /** Iterations done. */
  get iteration(): number {
    return this.#iteration;
  }

  /**
   * Trains until `iteration` is reached or `signal` aborts, and yields the numbers of each iteration in order. A few
   * iterations are under way at a time, so that no step waits for a number; at the end none is.
   *
   * @throws {NonFiniteError} If a loss is no finite number
   * @throws {DeviceError} If the adapter is lost
   */
  async *run(iteration: number, signal?: AbortSignal): AsyncGenerator<Measurement> {
    const depth = this.device.traits.software ? QUEUE.software : QUEUE.gpu;
    const underWay: Promise<Measurement>[] = [];
    while (true) {
      while (underWay.length < depth && this.#iteration < iteration && !signal?.aborted) underWay.push(this.#enqueue());
      const next = underWay.shift();
      if (next === undefined) return;
      const measured = await next;
      for (const [name, value] of Object.entries(measured)) {
        if (!Number.isFinite(value)) {
          await Promise.allSettled(underWay);
          throw new NonFiniteError(measured.iteration, LOSS_NAMES[name] ?? name, value);
        }
      }
      yield measured;
    }
  }

  /** How large the model and its compiled steps are. */
  summary(): TrainerSummary {
    const parameters = ({ generator, critic }: TrainState) => ({
      generator: sizeOf(generator),
      critic: sizeOf(critic),
    });
    const programs = Object.entries(this.programs).map(([name, { report: { dispatches, copies, bytes } }]) => {
      return [name, { dispatches, copies, bytes }];
    });
    return {
      parameters: parameters(this.state.tensors),
      programs: Object.fromEntries(programs),
      gpuBytes: this.device.bytes,
    };
  }

  /** Values of the whole state, after the iterations so far. */
  read(): Promise<Tree<HostArray>> {
    return this.state.read();
  }

  /** Goes on from a state that was read after `iteration` iterations. */
  resume(iteration: number, values: Tree<HostArray>): void {
    this.state.write(values);
    this.#iteration = iteration;
  }

  /** Pictures of the moving average, the same latents every time: `[64, height, width, channels]`, in [-1, 1]. */
  async sample(): Promise<Pictures> {
    this.programs.sample.run();
    const { images } = await this.programs.sample.read();
    return { images: images as Float32Array, shape: [SAMPLES, ...this.options.model.image] };
  }

  /** Frees everything on the GPU. */
  destroy(): void {
    for (const program of Object.values(this.programs)) program.destroy();
    this.state.destroy();
  }

  #enqueue(): Promise<Measurement> {
    const { criticSteps } = this.options;
    const { critic, generator } = this.programs;
    for (let i = 0; i < criticSteps; i++) {
      critic.run({ indices: this.#batches.indices(this.#iteration * criticSteps + i) });
    }
    const ofCritic = critic.read();
    generator.run();
    const ofGenerator = generator.read();
    const iteration = ++this.#iteration;
    const measured = Promise.all([ofCritic, ofGenerator]).then(([c, g]) => ({
      iteration,
      ...Object.fromEntries(Object.entries({ ...c, ...g }).map(([name, value]) => [name, value[0]])),
    }));
    measured.catch(() => {}); // it is waited for later, or an earlier one has failed
    return measured;
  }
}

/** Number of elements in a tree. */
function sizeOf(tree: Tensors): number {
  return leavesOf<Tensor>(tree, isTensor).reduce((size, [, leaf]) => size + leaf.size, 0);
}

const LOSS_NAMES: Record<string, string> = {
  criticLoss: "the critic's loss",
  generatorLoss: "the generator's loss",
};
