/** Layers of InceptionV3 without parameters, of other operations: none of them needs a kernel of its own. */

import { add, maximum, mul } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { pad, reshape, slice, transpose } from "../ops/movement.ts";
import { constant } from "../ops/source.ts";
import type { Tensor } from "../tensor.ts";

const ROWS = 1; // axes of [batch, height, width, channels]
const COLUMNS = 2;

/**
 * Largest of 3x3 pixels every 2 pixels, `⌊(side − 3)/2⌋ + 1` of them a side.
 *
 * @param x `[batch, height, width, channels]`, sides of at least 3
 */
export function maxPool3x3Stride2(x: Tensor): Tensor {
  return largestOfThreeEverySecond(largestOfThreeEverySecond(x, ROWS), COLUMNS);
}

/** `y_i = max(x_2i, x_2i+1, x_2i+2)` along an axis. */
function largestOfThreeEverySecond(x: Tensor, axis: number): Tensor {
  const length = Math.floor((x.shape[axis] - 3) / 2) + 1;
  const pairs = Math.ceil(x.shape[axis] / 2);
  const even = pad(x, alongAxis(x, axis, { before: 0, after: 2 * pairs - x.shape[axis] }));
  const split = reshape(even, [...x.shape.slice(0, axis), pairs, 2, ...x.shape.slice(axis + 1)]);
  const every = (first: number, parity: number) => {
    const start = split.shape.map((_, i) => i === axis ? first : i === axis + 1 ? parity : 0);
    const shape = split.shape.map((size, i) => i === axis ? length : i === axis + 1 ? 1 : size);
    return reshape(slice(split, { start, shape }), x.shape.map((size, i) => i === axis ? length : size));
  };
  return maximum(maximum(every(0, 0), every(0, 1)), every(1, 0));
}

/**
 * Largest of the 3x3 pixels around each pixel, for numbers that are not negative: outside are zeros.
 *
 * @param x `[batch, height, width, channels]`
 */
export function maxPool3x3(x: Tensor): Tensor {
  return around(around(x, ROWS, maximum), COLUMNS, maximum);
}

/**
 * Mean of the 3x3 pixels around each pixel.
 *
 * @param x `[batch, height, width, channels]`
 * @param countPadding Whether zeros outside count as pixels (PyTorch), or those inside alone do (TensorFlow)
 */
export function averagePool3x3(x: Tensor, { countPadding }: { countPadding: boolean }): Tensor {
  const sums = around(around(x, ROWS, add), COLUMNS, add);
  if (countPadding) return mul(sums, 1 / 9);
  const [, height, width] = x.shape;
  const inside = (i: number, length: number) => Math.min(i + 1, length - 1) - Math.max(i - 1, 0) + 1;
  const shares = Array.from({ length: height * width }, (_, i) => {
    return 1 / (inside(Math.floor(i / width), height) * inside(i % width, width));
  });
  return mul(sums, constant(shares, [1, height, width, 1]));
}

/** `f(f(x_i−1, x_i), x_i+1)` along an axis, zeros outside. */
function around(x: Tensor, axis: number, f: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const padded = pad(x, alongAxis(x, axis, { before: 1, after: 1 }));
  const shifted = (by: number) =>
    slice(padded, { start: x.shape.map((_, i) => i === axis ? 1 + by : 0), shape: x.shape });
  return f(f(shifted(-1), x), shifted(1));
}

function alongAxis(x: Tensor, axis: number, { before, after }: { before: number; after: number }) {
  const widths = (width: number) => x.shape.map((_, i) => i === axis ? width : 0);
  return { before: widths(before), after: widths(after) };
}

/**
 * Pictures of another size by bilinear interpolation between pixel centres, corners not aligned and nothing smoothed where
 * the size shrinks, as PyTorch's `interpolate(mode="bilinear", align_corners=False)`.
 *
 * @param x `[batch, height, width, channels]`
 * @returns `[batch, side, side, channels]`
 *
 * @example
 * ```ts
 * import { resized } from "./pooling.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(resized(ones([8, 32, 32, 3]), 299).shape, [8, 299, 299, 3]);
 * ```
 */
export function resized(x: Tensor, side: number): Tensor {
  const [batch, height, width, channels] = x.shape;
  if (height === side && width === side) return x;
  const rows = matmul(
    reshape(transpose(x, [0, 2, 3, 1]), [batch * width * channels, height]),
    interpolation(height, side),
  );
  const both = matmul(
    reshape(transpose(reshape(rows, [batch, width, channels, side]), [0, 3, 2, 1]), [batch * side * channels, width]),
    interpolation(width, side),
  );
  return transpose(reshape(both, [batch, side, channels, side]), [0, 1, 3, 2]);
}

/** `[from, to]`: what each old pixel counts for in each new one. */
function interpolation(from: number, to: number): Tensor {
  const weights = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    const centre = Math.min(Math.max((i + 0.5) * from / to - 0.5, 0), from - 1);
    const below = Math.floor(centre);
    weights[below * to + i] += 1 - (centre - below);
    if (centre > below) weights[(below + 1) * to + i] += centre - below;
  }
  return constant(weights, [from, to]);
}
