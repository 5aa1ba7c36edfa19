/** Values that stay on the GPU: parameters, moments, step counters. */

import { isTensor, type Tensors } from "../grad.ts";
import type { BufferRange, Device } from "../gpu/device.ts";
import { Readback } from "../gpu/executor.ts";
import { type Placeholder, type SharedBuffer, variable } from "../ops/source.ts";
import { sizeOf } from "../shape.ts";
import type { DType, Tensor } from "../tensor.ts";
import { leavesOf, mapTree, type Tree } from "../tree.ts";
import { sharedBufferOf } from "./together.ts";

/** Values on the host. */
export type HostArray = Float32Array | Uint32Array;

/** Whether a tree is a single array. */
export const isHostArray = (value: unknown): value is HostArray => dtypeOf(value) !== undefined;

/** The element type an array is for; undefined for other values. */
export function dtypeOf(value: unknown): DType | undefined {
  return value instanceof Float32Array ? "f32" : value instanceof Uint32Array ? "u32" : undefined;
}

/** The numbers of a tensor's bytes. */
export function hostArray(tensor: Tensor, bytes: ArrayBuffer): HostArray {
  return tensor.dtype === "f32" ? new Float32Array(bytes) : new Uint32Array(bytes);
}

/** How a state lies in memory. */
export interface StateLayout {
  /**
   * Paths of subtrees whose `f32` leaves share a buffer. Where a step replaces all leaves of subtrees with equal leaves in
   * the same way, as an optimiser does, it does so by one kernel and not by one for each leaf.
   */
  together?: readonly string[];
}

/** Where one leaf may begin behind another: what every adapter can bind. */
const ALIGNMENT = 256 / 4;

/** A tree of tensors that live on the GPU; programs read and replace them. Made by `createState`. */
export class State<S extends Tensors> {
  readonly #readback: Readback;
  readonly #buffers: GPUBuffer[] = [];
  readonly #variables = new Map<string, Tensor>();
  /** The same tree; every leaf is a variable, for use in compiled functions. */
  readonly tensors: S;
  /** Bytes on the GPU. */
  readonly bytes: number;

  /**
   * Allocates room for every leaf of `tree`.
   *
   * @throws {DeviceError} If one is larger than the adapter can bind
   */
  constructor(readonly device: Device, tree: S, { together = [] }: StateLayout = {}) {
    this.#readback = new Readback(device);
    const before = device.bytes;
    try {
      const places = new Map(
        leavesOf<Tensor>(tree, isTensor).map(([path, { shape, dtype }]) => [path, { name: path, shape, dtype }]),
      );
      for (const prefix of together) this.#allocateTogether(places, prefix);
      for (const [path, place] of places) {
        if (this.#variables.has(path)) continue;
        const [buffer, size] = this.#allocate(sizeOf(place.shape), path);
        this.#define(path, variable(place), { buffer, offset: 0, size });
      }
    } catch (error) {
      this.destroy();
      throw error;
    }
    this.tensors = mapTree<Tensor, Tensor>(tree, isTensor, (_, path) => this.#variables.get(path)!) as S;
    this.bytes = device.bytes - before;
  }

  #define(path: string, place: Tensor, range: BufferRange): void {
    this.device.variables.set(place, range);
    this.#variables.set(path, place);
  }

  #allocate(elements: number, label: string): [buffer: GPUBuffer, size: number] {
    const buffer = this.device.createBuffer(elements * 4, label);
    this.#buffers.push(buffer);
    return [buffer, buffer.size];
  }

  /** Leaves under a path in as few buffers as the adapter's limit allows. */
  #allocateTogether(places: ReadonlyMap<string, Placeholder>, prefix: string): void {
    const wanted = [...places].filter(([path, { dtype }]) => `${path}/`.startsWith(`${prefix}/`) && dtype === "f32");
    const most = Math.floor(this.device.maxBufferBytes / 4);
    for (let next = 0; next < wanted.length;) {
      const parts: { path: string; place: Placeholder; at: number }[] = [];
      let size = 0;
      for (; next < wanted.length; next++) {
        const [path, place] = wanted[next];
        const end = Math.ceil((size + sizeOf(place.shape)) / ALIGNMENT) * ALIGNMENT;
        if (parts.length > 0 && end > most) break;
        parts.push({ path, place, at: size });
        size = end;
      }
      const shared: SharedBuffer = { size, count: parts.length };
      const [buffer] = this.#allocate(size, parts.length === 1 ? parts[0].path : prefix);
      this.device.variables.set(shared, { buffer, offset: 0, size: size * 4 });
      for (const { path, place, at } of parts) {
        const range = { buffer, offset: at * 4, size: Math.ceil(sizeOf(place.shape) / 4) * 16 };
        this.#define(path, variable({ ...place, shared: { buffer: shared, at } }), range);
      }
    }
  }

  /** Leaves with their paths. */
  leaves(): [path: string, leaf: Tensor][] {
    return leavesOf<Tensor>(this.tensors, isTensor);
  }

  #rangeOf(leaf: Tensor): BufferRange {
    return this.device.variables.get(leaf)!;
  }

  /** All values, the tree with arrays for tensors; no program may change them before they are read. */
  async read(): Promise<Tree<HostArray>> {
    const leaves = this.leaves().map(([, leaf]) => leaf);
    const parts = await this.#readback.readInTurn(
      leaves.map((leaf) => ({ ...this.#rangeOf(leaf), bytes: leaf.size * 4 })),
    );
    const values = new Map(leaves.map((leaf, i) => [leaf, hostArray(leaf, parts[i])]));
    return mapTree<Tensor, HostArray>(this.tensors, isTensor, (leaf) => values.get(leaf)!);
  }

  /**
   * Replaces values; leaves that `tree` lacks stay.
   *
   * @throws {RangeError} For an unknown path, another number of elements or another element type
   */
  write(tree: Tree<HostArray>): void {
    const known = new Map(this.leaves());
    const isArray = (value: unknown): value is HostArray =>
      ArrayBuffer.isView(value) || Array.isArray(value) && typeof value[0] === "number";
    const values = leavesOf<HostArray>(tree, isArray);
    for (const [path, value] of values) {
      const leaf = known.get(path);
      if (leaf?.size !== value.length || leaf.dtype !== dtypeOf(value)) {
        const found = `${dtypeOf(value) ?? value.constructor.name} [${value.length}]`;
        const expected = leaf ? `${leaf.dtype} [${leaf.size}]` : "one of the state's own names";
        throw new RangeError(`Cannot write ${path === "" ? "the state" : path}: found ${found}, expected ${expected}`);
      }
    }
    for (const [path, value] of values) {
      const { buffer, offset } = this.#rangeOf(known.get(path)!);
      this.device.changed(sharedBufferOf(known.get(path)!) ?? known.get(path)!);
      this.device.gpu.queue.writeBuffer(buffer, offset, value as Float32Array<ArrayBuffer>);
    }
  }

  /** Frees the buffers. */
  destroy(): void {
    this.#readback.destroy();
    for (const leaf of this.#variables.values()) this.device.variables.delete(leaf);
    for (const buffer of this.#buffers.splice(0)) this.device.release(buffer);
  }
}
