/** Matrix products, plain and batched. */

import { defineOp, type Op } from "../op.ts";
import { sameShape, ShapeError, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./elementwise.ts";
import { matmulKernels } from "./matmul_kernels.ts";
import { reshape, transpose } from "./movement.ts";
import { sum } from "./reduce.ts";
import { LONGEST_SUM } from "./row_block.ts";

/**
 * Matrix product `C = A B` of the last two axes; leading axes are equal in both.
 *
 * @param a `[..., m, k]`
 * @param b `[..., k, n]`
 * @returns `[..., m, n]`
 * @throws {ShapeError} If `a` has not as many columns as `b` has rows, or the leading axes differ
 * @throws {TypeError} If one of them is not `f32`
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { matmul, ones } from "@hmog/hmog";
 *
 * assertEquals(matmul(ones([8, 2, 3]), ones([8, 3, 5])).shape, [8, 2, 5]);
 * ```
 */
export const matmul: Op<[a: Tensor, b: Tensor]> = defineOp({
  name: "matmul",
  inputs: ["f32", "f32"],
  shape: ([a, b]) => {
    const rank = a.length;
    if (rank < 2 || b.length !== rank || !sameShape(a.slice(0, -2), b.slice(0, -2))) {
      throw new ShapeError(
        `Cannot multiply [${a}] by [${b}]: expected two matrices, or two batches of equally many matrices`,
      );
    }
    if (a[rank - 1] === b[rank - 2]) return [...a.slice(0, -1), b[rank - 1]];
    throw new ShapeError(
      `Cannot multiply [${a}] by [${b}]: inner dimensions are ${a[rank - 1]} and ${b[rank - 2]}, expected them equal`,
    );
  },
  // C = A B, hence dA = dC Bᵀ and dB = Aᵀ dC.
  vjp: (dc, [a, b]) => [matmul(dc, transpose(b)), matmul(transpose(a), dc)],
  lower: ([a, b]) => {
    const rank = a.shape.length;
    const [m, k, n] = [a.shape[rank - 2], a.shape[rank - 1], b.shape[rank - 1]];
    const shape = [...a.shape.slice(0, -1), n];
    // One row, one column or one inner step is no job for tiles: a product with a broadcast and a sum.
    if (k === 1) return mul(a, b);
    if (n === 1) return sum(mul(a, transpose(b)), { axes: [-1], keepDims: true });
    if (m === 1) return sum(mul(transpose(a), b), { axes: [-2], keepDims: true });
    // The second operand must lie with n innermost. Where it does not, C = (Bᵀ Aᵀ)ᵀ may be cheaper than copying it.
    const [aT, bT] = [untransposed(a), untransposed(b)];
    const copiedStraight = bT ? sizeOf(b.shape) : 0;
    const copiedSwapped = (aT ? 0 : sizeOf(a.shape)) + m * n;
    if (copiedSwapped < copiedStraight) {
      return transpose(product(bT ?? transpose(b), aT ?? transpose(a), [...shape.slice(0, -2), n, m]));
    }
    return product(a, b, shape);
  },
});

/** The tensor that `x` is the transpose of in its last two axes, if it is one. */
function untransposed(x: Tensor): Tensor | null {
  const last = x.shape.length - 1;
  const swap = x.shape.map((_, axis) => axis === last ? axis - 1 : axis === last - 1 ? last : axis);
  return x.op.name === "transpose" && sameShape(x.attributes.permutation as number[], swap) ? x.inputs[0] : null;
}

/** One product: the first operand is read as it lies, the second must lie with its columns innermost. */
function product(a: Tensor, b: Tensor, shape: number[]): Tensor {
  const stored = untransposed(a);
  const [m, n, k] = [shape[shape.length - 2], shape[shape.length - 1], b.shape[b.shape.length - 2]];
  const batches = sizeOf(shape) / (m * n);
  const splits = Math.ceil(k / LONGEST_SUM);
  const parts = matrixProduct(stored ?? a, b, { batches, m, n, k, a: stored ? "km" : "mk", splits });
  return reshape(splits === 1 ? parts : sum(parts, { axes: [0] }), shape);
}

type MatrixProduct = Parameters<typeof matmulKernels>[0];

/** What `matmul` is made of: `A [batches, m, k]` or `[batches, k, m]`, `B [batches, k, n]`; partial sums if split. */
const matrixProduct = defineOp<[a: Tensor, b: Tensor], MatrixProduct>({
  name: "matrixProduct",
  shape: (_, { batches, m, n, splits }) => [...splits === 1 ? [] : [splits], batches, m, n],
  kernel: (_, adapter, problem) => matmulKernels(problem, adapter),
});
