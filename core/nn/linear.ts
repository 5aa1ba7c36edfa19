/** The dense layer. */

import { add } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import type { Tensor } from "../tensor.ts";
import type { Initializer } from "./init.ts";

/** Parameters of a dense layer: weight `[inFeatures, outFeatures]`, bias `[outFeatures]`. */
export type Linear = { weight: Tensor; bias: Tensor };

/** Sizes of a dense layer and the standard deviation its weights start with. */
export interface LinearOptions {
  inFeatures: number;
  outFeatures: number;
  std: number;
}

/** Weights `N(0, std²)`, biases 0. */
export function linearParameters(init: Initializer, { inFeatures, outFeatures, std }: LinearOptions): Linear {
  return { weight: init.normal([inFeatures, outFeatures], { std }), bias: init.zeros([outFeatures]) };
}

/**
 * Dense layer `y = x W + b`.
 *
 * @param x `[batch, inFeatures]`
 * @returns `[batch, outFeatures]`
 * @throws {ShapeError} If `x` has not as many features as the weight has rows
 *
 * @example
 * ```ts
 * import { initializer } from "./init.ts";
 * import { linear, linearParameters } from "./linear.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const layer = linearParameters(initializer(1), { inFeatures: 64, outFeatures: 7, std: 1 / 8 });
 * assertEquals(linear(layer, ones([32, 64])).shape, [32, 7]);
 * ```
 */
export function linear({ weight, bias }: Linear, x: Tensor): Tensor {
  return add(matmul(x, weight), bias);
}
