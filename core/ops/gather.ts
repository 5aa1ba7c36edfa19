/** Rows of tables by index. */

import { defineOp, type Op } from "../op.ts";
import { type Shape, ShapeError } from "../shape.ts";
import type { Kernel, Tensor } from "../tensor.ts";
import { reshape, transpose } from "./movement.ts";
import { matmul } from "./matmul.ts";
import { fold } from "./workgroups.ts";
import gatherShader from "../../shaders/gather.wgsl" with { type: "text" };
import oneHotShader from "../../shaders/one_hot.wgsl" with { type: "text" };

const WORKGROUP = 64; // invocations; one result element each

function kernel(shader: string, entryPoint: string, y: Tensor, sizes: Kernel["constants"]): Kernel {
  const workgroups = fold(Math.ceil(y.size / WORKGROUP));
  return {
    shader,
    entryPoint,
    constants: { SIZE: y.size, ...sizes, WORKGROUP, STRIDE: workgroups[0] * WORKGROUP },
    operands: y.inputs.map(() => "buffer"),
    width: 1,
    workgroups,
  };
}

function rows(table: Shape, index: Shape): Shape {
  if (table.length >= 1 && index.length === 1) return [index[0], ...table.slice(1)];
  throw new ShapeError(`Cannot gather rows of [${table}] by [${index}]: expected a table and a list of row numbers`);
}

/**
 * Rows by number, `y[i] = table[index[i]]`.
 *
 * @param table `[rows, ...]`
 * @param index `[batch]`, `u32` below `rows` (larger ones give the last row, without a gradient)
 * @returns `[batch, ...]`
 * @throws {ShapeError} If `index` is no list
 * @throws {TypeError} If `index` is not `u32`
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { constant, gather, ones } from "@hmog/hmog";
 *
 * assertEquals(gather(ones([10, 3]), constant(Uint32Array.of(7, 7, 0, 1))).shape, [4, 3]);
 * ```
 */
export const gather: Op<[table: Tensor, index: Tensor]> = defineOp({
  name: "gather",
  inputs: [null, "u32"],
  shape: ([table, index]) => rows(table, index),
  kernel: (y) => kernel(gatherShader, "gather", y, { ROWS: y.inputs[0].shape[0], COLUMNS: y.size / y.shape[0] }),
  // dtable[r] = Σ dy[i] over index[i] = r, a product with one-hot rows; row numbers have no derivative.
  vjp: (dy, [table, index]) => {
    const columns = table.size / table.shape[0];
    const selection = oneHot(index, { classes: table.shape[0] });
    const dtable = matmul(transpose(selection), reshape(dy, [index.shape[0], columns]));
    return [reshape(dtable, table.shape), null];
  },
});

/**
 * Rows of bytes by number, as `f32` from 0 to 255: `y[i] = bytes of table[index[i]]`, lowest byte of a word first.
 *
 * @param table `[rows, words]`, `u32` words of four bytes
 * @param index `[batch]`, `u32` below `rows`
 * @returns `[batch, 4·words]`
 * @throws {ShapeError} If `table` is no matrix or `index` no list
 * @throws {TypeError} If one of them is not `u32`
 */
export const gatherBytes: Op<[table: Tensor, index: Tensor]> = defineOp({
  name: "gatherBytes",
  inputs: ["u32", "u32"],
  dtype: "f32",
  shape: ([table, index]) => {
    if (table.length === 2) return [rows(table, index)[0], table[1] * 4];
    throw new ShapeError(`Cannot gather bytes of [${table}]: expected rows of words`);
  },
  kernel: (y) => kernel(gatherShader, "gather_bytes", y, { ROWS: y.inputs[0].shape[0], COLUMNS: y.shape[1] }),
  vjp: () => [null, null], // bytes and row numbers have no derivative
});

const oneHotOp = defineOp<[index: Tensor], { classes: number }>({
  name: "oneHot",
  inputs: ["u32"],
  dtype: "f32",
  shape: ([index], { classes }) => [...index, classes],
  kernel: (y, _, { classes }) => kernel(oneHotShader, "one_hot", y, { COLUMNS: classes }),
  vjp: () => [null], // whole numbers have no derivative
});

/**
 * One at the given place, else zero: `y[..., c] = 1` where `index = c`.
 *
 * @param index `[...]`, `u32`; numbers from `classes` on give only zeros
 * @returns `[..., classes]`
 * @throws {RangeError} If `classes` is no whole number of at least 1
 * @throws {TypeError} If `index` is not `u32`
 */
export function oneHot(index: Tensor, { classes }: { classes: number }): Tensor {
  if (Number.isInteger(classes) && classes >= 1) return oneHotOp(index, { classes });
  throw new RangeError(`Cannot make one-hot rows of ${classes} classes: expected a whole number of at least 1`);
}
