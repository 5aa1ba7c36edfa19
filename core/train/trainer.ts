/** A model in training: its state on the GPU, its steps compiled once and run as often as wanted. */

import { compileTogether, createState, type HostArray, type Program, type State, trace } from "../compile/program.ts";
import type { Device } from "../gpu/device.ts";
import { Submission, type Submit } from "../gpu/executor.ts";
import { isTensor, type Tensors } from "../grad.ts";
import { depthAt } from "../models/schedule.ts";
import type { Tensor } from "../tensor.ts";
import { leavesOf, type Tree } from "../tree.ts";
import { Batches, checkBatch } from "./batches.ts";
import { grownState } from "./grow.ts";
import { type Fed, type Feed, feedOf, type Pictures, type TrainingImages } from "./images.ts";
import type { TrainOptions } from "./options.ts";
import type { StepName } from "./profile.ts";
import {
  criticStep,
  generatorSeesReal,
  generatorStep,
  initialState,
  samplesOf,
  sampleStep,
  together,
  type TrainState,
} from "./steps.ts";

/** Numbers of one iteration by name: `criticLoss`, `generatorLoss`, and what the objective and the mixture add. */
export type Measurement = { iteration: number } & Record<string, number>;

/** What a model and its steps consist of: numbers of parameters, dispatches and copies, bytes on the GPU. */
export interface TrainerSummary {
  parameters: { generator: number; critic: number; recogniser?: number };
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

const QUEUE = { software: 2, gpu: 16 }; // iterations under way; a wait of 10-12 ms must not hold up a fast GPU

/** Runs a step of an iteration, counted from 1, in its own way; `run` takes how the commands are submitted. */
export type StepWatch = (step: StepName, iteration: number, run: (send?: Submit) => void) => void;

/** A model in training: its state on the GPU and the compiled steps. */
export class Trainer {
  #iteration = 0;
  #measured = 0;
  /** Runs the steps instead, such as to measure them. */
  watch: StepWatch | null = null;
  readonly #batches: Batches;
  #compiled: Compiled;

  private constructor(
    readonly device: Device,
    readonly options: TrainOptions,
    readonly data: TrainingImages,
    compiled: Compiled,
  ) {
    this.#batches = new Batches(data.shape[0], options.batch, options.seed);
    this.#compiled = compiled;
  }

  /**
   * Puts data and starting values on the GPU and compiles the steps.
   *
   * @param iteration Iterations done before, which decide how deep a growing tree is
   * @throws {RangeError} If the images are not of the model's size or fewer than a batch
   * @throws {DeviceError} If the GPU cannot hold them
   */
  static async create(
    device: Device,
    options: TrainOptions,
    data: TrainingImages,
    { iteration = 0 } = {},
  ): Promise<Trainer> {
    const [count, ...image] = data.shape;
    if (image.join() !== options.model.image.join()) {
      throw new RangeError(
        `Cannot train on images of ${image.join("x")}: expected ${options.model.image.join("x")}, as the model makes`,
      );
    }
    checkBatch(count, options.batch); // before anything is allocated
    return new Trainer(
      device,
      options,
      data,
      await compileSteps(device, options, data, depthAfter(options, iteration)),
    );
  }

  /** The state on the GPU; another one after the tree has grown. */
  get state(): State<TrainState> {
    return this.#compiled.state;
  }

  /** The compiled steps; others after the tree has grown. */
  get programs(): Programs {
    return this.#compiled.programs;
  }

  /** The depth of the tree now. */
  get depth(): number {
    return this.#compiled.depth;
  }

  /** Iterations done, or enqueued. */
  get iteration(): number {
    return this.#iteration;
  }

  /** Iterations whose numbers are known. */
  get measured(): number {
    return this.#measured;
  }

  /**
   * Trains until `iteration` is reached or `signal` aborts, and yields the numbers of each iteration in order. A few
   * iterations are under way at a time, so that no step waits for a number; at the end none is.
   *
   * @throws {NonFiniteError} If a loss is no finite number
   * @throws {DeviceError} If the adapter is lost
   */
  async *run(iteration: number, signal?: Pick<AbortSignal, "aborted">): AsyncGenerator<Measurement> {
    const depth = this.device.traits.software ? QUEUE.software : QUEUE.gpu;
    const underWay: Promise<Measurement>[] = [];
    while (true) {
      while (underWay.length < depth && this.#iteration < iteration && !signal?.aborted) underWay.push(this.#enqueue());
      const next = underWay.shift();
      if (next === undefined) return;
      const measured = await next;
      this.#measured = measured.iteration;
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
    const { generator, critic, recogniser } = this.state.tensors;
    const parameters = {
      generator: sizeOf(generator),
      critic: sizeOf(critic),
      ...recogniser && { recogniser: sizeOf(recogniser) },
    };
    const programs = Object.entries(this.programs).map(([name, { report: { dispatches, copies, bytes } }]) => {
      return [name, { dispatches, copies, bytes }];
    });
    return {
      parameters,
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
    this.#iteration = this.#measured = iteration;
  }

  /**
   * Splits the leaves of the tree, where the options say that this is done after the iterations so far: no picture
   * changes by that. What the shallower tree took on the GPU is freed first.
   *
   * @returns Whether they were split
   * @throws {DeviceError} If the adapter is lost, or cannot hold the deeper tree
   */
  async grow(): Promise<boolean> {
    const { device, options, data } = this;
    const depth = depthAfter(options, this.#iteration + 1);
    if (depth === this.depth) return false;
    const before = await this.read();
    this.destroy();
    this.#compiled = await compileSteps(device, options, data, depth);
    this.state.write(grownState(before, { start: await this.read(), depth }));
    return true;
  }

  /** Pictures of the moving average, the same latents every time: `[64, height, width, channels]`, in [-1, 1]; 2048 points. */
  async sample(): Promise<Pictures> {
    this.programs.sample.run();
    const { images, weights } = await this.programs.sample.read() as Record<string, Float32Array>;
    return { images, weights, shape: [samplesOf(this.options), ...this.options.model.image] };
  }

  /** Frees everything on the GPU. */
  destroy(): void {
    for (const part of this.#compiled.owned.splice(0)) part.destroy();
  }

  #enqueue(): Promise<Measurement> {
    const { criticSteps } = this.options;
    const { critic, generator } = this.programs;
    const real = generatorSeesReal(this.options);
    const perIteration = criticSteps + Number(real);
    const { feed } = this.#compiled;
    const batch = (i: number) => feed.values(this.#batches.indices(this.#iteration * perIteration + i));
    const batches = Array.from({ length: criticSteps }, (_, i) => batch(i));
    const ofGenerator = real ? batch(criticSteps) : {};
    if (this.watch === null) {
      const submission = new Submission(this.device);
      for (const inputs of batches) critic.addTo(submission, inputs);
      generator.addTo(submission, ofGenerator);
      submission.send();
    } else {
      const iteration = this.#iteration + 1;
      for (const inputs of batches) this.watch("critic", iteration, (send) => critic.run(inputs, send));
      this.watch("generator", iteration, (send) => generator.run(ofGenerator, send));
    }
    const numbers = [critic.read(), generator.read()];
    const iteration = ++this.#iteration;
    const measured = Promise.all(numbers).then(([c, g]) => ({
      iteration,
      ...Object.fromEntries(Object.entries({ ...c, ...g }).map(([name, value]) => [name, value[0]])),
    }));
    measured.catch(() => {}); // it is waited for later, or an earlier one has failed
    return measured;
  }
}

/** The compiled steps. */
export type Programs = { critic: Program; generator: Program; sample: Program };

/** What is on the GPU for a tree of one depth. */
interface Compiled {
  readonly depth: number;
  readonly state: State<TrainState>;
  readonly programs: Programs;
  readonly feed: Feed;
  /** What is still to be freed. */
  readonly owned: { destroy(): void }[];
}

const depthAfter = ({ model, grow }: TrainOptions, iteration: number): number =>
  depthAt({ depth: model.depth, splits: grow }, iteration);

async function compileSteps(
  device: Device,
  final: TrainOptions,
  data: TrainingImages,
  depth: number,
): Promise<Compiled> {
  const options = { ...final, model: { ...final.model, depth } };
  const start = initialState(options);
  const state = await createState(device, start, { together: together(start) });
  const feed = feedOf(data, { batch: options.batch, largest: device.maxBufferBytes });
  const inputs = feed.inputs;
  const [critic, generator, sample] = await compileTogether(device, [
    // A CPU driver compiles a kernel for 0.1 to 0.5 s: 7 s instead of 11 before the first step, for steps 5 % longer.
    trace(fed(criticStep(options, data, { apart: device.traits.software })), { state, inputs }),
    generatorSeesReal(options)
      ? trace(fed(generatorStep(options, data)), { state, inputs })
      : trace((now: TrainState) => generatorStep(options, data)(now), { state }),
    trace(sampleStep(options), { state }),
  ]);
  critic.stage(options.criticSteps);
  return { depth, state, feed, programs: { critic, generator, sample }, owned: [critic, generator, sample, state] };
}

/** A step with its inputs as a program gives them. */
const fed = <R>(step: (state: TrainState, fed: Fed) => R) => (state: TrainState, inputs: Record<string, Tensor>): R =>
  step(state, inputs as Fed);

/** Number of elements in a tree. */
function sizeOf(tree: Tensors): number {
  return leavesOf<Tensor>(tree, isTensor).reduce((size, [, leaf]) => size + leaf.size, 0);
}

const LOSS_NAMES: Record<string, string> = {
  criticLoss: "the critic's loss",
  generatorLoss: "the generator's loss",
  identityLoss: "the loss of telling generators apart",
  recognitionLoss: "the recogniser's loss",
  decisionInformation: "the information of decisions",
  gradientNorm: "the critic's gradient norm",
  wasserstein: "the Wasserstein estimate",
  leafUsageEntropy: "the entropy of leaf usage",
  largestWeight: "the largest path weight",
};
