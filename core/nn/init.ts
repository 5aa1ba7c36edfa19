/** Starting values of parameters: descriptions of random numbers, like any other tensor. */

import { mul } from "../ops/elementwise.ts";
import { normal, randomKey } from "../ops/random.ts";
import { ones, zeros } from "../ops/source.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const STREAM = 0x696e6974; // "init": training draws with other streams

/** Makes starting values; every random one is independent of those before. */
export interface Initializer {
  /** `N(0, std²)`; `std` is 1 unless given. */
  normal(shape: Shape, options?: { std?: number }): Tensor;
  zeros(shape: Shape): Tensor;
  ones(shape: Shape): Tensor;
}

/**
 * Starting values from a seed: the n-th random tensor is drawn with the n-th key of the seed, so the same calls give
 * the same values. (A key is data; a stream would be part of the shader and need a pipeline each.)
 *
 * @throws {RangeError} If the seed is no whole number from 0 to 2⁵³ - 1
 *
 * @example
 * ```ts
 * import { initializer } from "./init.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const init = initializer(1);
 * assertEquals(init.normal([100, 64], { std: 0.02 }).shape, [100, 64]); // nothing is computed yet
 * ```
 */
export function initializer(seed: number): Initializer {
  let draws = 0;
  return {
    normal: (shape, { std = 1 } = {}) => mul(normal(randomKey(seed, draws++), { shape, stream: STREAM }), std),
    zeros,
    ones,
  };
}
