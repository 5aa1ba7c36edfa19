/** From a function of tensors to a list of dispatches that runs as often as wanted. */

import type { Device } from "../gpu/device.ts";
import { type Command, Readback, submit } from "../gpu/executor.ts";
import { isTensor, type Tensors } from "../grad.ts";
import { input } from "../ops/source.ts";
import { sameShape, type Shape, ShapeError } from "../shape.ts";
import { type DType, type Tensor, TEXTURE_PITCH } from "../tensor.ts";
import { leavesOf } from "../tree.ts";
import { fuse, type Group, readsOf } from "./fuse.ts";
import { topologicalOrder } from "./graph.ts";
import { copy, lower } from "./lower.ts";
import { type Lifetime, planMemory } from "./memory.ts";
import { simplify } from "./simplify.ts";
import { type HostArray, hostArray, State } from "./state.ts";
import { type KernelText, writeKernel } from "./write.ts";

export { type HostArray, State } from "./state.ts";

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
  outputs?: Readonly<Record<string, Tensor>>;
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
    this.#readback = new Readback(device, Math.max(4, outputs.reduce((sum, { tensor }) => sum + tensor.size * 4, 0)));
  }

  /**
   * Runs once: enqueues everything and returns without waiting.
   *
   * @throws {RangeError} If an input is missing, unknown, or of another size or type
   * @throws {DeviceError} If the adapter was lost
   */
  run(inputs: Readonly<Record<string, HostArray>> = {}): void {
    const unknown = Object.keys(inputs).find((name) => !this.#inputs.has(name));
    if (unknown !== undefined) {
      throw new RangeError(
        `Cannot run with input ${unknown}: expected ${[...this.#inputs.keys()].join(", ") || "none"}`,
      );
    }
    for (const [name, { place }] of this.#inputs) {
      const value = inputs[name];
      if (value?.length !== place.size || (value instanceof Uint32Array) !== (place.dtype === "u32")) {
        const found = value ? `${value.length} numbers in a ${value.constructor.name}` : "nothing";
        throw new RangeError(`Cannot run with ${found} for ${name}: expected ${place.dtype} [${place.shape}]`);
      }
    }
    for (const [name, { buffer }] of this.#inputs) {
      this.device.gpu.queue.writeBuffer(buffer, 0, inputs[name] as Float32Array<ArrayBuffer>);
    }
    submit(this.device, this.commands);
  }

  /** The outputs of the latest run. They are copied now; the promise resolves when that has happened. */
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
 * @throws {ShapeError} If a new part of the state has not the shape and type of the old one
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
  return await build(device, Object.entries(result.outputs ?? {}), updates, places);
}

/** Computes tensors that need no state and no inputs: compiles, runs once, reads, frees. */
export async function evaluate(
  device: Device,
  tensors: Readonly<Record<string, Tensor>>,
): Promise<Record<string, HostArray>> {
  const program = await compile(device, () => ({ outputs: tensors }));
  program.run();
  const values = await program.read();
  program.destroy();
  return values;
}

/** Computes a tree once and keeps it on the GPU. */
export async function createState<S extends Tensors>(device: Device, tree: S): Promise<State<S>> {
  const leaves = leavesOf<Tensor>(tree, isTensor);
  const state = new State(device, tree, (leaf) => device.createBuffer(leaf.size * 4, "state"));
  const places = state.leaves();
  const updates = places.map(([path, place], i): Update => ({ path, place, value: leaves[i][1] }));
  const program = await build(device, [], updates, {});
  program.run();
  program.destroy();
  return state;
}

interface Update {
  path: string;
  place: Tensor;
  value: Tensor;
}

function changedLeaves<S extends Tensors>(state: State<S>, changed: Tensors): Update[] {
  const places = new Map(state.leaves());
  return leavesOf<Tensor>(changed, isTensor).flatMap(([path, value]) => {
    const place = places.get(path);
    if (place === undefined || !sameShape(place.shape, value.shape) || place.dtype !== value.dtype) {
      const expected = place ? `${place.dtype} [${place.shape}]` : `one of ${[...places.keys()].join(", ")}`;
      throw new ShapeError(`Cannot replace ${path} by ${value.dtype} [${value.shape}]: expected ${expected}`);
    }
    return value === place ? [] : [{ path, place, value }];
  });
}

async function build(
  device: Device,
  outputs: readonly (readonly [name: string, tensor: Tensor])[],
  updates: readonly Update[],
  places: Readonly<Record<string, Tensor>>,
): Promise<Program> {
  const wanted = [...outputs.map(([, tensor]) => tensor), ...updates.map(({ value }) => value)];
  // What leaves the program has a buffer of its own: sources, views and what is wanted twice are copied.
  const owned = (tensor: Tensor) => tensor.op.view || tensor.op.source ? copy(tensor) : tensor;
  const simple = simplify(lower(simplify(wanted).map(owned), device.traits)).map(owned);
  const values = simple.map((tensor, i) => simple.indexOf(tensor) < i ? copy(tensor) : tensor);
  const outputValues = values.slice(0, outputs.length);
  const newValues = values.slice(outputs.length);

  const { groups, roots } = fuse(values, newValues, device.traits);
  const reads = groups.map((group) =>
    new Set(group.members.flatMap((member) => readsOf(member, roots).map(({ node }) => node)))
  );
  const inPlace = new Map<Tensor, Tensor>();
  updates.forEach(({ place }, i) => {
    const at = groups.findIndex((group) => group.members.includes(newValues[i]));
    if (replaceable(place, groups[at], roots) && reads.every((set, other) => other <= at || !set.has(place))) {
      inPlace.set(newValues[i], place);
    }
  });
  const kept = new Set(values);
  const stored = new Set([...roots].filter((root) => {
    const own = groups.find((group) => group.members.includes(root));
    return kept.has(root) || groups.some((group, i) => group !== own && reads[i].has(root));
  }));

  const numbers = new Map<Tensor, number>();
  const number = (node: Tensor): number => {
    if (!numbers.has(node)) numbers.set(node, numbers.size);
    return numbers.get(node)!;
  };
  const texts = groups.map((group) => writeKernel(group, { adapter: device.traits, roots, stored, inPlace, number }));
  return await assemble(device, { groups, texts, stored, reads, inPlace }, {
    outputs: outputs.map(([name], i) => ({ name, tensor: outputValues[i] })),
    updates: updates.map(({ place }, i) => ({ place, value: newValues[i] })),
    places,
    sources: topologicalOrder(values).filter((node) => node.op.source),
  });
}

/** Whether a group may overwrite a variable: it reads it, if at all, element by element where it writes. */
function replaceable(place: Tensor, group: Group, roots: ReadonlySet<Tensor>): boolean {
  return group.members.every((member) =>
    readsOf(member, roots).every(({ node, inPlace }) => node !== place || inPlace)
  );
}

interface Kernels {
  groups: readonly Group[];
  texts: readonly KernelText[];
  stored: ReadonlySet<Tensor>;
  reads: readonly ReadonlySet<Tensor>[];
  inPlace: ReadonlyMap<Tensor, Tensor>;
}

interface Ends {
  outputs: readonly { name: string; tensor: Tensor }[];
  updates: readonly { place: Tensor; value: Tensor }[];
  places: Readonly<Record<string, Tensor>>;
  sources: readonly Tensor[];
}

/** Allocates, compiles the pipelines and makes the commands. */
async function assemble(device: Device, kernels: Kernels, ends: Ends): Promise<Program> {
  const { groups, texts, stored, reads, inPlace } = kernels;
  const owned: (GPUBuffer | GPUTexture)[] = [];
  const own = <R extends GPUBuffer | GPUTexture>(resource: R): R => {
    owned.push(resource);
    return resource;
  };
  const before = device.bytes;
  const buffers = new Map<Tensor, GPUBuffer>();
  for (const source of ends.sources) {
    if (source.op.source === "fill") continue;
    const { name } = source.attributes;
    if (source.op.source === "variable" && !device.variables.get(source)) {
      throw new TypeError(
        `Cannot compile with variable ${name}: its state was not made on this device, or was destroyed`,
      );
    }
    if (source.op.source === "input" && !Object.values(ends.places).includes(source)) {
      throw new TypeError(`Cannot compile with input ${name}: it is not among the inputs of this program`);
    }
    const buffer = device.variables.get(source) ?? own(device.createBuffer(source.size * 4, source.op.name));
    buffers.set(source, buffer);
    if (source.op.source === "constant") {
      device.gpu.queue.writeBuffer(buffer, 0, source.attributes.data as Float32Array<ArrayBuffer>);
    }
  }
  const inputs = new Map(
    Object.entries(ends.places).map(([name, place]) => {
      const buffer = buffers.get(place) ?? own(device.createBuffer(place.size * 4, name));
      return [name, { place, buffer }];
    }),
  );
  for (const { tensor } of ends.outputs) buffers.set(tensor, own(device.createBuffer(tensor.size * 4, "output")));
  for (const [value, place] of inPlace) buffers.set(value, device.variables.get(place)!);

  // Intermediate values share buffers; so do the textures that operands are copied to.
  const lastRead = (node: Tensor, list: readonly ReadonlySet<Tensor>[]) => list.findLastIndex((set) => set.has(node));
  const copied = new Set(ends.updates.filter(({ value }) => !inPlace.has(value)).map(({ value }) => value));
  const lifetimes: Lifetime<Tensor>[] = groups.flatMap((group, from) =>
    group.members.filter((member) => stored.has(member) && !buffers.has(member)).map((key) => {
      const to = copied.has(key) ? groups.length : Math.max(from, lastRead(key, reads));
      return { key, bytes: Math.ceil(key.size / 4) * 16, from, to };
    })
  );
  const plan = planMemory(lifetimes);
  const slots = plan.slots.map((bytes) => own(device.createBuffer(bytes, "intermediate values")));
  for (const [node, slot] of plan.slotOf) buffers.set(node, slots[slot]);

  const textured = texts.map((text) =>
    new Set(text.bindings.filter(({ access }) => access === "texture").map(({ node }) => node))
  );
  const textureKeys = [...new Set(textured.flatMap((set) => [...set]))];
  const texturePlan = planMemory(textureKeys.map((key) => ({
    key,
    bytes: Math.ceil(key.size / 4 / TEXTURE_PITCH), // rows
    from: textured.findIndex((set) => set.has(key)),
    to: lastRead(key, textured),
  })));
  const textures = texturePlan.slots.map((rows) => own(device.createTexture(TEXTURE_PITCH, rows, "operand")));

  const pipelines = await Promise.all(
    texts.map((text) => device.pipelines.get({ ...text, bindings: text.bindings.map(({ access }) => access) })),
  );
  const commands = texts.flatMap((text, i): Command[] => {
    const fresh = [...textured[i]].filter((node) => textured.findIndex((set) => set.has(node)) === i);
    const { pipeline, layout } = pipelines[i];
    const resourceOf = (node: Tensor, access: string): GPUBindingResource =>
      access === "texture" ? textures[texturePlan.slotOf.get(node)!].createView() : { buffer: buffers.get(node)! };
    const entries = text.bindings.map(({ node, access }, binding) => ({ binding, resource: resourceOf(node, access) }));
    const bindGroup = device.gpu.createBindGroup({ label: text.label, layout, entries });
    return [
      ...fresh.map((node): Command => ({
        kind: "texture",
        from: buffers.get(node)!,
        to: textures[texturePlan.slotOf.get(node)!],
        texels: Math.ceil(node.size / 4),
      })),
      { kind: "dispatch", label: text.label, pipeline, bindGroup, workgroups: text.workgroups },
    ];
  });
  for (const { place, value } of ends.updates) {
    if (inPlace.has(value)) continue;
    commands.push({
      kind: "buffer",
      from: buffers.get(value)!,
      to: device.variables.get(place)!,
      bytes: place.size * 4,
    });
  }
  const report: ProgramReport = {
    dispatches: texts.length,
    copies: commands.length - texts.length,
    bytes: device.bytes - before,
    largestLiveSet: plan.largestLiveSet,
    kernels: texts.map(({ label, multiplyAdds, workgroups }) => ({ label, multiplyAdds, workgroups })),
  };
  const outputs = ends.outputs.map((output) => ({ ...output, buffer: buffers.get(output.tensor)! }));
  return new Program(device, report, commands, owned, inputs, outputs);
}
