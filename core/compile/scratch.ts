/** Memory that programs share which never run at the same time. */

import type { BufferRange, Device } from "../gpu/device.ts";
import type { CachedTexture } from "../gpu/executor.ts";
import { type Tensor, TEXTURE_PITCH } from "../tensor.ts";
import { rowsOf, type Storage } from "./storage.ts";
import { sharedBufferOf } from "./together.ts";

/** Memory of intermediate values: the largest slots of every program share a buffer or texture, and so on downwards. */
export class Scratch {
  readonly #buffers: GPUBuffer[] = [];
  readonly #textures: GPUTexture[] = [];
  /** Textures of variables. */
  readonly cached = new Map<Tensor, CachedTexture>();
  #users = 0;

  constructor(readonly device: Device) {}

  get resources(): readonly (GPUBuffer | GPUTexture)[] {
    return [...this.#buffers, ...this.#textures, ...[...this.cached.values()].map(({ copy }) => copy.to)];
  }

  allocate(storages: readonly Storage[], cached: ReadonlySet<Tensor>): void {
    this.#users = storages.length;
    for (const bytes of largest(storages.map(({ buffers }) => buffers.slots))) {
      this.#buffers.push(this.device.createBuffer(bytes, "intermediate values"));
    }
    for (const rows of largest(storages.map(({ textures }) => textures.slots))) {
      this.#textures.push(this.device.createTexture(TEXTURE_PITCH, rows, "operand"));
    }
    for (const node of cached) {
      const from = variableRange(this.device, node);
      const to = this.device.createTexture(TEXTURE_PITCH, rowsOf(node), "operand");
      const texture: CachedTexture = {
        copy: { kind: "texture", from, to, texels: Math.ceil(node.size / 4) },
        fresh: false,
      };
      this.cached.set(node, texture);
      const key = sharedBufferOf(node) ?? node;
      this.device.cached.set(key, [...this.device.cached.get(key) ?? [], texture]);
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
    if (--this.#users === 0) this.free();
  }

  /** Frees everything at once. */
  free(): void {
    for (const resource of this.resources) this.device.release(resource);
    for (const [node, texture] of this.cached) {
      const key = sharedBufferOf(node) ?? node;
      this.device.cached.set(key, this.device.cached.get(key)!.filter((other) => other !== texture));
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

/** Where a variable lies. */
export function variableRange(device: Device, source: Tensor): BufferRange {
  const { name } = source.attributes;
  const range = device.variables.get(source) ?? device.variables.get(sharedBufferOf(source) ?? source);
  if (range) return range;
  throw new TypeError(
    source.op.source === "input"
      ? `Cannot compile with input ${name}: it belongs to another function, expected one of this function's own inputs`
      : `Cannot compile with variable ${name}: its state is gone or on another device, expected a state of this device`,
  );
}
