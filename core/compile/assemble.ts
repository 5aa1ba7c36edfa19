/** From what functions compute to commands on buffers: kernels are planned and compiled, memory is allocated and shared. */

import { type BufferRange, bytesOf, type Device } from "../gpu/device.ts";
import type { Command, KeptTexture } from "../gpu/executor.ts";
import { type Tensor, TEXTURE_PITCH } from "../tensor.ts";
import { type Plan, plan, type Update } from "./plan.ts";
import { type SelectedKernel, selectKernels } from "./select.ts";
import { planStorage, rowsOf, type Storage, variablesInTextures } from "./storage.ts";
import { sharedBufferOf } from "./together.ts";

/** Tensors by name. */
export type Named = Readonly<Record<string, Tensor>>;

/** What a function computes: values to read, values that replace variables, and the inputs that each run gets. */
export interface Traced {
  readonly outputs: Named;
  readonly updates: readonly Update[];
  readonly places: Named;
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

/** What a program is made from. */
export interface Assembled {
  readonly report: ProgramReport;
  readonly commands: readonly Command[];
  /** Textures of variables, to be copied before the other commands where they are not fresh. */
  readonly kept: readonly KeptTexture[];
  /** Variables that each run replaces. */
  readonly changes: readonly Tensor[];
  readonly owned: readonly (GPUBuffer | GPUTexture)[];
  readonly inputs: ReadonlyMap<string, { place: Tensor; buffer: GPUBuffer }>;
  readonly outputs: readonly { name: string; tensor: Tensor; buffer: GPUBuffer }[];
  /** Frees what nothing else uses. */
  readonly release: () => void;
}

/** A program of which everything is known but its memory. */
export interface Prepared extends Traced {
  readonly planned: Plan;
  readonly kernels: readonly SelectedKernel[];
}

/** Plans a program and compiles its kernels. */
export async function prepare(device: Device, traced: Traced): Promise<Prepared> {
  const planned = plan(Object.values(traced.outputs), traced.updates, device.traits);
  const kernels = await selectKernels(device, planned.kernels);
  return { ...traced, planned, kernels };
}

/** Allocates memory and makes the commands; if that fails, what was allocated is freed. */
export function assemble(device: Device, prepared: readonly Prepared[]): Assembled[] {
  const kept = worthKeeping(prepared);
  const storages = prepared.map(({ kernels, planned }) => planStorage(kernels.map(({ text }) => text), planned, kept));
  const scratch = new Scratch(device);
  const all = prepared.map(() => new Set<GPUBuffer | GPUTexture>());
  try {
    scratch.allocate(storages, kept);
    return prepared.map((one, i) => assembleOne(device, { ...one, storage: storages[i], scratch }, all[i]));
  } catch (error) {
    for (const resource of [...scratch.resources, ...all.flatMap((set) => [...set])]) device.release(resource);
    throw error;
  }
}

/** Variables that several programs read through textures, and that not all of them replace at every run. */
function worthKeeping(prepared: readonly Prepared[]): Set<Tensor> {
  const read = prepared.map(({ kernels }) => new Set(variablesInTextures(kernels.map(({ text }) => text))));
  const several = [...read[0] ?? [], ...read.slice(1).flatMap((set) => [...set])]
    .filter((node) => read.filter((set) => set.has(node)).length > 1);
  const isReplaced = (node: Tensor) => ({ updates }: Prepared) => updates.some(({ place }) => place === node);
  return new Set(several.filter((node) => !prepared.every(isReplaced(node))));
}

/** Memory of intermediate values: the largest slots of every program share a buffer or texture, and so on downwards. */
class Scratch {
  readonly #buffers: GPUBuffer[] = [];
  readonly #textures: GPUTexture[] = [];
  /** Textures of variables. */
  readonly kept = new Map<Tensor, KeptTexture>();
  #users = 0;

  constructor(readonly device: Device) {}

  get resources(): readonly (GPUBuffer | GPUTexture)[] {
    return [...this.#buffers, ...this.#textures, ...[...this.kept.values()].map(({ copy }) => copy.to)];
  }

  allocate(storages: readonly Storage[], kept: ReadonlySet<Tensor>): void {
    this.#users = storages.length;
    for (const bytes of largest(storages.map(({ buffers }) => buffers.slots))) {
      this.#buffers.push(this.device.createBuffer(bytes, "intermediate values"));
    }
    for (const rows of largest(storages.map(({ textures }) => textures.slots))) {
      this.#textures.push(this.device.createTexture(TEXTURE_PITCH, rows, "operand"));
    }
    for (const node of kept) {
      const to = this.device.createTexture(TEXTURE_PITCH, rowsOf(node), "operand");
      const from = variableRange(this.device, node);
      const texture: KeptTexture = {
        copy: { kind: "texture", from, to, texels: Math.ceil(node.size / 4) },
        fresh: false,
      };
      this.kept.set(node, texture);
      this.device.kept.set(node, [...this.device.kept.get(node) ?? [], texture]);
    }
  }

  /** The buffers for the slots of a program. */
  buffers({ buffers }: Storage): GPUBuffer[] {
    return inOrder(this.#buffers, buffers.slots);
  }

  /** The textures for its other slots. */
  textures({ textures }: Storage): GPUTexture[] {
    return inOrder(this.#textures, textures.slots);
  }

  /** Frees everything when the last program that uses it is gone. */
  leave(): void {
    if (--this.#users > 0) return;
    for (const resource of this.resources) this.device.release(resource);
    for (const [node, texture] of this.kept) {
      this.device.kept.set(node, this.device.kept.get(node)!.filter((other) => other !== texture));
    }
  }
}

/** The largest of the largest numbers, that of the second largest, and so on. */
function largest(lists: readonly (readonly number[])[]): number[] {
  const sorted = lists.map((list) => list.toSorted((a, b) => b - a));
  const count = Math.max(...sorted.map((list) => list.length));
  return Array.from({ length: count }, (_, i) => Math.max(...sorted.map((list) => list[i] ?? 0)));
}

/** The resources, from the largest on, for slots of these sizes. */
function inOrder<R>(resources: readonly R[], slots: readonly number[]): R[] {
  const bySize = [...slots.keys()].sort((a, b) => slots[b] - slots[a]);
  return slots.map((_, slot) => resources[bySize.indexOf(slot)]);
}

function assembleOne(
  device: Device,
  { planned, kernels, storage, scratch, outputs, updates, places }: Prepared & { storage: Storage; scratch: Scratch },
  allocated: Set<GPUBuffer | GPUTexture>,
): Assembled {
  const own = (buffer: GPUBuffer): GPUBuffer => {
    allocated.add(buffer);
    return buffer;
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
  const slots = scratch.buffers(storage);
  for (const [node, slot] of storage.buffers.slotOf) ranges.set(node, whole(slots[slot]));
  for (const [node, { whole, at }] of planned.parts) {
    ranges.set(node, { buffer: ranges.get(whole)!.buffer, offset: at * 4, size: Math.ceil(node.size / 4) * 16 });
  }
  const results = Object.keys(outputs).map((name, i) => {
    const tensor = planned.outputs[i];
    const buffer = own(device.createBuffer(tensor.size * 4, name));
    ranges.set(tensor, whole(buffer));
    return { name, tensor, buffer };
  });
  const operands = scratch.textures(storage);
  const textureOf = (node: Tensor) => scratch.kept.get(node)?.copy.to ?? operands[storage.textures.slotOf.get(node)!];

  const commands = kernels.flatMap(({ text: { label, bindings, workgroups }, pipeline, layout }, i): Command[] => {
    const entries = bindings.map(({ node, access }, binding): GPUBindGroupEntry => ({
      binding,
      resource: access.startsWith("texture") ? textureOf(node).createView() : ranges.get(node)!,
    }));
    const bindGroup = device.gpu.createBindGroup({ label, layout, entries });
    return [
      ...storage.freshTextures[i].map((node): Command => ({
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
  const texts = kernels.map(({ text }) => text);
  const kept = variablesInTextures(texts).flatMap((node) => scratch.kept.get(node) ?? []);
  const owned = [...allocated, ...slots, ...operands, ...kept.map(({ copy }) => copy.to)];
  return {
    report: {
      dispatches: texts.length,
      copies: kept.length + commands.length - texts.length,
      bytes: owned.reduce((total, resource) => total + bytesOf(resource), 0),
      largestLiveSet: storage.largestLiveSet + kept.reduce((total, { copy }) => total + 16 * copy.texels, 0),
      kernels: texts.map(({ label, multiplyAdds, workgroups }) => ({ label, multiplyAdds, workgroups })),
    },
    commands,
    kept,
    changes: updates.map(({ place }) => place),
    owned,
    inputs,
    outputs: results,
    release: () => {
      for (const resource of allocated) device.release(resource);
      scratch.leave();
    },
  };
}

/** Where a variable lies; for a constant a new buffer that holds it. */
function rangeOf(device: Device, source: Tensor, own: (buffer: GPUBuffer) => GPUBuffer): BufferRange {
  if (source.op.source === "constant") {
    const buffer = own(device.createBuffer(source.size * 4, "constant"));
    device.gpu.queue.writeBuffer(buffer, 0, source.attributes.data as Float32Array<ArrayBuffer>);
    return { buffer, offset: 0, size: buffer.size };
  }
  return variableRange(device, source);
}

/** Where a variable lies. */
function variableRange(device: Device, source: Tensor): BufferRange {
  const { name } = source.attributes;
  const range = device.variables.get(source) ?? device.variables.get(sharedBufferOf(source) ?? source);
  if (range) return range;
  throw new TypeError(
    source.op.source === "input"
      ? `Cannot compile with input ${name}: it belongs to another function, expected one of this function's own inputs`
      : `Cannot compile with variable ${name}: its state is gone or on another device, expected a state of this device`,
  );
}
