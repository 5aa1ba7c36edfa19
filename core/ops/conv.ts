/**
 * Convolution and its two adjoints: the partial derivatives of one trilinear form
 * `F(x, w, y) = Σ x[n, s·i+ky−p, s·j+kx−p, c] w[ky, kx, c, o] y[n, i, j, o]`.
 * Each one's vjp is written with the other two, so they can be differentiated any number of times.
 * `x` is the large side `[batch, height, width, inChannels]`, `y` the small side `[batch, outHeight, outWidth, outChannels]`.
 */

import { defineOp, type Op } from "../op.ts";
import { type Shape, ShapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import {
  conv2dKernels,
  conv2dWeightKernels,
  conv2dWeightSplits,
  type ConvProblem,
  convTranspose2dKernels,
} from "./conv_kernels.ts";
import { reshape, transpose } from "./movement.ts";
import { sum } from "./reduce.ts";
import { LONGEST_SUM } from "./row_block.ts";

/** Steps between kernel positions and zeros around the large side, both in pixels. */
export interface Convolution {
  stride: number;
  padding: number;
}

/** Height and width of the large side, which the small side alone does not determine. */
export interface TransposedConvolution extends Convolution {
  height: number;
  width: number;
}

/** Side lengths of the kernel. */
export interface WeightGradient extends Convolution {
  kernelHeight: number;
  kernelWidth: number;
}

/** Positions of a kernel along an axis: `⌊(length + 2·padding − kernel) / stride⌋ + 1`. */
export function convLength(length: number, kernel: number, { stride, padding }: Convolution): number {
  return Math.floor((length + 2 * padding - kernel) / stride) + 1;
}

function problemOf(x: Shape, w: Shape, y: Shape, { stride, padding }: Convolution): ConvProblem {
  const [batch, height, width, inChannels] = x;
  const [kernelHeight, kernelWidth] = w;
  const [, outHeight, outWidth, outChannels] = y;
  return {
    batch,
    height,
    width,
    inChannels,
    outHeight,
    outWidth,
    outChannels,
    kernelHeight,
    kernelWidth,
    stride,
    padding,
  };
}

/** @throws {ShapeError} If the three shapes do not belong to one convolution, or a sum over `channels` is too long */
function check(action: string, x: Shape, w: Shape, y: Shape, convolution: Convolution, channels = 0): void {
  const { stride, padding } = convolution;
  const found =
    `Cannot ${action} with images [${x}], weights [${w}], features [${y}], stride ${stride}, padding ${padding}`;
  if (x.length !== 4 || w.length !== 4 || y.length !== 4) throw new ShapeError(`${found}: expected four axes each`);
  if (!(Number.isInteger(stride) && stride >= 1 && Number.isInteger(padding) && padding >= 0)) {
    throw new ShapeError(`${found}: expected a whole stride of at least 1 and a whole padding of at least 0`);
  }
  const wanted = [x[0], convLength(x[1], w[0], convolution), convLength(x[2], w[1], convolution), w[3]];
  if (w[2] !== x[3]) throw new ShapeError(`${found}: expected weights for ${x[3]} input channels`);
  if (wanted.some((length, axis) => length !== y[axis] || length < 1)) {
    throw new ShapeError(`${found}: expected features [${wanted}]`);
  }
  const terms = w[0] * w[1] * channels;
  if (terms > LONGEST_SUM) throw new ShapeError(`${found}: sums of ${terms} terms, expected at most ${LONGEST_SUM}`);
}

/**
 * Convolution `y[n,i,j,o] = Σ x[n, s·i+ky−p, s·j+kx−p, c] w[ky,kx,c,o]`, zeros outside.
 *
 * @param x `[batch, height, width, inChannels]`
 * @param w `[kernelHeight, kernelWidth, inChannels, outChannels]`
 * @returns `[batch, outHeight, outWidth, outChannels]`
 * @throws {ShapeError} If channels differ, the kernel is larger than the padded image, or `kernelHeight · kernelWidth ·
 *   inChannels` is above 32768
 * @throws {TypeError} If one of them is not `f32`
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { conv2d, ones } from "@hmog/hmog";
 *
 * const y = conv2d(ones([8, 32, 32, 3]), ones([4, 4, 3, 16]), { stride: 2, padding: 1 });
 * assertEquals(y.shape, [8, 16, 16, 16]);
 * ```
 */
export const conv2d: Op<[x: Tensor, w: Tensor], Convolution> = defineOp({
  name: "conv2d",
  inputs: ["f32", "f32"],
  shape: ([x, w], convolution) => {
    const y = [x[0], convLength(x[1], w[0], convolution), convLength(x[2], w[1], convolution), w[3]];
    check("convolve", x, w, y, convolution, x[3]);
    return y;
  },
  // F is linear in each of x, w, y: dx = ∂F/∂x at y = dy, dw = ∂F/∂w at y = dy.
  vjp: (dy, [x, w], convolution) => [
    convTranspose2d(dy, w, { ...convolution, height: x.shape[1], width: x.shape[2] }),
    conv2dWeight(x, dy, { ...convolution, kernelHeight: w.shape[0], kernelWidth: w.shape[1] }),
  ],
  kernel: (y, adapter, convolution) =>
    conv2dKernels(problemOf(y.inputs[0].shape, y.inputs[1].shape, y.shape, convolution), adapter),
});

/**
 * Transposed convolution, the adjoint of `conv2d` in its image: `x[n, s·i+ky−p, s·j+kx−p, c] += y[n,i,j,o] w[ky,kx,c,o]`.
 *
 * @param y `[batch, outHeight, outWidth, outChannels]`, the small side
 * @param w `[kernelHeight, kernelWidth, inChannels, outChannels]`, as for the `conv2d` it is the adjoint of
 * @returns `[batch, height, width, inChannels]`, the large side
 * @throws {ShapeError} If `conv2d` of the result would not have the shape of `y`, or `kernelHeight · kernelWidth ·
 *   outChannels` is above 32768
 * @throws {TypeError} If one of them is not `f32`
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { convTranspose2d, ones } from "@hmog/hmog";
 *
 * const doubled = { stride: 2, padding: 1, height: 32, width: 32 };
 * assertEquals(convTranspose2d(ones([8, 16, 16, 16]), ones([4, 4, 3, 16]), doubled).shape, [8, 32, 32, 3]);
 * ```
 */
export const convTranspose2d: Op<[y: Tensor, w: Tensor], TransposedConvolution> = defineOp({
  name: "convTranspose2d",
  inputs: ["f32", "f32"],
  shape: ([y, w], convolution) => {
    const x = [y[0], convolution.height, convolution.width, w[2]];
    check("convolve backwards", x, w, y, convolution, y[3]);
    return x;
  },
  // F again: dy = ∂F/∂y at x = dx, dw = ∂F/∂w at x = dx.
  vjp: (dx, [y, w], { stride, padding }) => [
    conv2d(dx, w, { stride, padding }),
    conv2dWeight(dx, y, { stride, padding, kernelHeight: w.shape[0], kernelWidth: w.shape[1] }),
  ],
  // The kernel wants the weights with the channels of its result innermost.
  lower: ([y, w], convolution) => convTransposeProduct(y, transpose(w), convolution),
});

const convTransposeProduct = defineOp<[y: Tensor, wT: Tensor], TransposedConvolution>({
  name: "convTransposeProduct",
  shape: ([y, wT], { height, width }) => [y[0], height, width, wT[3]],
  kernel: (x, adapter, convolution) =>
    convTranspose2dKernels(problemOf(x.shape, x.inputs[1].shape, x.inputs[0].shape, convolution), adapter),
});

/**
 * Gradient of `conv2d` in its weights: `w[ky,kx,c,o] = Σ x[n, s·i+ky−p, s·j+kx−p, c] y[n,i,j,o]`.
 *
 * @param x `[batch, height, width, inChannels]`
 * @param y `[batch, outHeight, outWidth, outChannels]`
 * @returns `[kernelHeight, kernelWidth, inChannels, outChannels]`
 * @throws {ShapeError} If `conv2d` of `x` would not have the shape of `y`
 * @throws {TypeError} If one of them is not `f32`
 */
export const conv2dWeight: Op<[x: Tensor, y: Tensor], WeightGradient> = defineOp({
  name: "conv2dWeight",
  inputs: ["f32", "f32"],
  shape: ([x, y], convolution) => {
    const w = [convolution.kernelHeight, convolution.kernelWidth, x[3], y[3]];
    check("differentiate a convolution", x, w, y, convolution);
    return w;
  },
  // F again: dx = ∂F/∂x at w = dw, dy = ∂F/∂y at w = dw.
  vjp: (dw, [x, y], { stride, padding }) => [
    convTranspose2d(y, dw, { stride, padding, height: x.shape[1], width: x.shape[2] }),
    conv2d(x, dw, { stride, padding }),
  ],
  // A long sum for few results: parts of it side by side, then their sum.
  lower: ([x, y], convolution, adapter) => {
    const { kernelHeight, kernelWidth } = convolution;
    const shape = [kernelHeight, kernelWidth, x.shape[3], y.shape[3]];
    const splits = conv2dWeightSplits(problemOf(x.shape, shape, y.shape, convolution), adapter);
    const parts = convWeightParts(x, y, { ...convolution, splits });
    return splits === 1 ? reshape(parts, shape) : sum(parts, { axes: [0] });
  },
});

const convWeightParts = defineOp<[x: Tensor, y: Tensor], WeightGradient & { splits: number }>({
  name: "convWeightParts",
  shape: ([x, y], { splits, kernelHeight, kernelWidth }) => [splits, kernelHeight, kernelWidth, x[3], y[3]],
  kernel: (parts, adapter, { splits, ...convolution }) => {
    const [x, y] = parts.inputs;
    const problem = problemOf(x.shape, parts.shape.slice(1), y.shape, convolution);
    return conv2dWeightKernels(problem, splits, adapter);
  },
});
