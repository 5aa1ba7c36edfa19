/** From what functions compute to commands on buffers: kernels are planned and compiled, memory is allocated and shared. */

import { type BufferRange, bytesOf, type Device } from "../gpu/device.ts";
import type { CachedTexture, Command } from "../gpu/executor.ts";
import type { Tensor } from "../tensor.ts";
import { type Plan, plan, type Update } from "./plan.ts";
import { type SelectedKernel, selectKernels } from "./select.ts";
import { Scratch, variableRange } from "./scratch.ts";
import { planStorage, type Storage, variablesInTextures } from "./storage.ts";
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
  readonly cached: readonly CachedTexture[];
  /** Variables, or buffers of several, that each run replaces. */
  readonly changes: readonly object[];
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
  const cached = worthCaching(prepared);
  const storages = prepared.map(({ kernels, planned }) =>
    planStorage(kernels.map(({ text }) => text), planned, cached)
  );
  const scratch = new Scratch(device);
  const all = prepared.map(() => new Set<GPUBuffer>());
  try {
    scratch.allocate(storages, cached);
    return prepared.map((one, i) => {
      const own = (bytes: number, label: string): GPUBuffer => {
        const buffer = device.createBuffer(bytes, label);
        all[i].add(buffer);
        return buffer;
      };
      return assembleOne({ ...one, device, storage: storages[i], scratch, own }, all[i]);
    });
  } catch (error) {
    for (const resource of all.flatMap((set) => [...set])) device.release(resource);
    scratch.free();
    throw error;
  }
}

/** Variables that several programs read through textures, and that not all of them replace at every run. */
function worthCaching(prepared: readonly Prepared[]): Set<Tensor> {
  const read = prepared.map(({ kernels }) => new Set(variablesInTextures(kernels.map(({ text }) => text))));
  const several = read.flatMap((set) => [...set])
    .filter((node) => read.filter((set) => set.has(node)).length > 1);
  const isReplaced = (node: Tensor) => ({ updates }: Prepared) =>
    updates.some(({ place }) =>
      place === node || sharedBufferOf(node) && sharedBufferOf(place) === sharedBufferOf(node)
    );
  return new Set(several.filter((node) => !prepared.every(isReplaced(node))));
}

/** Everything that a program is made in. */
interface Making extends Prepared {
  readonly device: Device;
  readonly storage: Storage;
  readonly scratch: Scratch;
  /** Allocates for this program alone. */
  own(bytes: number, label: string): GPUBuffer;
}

function assembleOne(making: Making, allocated: ReadonlySet<GPUBuffer>): Assembled {
  const { device, kernels, storage, scratch, updates } = making;
  const { ranges, inputs, outputs } = placesOf(making);
  const commands = commandsOf(making, ranges);
  const texts = kernels.map(({ text }) => text);
  const cached = variablesInTextures(texts).flatMap((node) => scratch.cached.get(node) ?? []);
  const textures = [...scratch.textures(storage), ...cached.map(({ copy }) => copy.to)];
  const owned = [...allocated, ...scratch.buffers(storage), ...textures];
  let released = false;
  return {
    report: {
      dispatches: texts.length,
      copies: cached.length + commands.length - texts.length,
      bytes: owned.reduce((total, resource) => total + bytesOf(resource), 0),
      largestLiveSet: storage.largestLiveSet + cached.reduce((total, { copy }) => total + 16 * copy.texels, 0),
      kernels: texts.map(({ label, multiplyAdds, workgroups }) => ({ label, multiplyAdds, workgroups })),
    },
    commands,
    cached,
    changes: [...new Set(updates.map(({ place }) => sharedBufferOf(place) ?? place))],
    owned,
    inputs,
    outputs,
    release: () => {
      if (released) return;
      released = true;
      for (const resource of allocated) device.release(resource);
      scratch.leave();
    },
  };
}

/** Where every value lies that is in a buffer. */
function placesOf({ device, planned, storage, scratch, own, outputs, places }: Making) {
  const ranges = new Map<Tensor, BufferRange>();
  const whole = (buffer: GPUBuffer): BufferRange => ({ buffer, offset: 0, size: buffer.size });
  const inputs = new Map(
    Object.entries(places).map(([name, place]) => {
      const buffer = own(place.size * 4, name);
      ranges.set(place, whole(buffer));
      return [name, { place, buffer }];
    }),
  );
  for (const source of planned.sources) {
    if (source.op.source === "constant") {
      const buffer = own(source.size * 4, "constant");
      device.gpu.queue.writeBuffer(buffer, 0, source.attributes.data as Float32Array<ArrayBuffer>);
      ranges.set(source, whole(buffer));
    } else if (!ranges.has(source)) ranges.set(source, variableRange(device, source));
  }
  for (const [value, place] of planned.inPlace) ranges.set(value, variableRange(device, place));
  for (const node of storage.freshTextures.flat()) {
    if (node.op.source === "variable") ranges.set(node, variableRange(device, node));
  }
  const slots = scratch.buffers(storage);
  for (const [node, slot] of storage.buffers.slotOf) ranges.set(node, whole(slots[slot]));
  for (const [node, { whole, at }] of planned.parts) {
    ranges.set(node, { buffer: ranges.get(whole)!.buffer, offset: at * 4, size: Math.ceil(node.size / 4) * 16 });
  }
  const results = Object.keys(outputs).map((name, i) => {
    const tensor = planned.outputs[i];
    const buffer = own(tensor.size * 4, name);
    ranges.set(tensor, whole(buffer));
    return { name, tensor, buffer };
  });
  return { ranges, inputs, outputs: results };
}

/** The kernels in order, each behind the copies that it needs; at the end the values that could not be put in place. */
function commandsOf({ device, planned, kernels, storage, scratch }: Making, ranges: ReadonlyMap<Tensor, BufferRange>) {
  const textures = scratch.textures(storage);
  const textureOf = (node: Tensor) => scratch.cached.get(node)?.copy.to ?? textures[storage.textures.slotOf.get(node)!];
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
  return [
    ...commands,
    ...planned.copied.map(({ place, value }): Command => ({
      kind: "buffer",
      from: ranges.get(value)!,
      to: variableRange(device, place),
      bytes: place.size * 4,
    })),
  ];
}
