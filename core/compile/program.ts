/** From a function of tensors to a list of dispatches that runs as often as wanted. */

import type { BufferRange, Device } from "../gpu/device.ts";
import { type Command, Readback, type Submit, submit } from "../gpu/executor.ts";
import { isTensor, type Tensors } from "../grad.ts";
import { input } from "../ops/source.ts";
import { sameShape, type Shape, ShapeError } from "../shape.ts";
import { type DType, type Tensor, TEXTURE_PITCH } from "../tensor.ts";
import { leavesOf } from "../tree.ts";
import { plan, type Update } from "./plan.ts";
import { selectKernels } from "./select.ts";
import { dtypeOf, type HostArray, hostArray, State, type StateLayout } from "./state.ts";
import { planStorage } from "./storage.ts";
import { sharedBufferOf } from "./together.ts";

export { type HostArray, State, type StateLayout } from "./state.ts";

/** Shape and element type (`f32` unless given) of a value that every run gets. */
export interface InputSpec {
  shape: Shape;
  dtype?: DType;
}

/** Inputs by name. */
export type InputSpecs = Readonly<Record<string, InputSpec>>;

/** Tensors by name. */
export type Named = Readonly<Record<string, Tensor>>;

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

/** What a program consists of. */
export interface ProgramReport {
  dispatches: number;
  /** Texture copies and copies of values that could not be replaced in place. */
  copies: number;
  /** Bytes of buffers and textures of the program itself, without the state. */
  bytes: number;
  /** The largest sum of bytes of intermediate values alive at once. */
  largestLiveSet: number;
  kernels: { label: string; multiplyAdds: number; workgroups: readonly number[] }[];
}

/** A compiled function: a list of commands on buffers it owns. */
export class Program {
  readonly #inputs: ReadonlyMap<string, { place: Tensor; buffer: GPUBuffer }>;
  readonly #outputs: readonly { name: string; tensor: Tensor; buffer: GPUBuffer }[];
  readonly #readback: Readback;

  constructor(
    readonly device: Device,
    readonly report: ProgramReport,
    readonly commands: readonly Command[],
    readonly owned: readonly (GPUBuffer | GPUTexture)[],
    inputs: ReadonlyMap<string, { place: Tensor; buffer: GPUBuffer }>,
    outputs: readonly { name: string; tensor: Tensor; buffer: GPUBuffer }[],
  ) {
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#readback = new Readback(device);
  }

  /**
   * Runs once: enqueues everything and returns without waiting.
   *
   * @param send Submits the commands in another way, such as to measure them
   * @throws {RangeError} If an input is missing, unknown, or of another size or type
   * @throws {DeviceError} If the adapter was lost
   */
  run(inputs: Readonly<Record<string, HostArray>> = {}, send: Submit = submit): void {
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
    for (const [name, { buffer }] of this.#inputs) {
      this.device.gpu.queue.writeBuffer(buffer, 0, inputs[name] as Float32Array<ArrayBuffer>);
    }
    send(this.device, this.commands);
  }

  /**
   * The outputs of the latest run. They are copied now; the promise resolves when that has happened.
   *
   * @throws {DeviceError} If the adapter was lost
   */
  async read(): Promise<Record<string, HostArray>> {
    const parts = await this.#readback.read(
      this.#outputs.map(({ tensor, buffer }) => ({ buffer, bytes: tensor.size * 4 })),
    );
    return Object.fromEntries(this.#outputs.map(({ name, tensor }, i) => [name, hostArray(tensor, parts[i])]));
  }

  /** Frees what the program owns; the state stays. */
  destroy(): void {
    this.#readback.destroy();
    for (const resource of this.owned) this.device.release(resource);
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
  { state, inputs }: CompileOptions<S, I> = {},
): Promise<Program> {
  const places = Object.fromEntries(
    Object.entries(inputs ?? {}).map(([name, spec]) => [name, input({ name, ...spec })]),
  ) as { [name in keyof I]: Tensor };
  const result = step(state?.tensors as S, places);
  const updates = state && result.state ? changedLeaves(state, result.state) : [];
  return await build(device, result.outputs ?? {}, updates, places);
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
    const program = await build(device, {}, updates, {});
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

/** The program that computes `outputs` and replaces variables; if it cannot be made, what it owned is freed. */
async function build(device: Device, outputs: Named, updates: readonly Update[], places: Named): Promise<Program> {
  const owned: (GPUBuffer | GPUTexture)[] = [];
  try {
    return await assemble(device, outputs, updates, places, owned);
  } catch (error) {
    for (const resource of owned) device.release(resource);
    throw error;
  }
}

/** Plans, compiles the pipelines, allocates and makes the commands. */
async function assemble(
  device: Device,
  outputs: Named,
  updates: readonly Update[],
  places: Named,
  owned: (GPUBuffer | GPUTexture)[],
): Promise<Program> {
  const planned = plan(Object.values(outputs), updates, device.traits);
  const kernels = await selectKernels(device, planned.kernels);
  const texts = kernels.map(({ text }) => text);
  const { buffers: memory, textures, freshTextures } = planStorage(texts, planned);
  const before = device.bytes;
  const own = <R extends GPUBuffer | GPUTexture>(resource: R): R => {
    owned.push(resource);
    return resource;
  };
  const ranges = new Map<Tensor, BufferRange>();
  const whole = (buffer: GPUBuffer): BufferRange => ({ buffer, offset: 0, size: buffer.size });
  const inputs = new Map(
    Object.entries(places).map(([name, place]) => {
      const buffer = own(device.createBuffer(place.size * 4, name));
      ranges.set(place, whole(buffer));
      return [name, { place, buffer }];
    }),
  );
  for (const source of planned.sources) ranges.set(source, ranges.get(source) ?? rangeOf(device, source, own));
  for (const [value, place] of planned.inPlace) ranges.set(value, rangeOf(device, place, own));
  const slots = memory.slots.map((bytes) => own(device.createBuffer(bytes, "intermediate values")));
  for (const [node, slot] of memory.slotOf) ranges.set(node, whole(slots[slot]));
  for (const [node, { whole, at }] of planned.parts) {
    ranges.set(node, { buffer: ranges.get(whole)!.buffer, offset: at * 4, size: Math.ceil(node.size / 4) * 16 });
  }
  const results = Object.keys(outputs).map((name, i) => {
    const tensor = planned.outputs[i];
    const buffer = own(device.createBuffer(tensor.size * 4, name));
    ranges.set(tensor, whole(buffer));
    return { name, tensor, buffer };
  });
  const operands = textures.slots.map((rows) => own(device.createTexture(TEXTURE_PITCH, rows, "operand")));
  const bytes = device.bytes - before;
  const textureOf = (node: Tensor) => operands[textures.slotOf.get(node)!];

  const commands = kernels.flatMap(({ text: { label, bindings, workgroups }, pipeline, layout }, i): Command[] => {
    const entries = bindings.map(({ node, access }, binding): GPUBindGroupEntry => ({
      binding,
      resource: access.startsWith("texture") ? textureOf(node).createView() : ranges.get(node)!,
    }));
    const bindGroup = device.gpu.createBindGroup({ label, layout, entries });
    return [
      ...freshTextures[i].map((node): Command => ({
        kind: "texture",
        from: ranges.get(node)!,
        to: textureOf(node),
        texels: Math.ceil(node.size / 4),
      })),
      { kind: "dispatch", label, pipeline, bindGroup, workgroups },
    ];
  });
  commands.push(...planned.copied.map(({ place, value }): Command => ({
    kind: "buffer",
    from: ranges.get(value)!,
    to: rangeOf(device, place, own),
    bytes: place.size * 4,
  })));
  const report: ProgramReport = {
    dispatches: texts.length,
    copies: commands.length - texts.length,
    bytes,
    largestLiveSet: memory.largestLiveSet,
    kernels: texts.map(({ label, multiplyAdds, workgroups }) => ({ label, multiplyAdds, workgroups })),
  };
  return new Program(device, report, commands, owned, inputs, results);
}

/** Where a variable lies; for a constant a new buffer that holds it. */
function rangeOf(device: Device, source: Tensor, own: (buffer: GPUBuffer) => GPUBuffer): BufferRange {
  const { name, data } = source.attributes;
  if (source.op.source === "constant") {
    const buffer = own(device.createBuffer(source.size * 4, "constant"));
    device.gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return { buffer, offset: 0, size: buffer.size };
  }
  const range = device.variables.get(source) ?? device.variables.get(sharedBufferOf(source) ?? source);
  if (range) return range;
  throw new TypeError(
    source.op.source === "input"
      ? `Cannot compile with input ${name}: it belongs to another function, expected one of this function's own inputs`
      : `Cannot compile with variable ${name}: its state is gone or on another device, expected a state of this device`,
  );
}
