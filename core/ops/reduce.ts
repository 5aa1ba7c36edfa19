/** Sums, means and maxima over axes. */

import { defineOp } from "../op.ts";
import { normalizeAxes } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { div, equal, mul } from "./elementwise.ts";
import { broadcastTo, reshape } from "./movement.ts";

/** Which axes to reduce (all unless given; negative ones count from the end) and whether they stay with length 1. */
export interface Reduction {
  axes?: readonly number[];
  keepDims?: boolean;
}

type Axes = { axes: readonly number[] };

const sumOp = defineOp<[x: Tensor], Axes>({
  name: "sum",
  reduction: "sum",
  shape: ([x], { axes }) => x.map((length, axis) => axes.includes(axis) ? 1 : length),
  vjp: (dy, [x]) => [broadcastTo(dy, x.shape)],
});

const maxOp = defineOp<[x: Tensor], Axes>({
  name: "max",
  reduction: "max",
  shape: ([x], { axes }) => x.map((length, axis) => axes.includes(axis) ? 1 : length),
  // The largest element gets the cotangent; equal ones share it.
  vjp: (dy, [x], { axes }, y) => {
    const largest = equal(x, y);
    return [mul(largest, div(dy, sumOp(largest, { axes })))];
  },
});

function reduction(op: (x: Tensor, axes: Axes) => Tensor, x: Tensor, { axes, keepDims = false }: Reduction): Tensor {
  const reduced = normalizeAxes(axes, x.shape);
  if (reduced.length === 0) return x;
  const y = op(x, { axes: reduced });
  return keepDims ? y : reshape(y, x.shape.filter((_, axis) => !reduced.includes(axis)));
}

/**
 * `Σ x` over axes.
 *
 * @throws {ShapeError} If an axis is outside the shape or given twice
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ones, sum } from "@hmog/hmog";
 *
 * const x = ones([2, 3, 4]);
 * assertEquals(sum(x).shape, []);
 * assertEquals(sum(x, { axes: [0, -1] }).shape, [3]);
 * assertEquals(sum(x, { axes: [1], keepDims: true }).shape, [2, 1, 4]);
 * ```
 */
export function sum(x: Tensor, options: Reduction = {}): Tensor {
  return reduction(sumOp, x, options);
}

/**
 * The largest element over axes.
 *
 * @throws {ShapeError} If an axis is outside the shape or given twice
 */
export function max(x: Tensor, options: Reduction = {}): Tensor {
  return reduction(maxOp, x, options);
}

/**
 * `Σ x / n` over axes, `n` elements each.
 *
 * @throws {ShapeError} If an axis is outside the shape or given twice
 */
export function mean(x: Tensor, options: Reduction = {}): Tensor {
  const count = normalizeAxes(options.axes, x.shape).reduce((n, axis) => n * x.shape[axis], 1);
  return mul(sum(x, options), 1 / count);
}
