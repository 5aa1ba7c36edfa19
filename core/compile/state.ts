/** Values that stay on the GPU: parameters, moments, step counters. */

import { isTensor, type Tensors } from "../grad.ts";
import type { Device } from "../gpu/device.ts";
import { Readback } from "../gpu/executor.ts";
import { variable } from "../ops/source.ts";
import type { DType, Tensor } from "../tensor.ts";
import { leavesOf, mapTree, type Tree } from "../tree.ts";

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

/** A tree of tensors that live on the GPU; programs read and replace them. Made by `createState`. */
export class State<S extends Tensors> {
  readonly #readback: Readback;
  /** The same tree; every leaf is a variable, for use in compiled functions. */
  readonly tensors: S;
  /** Bytes on the GPU. */
  readonly bytes: number;

  /** Takes over one buffer for every leaf of `tree`. */
  constructor(readonly device: Device, tree: S, bufferOf: (leaf: Tensor) => GPUBuffer) {
    this.tensors = mapTree<Tensor, Tensor>(tree, isTensor, (leaf, path) => {
      const place = variable({ name: path, shape: leaf.shape, dtype: leaf.dtype });
      device.variables.set(place, bufferOf(leaf));
      return place;
    }) as S;
    this.bytes = this.leaves().reduce((total, [, leaf]) => total + leaf.size * 4, 0);
    this.#readback = new Readback(device);
  }

  /** Leaves with their paths. */
  leaves(): [path: string, leaf: Tensor][] {
    return leavesOf<Tensor>(this.tensors, isTensor);
  }

  #bufferOf(leaf: Tensor): GPUBuffer {
    return this.device.variables.get(leaf)!;
  }

  /** All values as they are after everything submitted so far: the tree with arrays for tensors. */
  async read(): Promise<Tree<HostArray>> {
    const leaves = this.leaves().map(([, leaf]) => leaf);
    const parts = await this.#readback.read(
      leaves.map((leaf) => ({ buffer: this.#bufferOf(leaf), bytes: leaf.size * 4 })),
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
      this.device.gpu.queue.writeBuffer(this.#bufferOf(known.get(path)!), 0, value as Float32Array<ArrayBuffer>);
    }
  }

  /** Frees the buffers. */
  destroy(): void {
    this.#readback.destroy();
    for (const [, leaf] of this.leaves()) {
      this.device.release(this.#bufferOf(leaf));
      this.device.variables.delete(leaf);
    }
  }
}
