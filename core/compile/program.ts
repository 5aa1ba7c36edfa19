/** From a function of tensors to a list of dispatches that runs as often as wanted. */

import type { Device } from "../gpu/device.ts";
import { type Command, Readback, type Submission, type Submit, submit } from "../gpu/executor.ts";
import { isTensor, type Tensors } from "../grad.ts";
import { input } from "../ops/source.ts";
import { sameShape, type Shape, ShapeError } from "../shape.ts";
import type { DType, Tensor } from "../tensor.ts";
import { leavesOf } from "../tree.ts";
import { assemble, type Assembled, type Named, prepare, type ProgramReport, type Traced } from "./assemble.ts";
import type { Update } from "./plan.ts";
import { dtypeOf, type HostArray, hostArray, State, type StateLayout } from "./state.ts";

export type { Named, ProgramReport, Traced } from "./assemble.ts";
export { type HostArray, State, type StateLayout } from "./state.ts";

/** Shape and element type (`f32` unless given) of a value that every run gets. */
export interface InputSpec {
  shape: Shape;
  dtype?: DType;
}

/** Inputs by name. */
export type InputSpecs = Readonly<Record<string, InputSpec>>;

/** What a compiled function returns: the parts of the state that change, and values to read. */
export interface StepResult {
  state?: Tensors;
  outputs?: Named;
}

/** What a program is compiled for: the state it may replace (others of the device it may read), and inputs. */
export interface CompileOptions<S extends Tensors, I extends InputSpecs> {
  state?: State<S>;
  inputs?: I;
}

/** A compiled function: a list of commands on buffers it owns. */
export class Program {
  readonly #inputs: Assembled["inputs"];
  readonly #outputs: Assembled["outputs"];
  readonly #cached: Assembled["cached"];
  readonly #steady: Assembled["commands"];
  readonly #changes: Assembled["changes"];
  readonly #release: () => void;
  readonly #owned: Assembled["owned"];
  /** Buffers of inputs, for each run in a submission. */
  readonly #staged: GPUBuffer[][] = [];
  readonly #readback: Readback;
  readonly report: ProgramReport;
  readonly commands: readonly Command[];

  constructor(
    readonly device: Device,
    { report, commands, cached, changes, owned, inputs, outputs, release }: Assembled,
  ) {
    this.report = report;
    this.commands = [...cached.map(({ copy }) => copy), ...commands];
    this.#steady = commands;
    this.#owned = owned;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#cached = cached;
    this.#changes = changes;
    this.#release = release;
    this.#readback = new Readback(device);
  }

  /**
   * Runs once: enqueues everything and returns without waiting.
   *
   * @param send Submits all commands in another way, such as to measure them; unless given, copies of unchanged
   * variables are left out
   * @throws {RangeError} If an input is missing, unknown, or of another size or type
   * @throws {DeviceError} If the adapter was lost
   */
  run(inputs: Readonly<Record<string, HostArray>> = {}, send?: Submit): void {
    this.#write(inputs);
    if (send) send(this.device, this.commands);
    else submit(this.device, this.#commandsNow());
    this.#ran();
  }

  /**
   * Runs once and gives the outputs: `run` and `read` in one submission.
   *
   * @throws {RangeError} As `run`
   * @throws {DeviceError} If the adapter was lost
   */
  async compute(inputs: Readonly<Record<string, HostArray>> = {}): Promise<Record<string, HostArray>> {
    this.#write(inputs);
    const outputs = this.#read(this.#commandsNow());
    this.#ran();
    return await outputs;
  }

  /**
   * Adds a run to a submission, with inputs of its own; it happens when that is sent, before the next one is begun.
   *
   * @throws {RangeError} As `run`
   */
  addTo(submission: Submission, inputs: Readonly<Record<string, HostArray>> = {}): void {
    this.#check(inputs);
    const turn = submission.turnOf(this);
    this.stage(turn + 1);
    for (const [i, [name, { place, buffer }]] of [...this.#inputs].entries()) {
      const from = { buffer: this.#staged[turn][i], offset: 0 };
      this.device.gpu.queue.writeBuffer(from.buffer, 0, inputs[name] as Float32Array<ArrayBuffer>);
      submission.add([{ kind: "buffer", from, to: { buffer, offset: 0 }, bytes: place.size * 4 }]);
    }
    submission.add(this.#commandsNow());
    this.#ran();
  }

  /** Allocates what the inputs of so many runs in one submission wait in. */
  stage(runs: number): void {
    while (this.#staged.length < runs) {
      this.#staged.push([...this.#inputs].map(([name, { buffer }]) => this.device.createBuffer(buffer.size, name)));
    }
  }

  /** Buffers and textures; those of intermediate values may be shared with other programs. */
  get owned(): readonly (GPUBuffer | GPUTexture)[] {
    return [...this.#owned, ...this.#staged.flat()];
  }

  #check(inputs: Readonly<Record<string, HostArray>>): void {
    const unknown = Object.keys(inputs).find((name) => !this.#inputs.has(name));
    if (unknown !== undefined) {
      throw new RangeError(
        `Cannot run with input ${unknown}: expected ${[...this.#inputs.keys()].join(", ") || "none"}`,
      );
    }
    for (const [name, { place }] of this.#inputs) {
      const value = inputs[name];
      if (value?.length !== place.size || dtypeOf(value) !== place.dtype) {
        const found = value ? `${value.length} numbers in a ${value.constructor.name}` : "nothing";
        throw new RangeError(`Cannot run with ${found} for ${name}: expected ${place.dtype} [${place.shape}]`);
      }
    }
  }

  #ran(): void {
    for (const texture of this.#cached) texture.fresh = true;
    for (const place of this.#changes) this.device.changed(place);
  }

  /** The commands without copies of variables that have not changed since the last one. */
  #commandsNow(): readonly Command[] {
    const stale = this.#cached.filter(({ fresh }) => !fresh);
    return stale.length === 0 ? this.#steady : [...stale.map(({ copy }) => copy), ...this.#steady];
  }

  /**
   * The outputs of the latest run. They are copied now; the promise resolves when that has happened.
   *
   * @throws {DeviceError} If the adapter was lost
   */
  read(): Promise<Record<string, HostArray>> {
    return this.#read();
  }

  async #read(before?: readonly Command[]): Promise<Record<string, HostArray>> {
    const sources = this.#outputs.map(({ tensor, buffer }) => ({ buffer, bytes: tensor.size * 4 }));
    const parts = await this.#readback.read(sources, before);
    return Object.fromEntries(this.#outputs.map(({ name, tensor }, i) => [name, hostArray(tensor, parts[i])]));
  }

  /** Enqueues the inputs. */
  #write(inputs: Readonly<Record<string, HostArray>>): void {
    this.#check(inputs);
    for (const [name, { buffer }] of this.#inputs) {
      this.device.gpu.queue.writeBuffer(buffer, 0, inputs[name] as Float32Array<ArrayBuffer>);
    }
  }

  /** Frees what the program owns; the state stays. */
  destroy(): void {
    this.#readback.destroy();
    this.#release();
    for (const buffer of this.#staged.splice(0).flat()) this.device.release(buffer);
  }
}

/**
 * Traces `step` once and compiles what it describes: equal values once, elementwise chains inside other kernels, few
 * buffers used again and again, the state replaced in place.
 *
 * @returns A program that runs as often as wanted; the example of the module shows one
 * @throws {ShapeError} If a new part of the state has not the shape and type of the old one
 * @throws {TypeError} If the function uses an input of another one, or a variable without its state
 * @throws {DeviceError} If a value is larger than the adapter can bind
 */
export async function compile<S extends Tensors, I extends InputSpecs>(
  device: Device,
  step: (state: S, inputs: { [name in keyof I]: Tensor }) => StepResult,
  options: CompileOptions<S, I> = {},
): Promise<Program> {
  return (await compileTogether(device, [trace(step, options)]))[0];
}

/** What a function computes, seen by calling it once with tensors that stand for state and inputs. */
export function trace<S extends Tensors, I extends InputSpecs>(
  step: (state: S, inputs: { [name in keyof I]: Tensor }) => StepResult,
  { state, inputs }: CompileOptions<S, I> = {},
): Traced {
  const places = Object.fromEntries(
    Object.entries(inputs ?? {}).map(([name, spec]) => [name, input({ name, ...spec })]),
  ) as { [name in keyof I]: Tensor };
  const result = step(state?.tensors as S, places);
  const updates = state && result.state ? changedLeaves(state, result.state) : [];
  return { outputs: result.outputs ?? {}, updates, places };
}

/**
 * Compiles several functions as `compile` does. The programs share the memory of their intermediate values, since what one
 * leaves there no other one reads.
 *
 * @throws As `compile`
 */
export async function compileTogether(device: Device, traced: readonly Traced[]): Promise<Program[]> {
  const prepared = await Promise.all(traced.map((one) => prepare(device, one)));
  return assemble(device, prepared).map((assembled) => new Program(device, assembled));
}

/**
 * Computes tensors that need no inputs: compiles, runs once, reads, frees.
 *
 * @returns The values by name, row-major
 * @throws {DeviceError} If a value is larger than the adapter can bind, or the adapter was lost
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { constant, evaluate, matmul, openDevice } from "@hmog/hmog";
 *
 * const device = await openDevice();
 * const [a, b] = [constant([1, 2, 3, 4], [2, 2]), constant([10, 100], [2, 1])];
 * const { c } = await evaluate(device, { c: matmul(a, b) });
 * assertEquals([...c], [210, 430]);
 * await device.destroy();
 * ```
 */
export async function evaluate(device: Device, tensors: Named): Promise<Record<string, HostArray>> {
  const program = await compile(device, () => ({ outputs: tensors }));
  try {
    program.run();
    return await program.read();
  } finally {
    program.destroy();
  }
}

/**
 * Computes a tree once and keeps it on the GPU.
 *
 * @returns The state, whose `tensors` have the same names; `destroy` frees it
 * @throws {DeviceError} If a leaf is larger than the adapter can bind, or the adapter was lost
 */
export async function createState<S extends Tensors>(
  device: Device,
  tree: S,
  layout?: StateLayout,
): Promise<State<S>> {
  const leaves = leavesOf<Tensor>(tree, isTensor);
  const state = new State(device, tree, layout);
  const places = state.leaves();
  const updates = places.map(([, place], i): Update => ({ place, value: leaves[i][1] }));
  try {
    const [program] = await compileTogether(device, [{ outputs: {}, updates, places: {} }]);
    program.run();
    program.destroy();
    return state;
  } catch (error) {
    state.destroy();
    throw error;
  }
}

function changedLeaves<S extends Tensors>(state: State<S>, changed: Tensors): Update[] {
  const places = new Map(state.leaves());
  return leavesOf<Tensor>(changed, isTensor).flatMap(([path, value]) => {
    const place = places.get(path);
    if (place === undefined || !sameShape(place.shape, value.shape) || place.dtype !== value.dtype) {
      const expected = place ? `${place.dtype} [${place.shape}]` : `one of ${[...places.keys()].join(", ")}`;
      throw new ShapeError(`Cannot replace ${path} by ${value.dtype} [${value.shape}]: expected ${expected}`);
    }
    return value === place ? [] : [{ place, value }];
  });
}
