/** Convolutional layers, `[batch, height, width, channels]`. */

import { conv2d as convolve, type Convolution, convTranspose2d as convolveBack } from "../ops/conv.ts";
import { add } from "../ops/elementwise.ts";
import type { Tensor } from "../tensor.ts";
import type { Initializer } from "./init.ts";

/** Parameters of a convolutional layer: weight `[kernelHeight, kernelWidth, …]`, bias `[outChannels]`. */
export type Conv = { weight: Tensor; bias: Tensor };

/** Sizes of a convolutional layer with a square kernel and the standard deviation its weights start with. */
export interface ConvOptions {
  inChannels: number;
  outChannels: number;
  kernelSize: number;
  std: number;
}

/** Parameters of `conv2d`: weight `[kernelSize, kernelSize, inChannels, outChannels]` from `N(0, std²)`, bias 0. */
export function conv2dParameters(
  init: Initializer,
  { inChannels, outChannels, kernelSize, std }: ConvOptions,
): Conv {
  return {
    weight: init.normal([kernelSize, kernelSize, inChannels, outChannels], { std }),
    bias: init.zeros([outChannels]),
  };
}

/**
 * Parameters of `convTranspose2d`: weight `[kernelSize, kernelSize, outChannels, inChannels]` from `N(0, std²)`, bias 0.
 * The channels stand as in the convolution this layer is the adjoint of, which leads from `outChannels` to `inChannels`.
 */
export function convTranspose2dParameters(
  init: Initializer,
  { inChannels, outChannels, kernelSize, std }: ConvOptions,
): Conv {
  return {
    weight: init.normal([kernelSize, kernelSize, outChannels, inChannels], { std }),
    bias: init.zeros([outChannels]),
  };
}

/**
 * Convolution with bias, `y = x ∗ W + b`.
 *
 * @param x `[batch, height, width, inChannels]`
 * @returns `[batch, outHeight, outWidth, outChannels]`, a side being `⌊(length + 2·padding − kernel) / stride⌋ + 1`
 * @throws {ShapeError} If channels differ or the kernel is larger than the padded image
 *
 * @example
 * ```ts
 * import { conv2d, conv2dParameters } from "./conv.ts";
 * import { initializer } from "./init.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = conv2dParameters(initializer(1), { inChannels: 1, outChannels: 16, kernelSize: 4, std: 0.02 });
 * assertEquals(conv2d(layer, ones([2, 32, 32, 1]), { stride: 2, padding: 1 }).shape, [2, 16, 16, 16]);
 * ```
 */
export function conv2d({ weight, bias }: Conv, x: Tensor, convolution: Convolution): Tensor {
  return add(convolve(x, weight, convolution), bias);
}

/**
 * Transposed convolution with bias, the adjoint of `conv2d` in its image, plus `b`.
 *
 * @param x `[batch, height, width, inChannels]`
 * @returns `[batch, outHeight, outWidth, outChannels]`, a side being `(length − 1)·stride − 2·padding + kernel`
 * @throws {ShapeError} If `x` has not the channels of the weight's last axis
 *
 * @example
 * ```ts
 * import { convTranspose2d, convTranspose2dParameters } from "./conv.ts";
 * import { initializer } from "./init.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = convTranspose2dParameters(initializer(1), { inChannels: 16, outChannels: 1, kernelSize: 4, std: 0.02 });
 * assertEquals(convTranspose2d(layer, ones([2, 16, 16, 16]), { stride: 2, padding: 1 }).shape, [2, 32, 32, 1]);
 * ```
 */
export function convTranspose2d({ weight, bias }: Conv, x: Tensor, { stride, padding }: Convolution): Tensor {
  const side = (length: number, kernel: number) => (length - 1) * stride - 2 * padding + kernel;
  const [height, width] = [side(x.shape[1], weight.shape[0]), side(x.shape[2], weight.shape[1])];
  return add(convolveBack(x, weight, { stride, padding, height, width }), bias);
}
