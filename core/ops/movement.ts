/** Other ways to index a tensor: none of these moves a byte until a kernel needs its input contiguous. */

import { defineOp, type Op } from "../op.ts";
import { broadcastShapes, normalizeAxes, sameShape, type Shape, ShapeError, sizeOf, stridesOf } from "../shape.ts";
import type { Tensor, View } from "../tensor.ts";
import { add } from "./elementwise.ts";
import { sum } from "./reduce.ts";

/** A row-major view of a whole tensor. */
export function contiguousView(shape: Shape): View {
  return { shape, strides: stridesOf(shape), offset: 0, bounds: shape.map((length) => [0, length]) };
}

/** Whether every coordinate of the axis is inside its bounds. */
function isWhole(view: View, axis: number): boolean {
  return view.bounds[axis][0] <= 0 && view.bounds[axis][1] >= view.shape[axis];
}

const wholeBounds = (shape: Shape): View["bounds"] => shape.map((length) => [0, length]);

const reshapeOp = defineOp<[x: Tensor], { shape: Shape }>({
  name: "reshape",
  shape: ([x], { shape }) => {
    if (sizeOf(x) === sizeOf(shape) && shape.every(Number.isInteger)) return shape;
    throw new ShapeError(
      `Cannot reshape [${x}] to [${shape}]: ${sizeOf(x)} elements, expected whole lengths with that product`,
    );
  },
  view: (view, _, shape) => reshapeView(view, shape),
  vjp: (dy, [x]) => [reshape(dy, x.shape)],
});

/**
 * The same elements in row-major order under another shape; one length may be -1 and is worked out.
 *
 * @throws {ShapeError} If the numbers of elements differ
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ones, reshape } from "@hmog/hmog";
 *
 * assertEquals(reshape(ones([8, 4, 4, 64]), [8, -1]).shape, [8, 1024]);
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.filter((length) => length !== -1).reduce((a, b) => a * b, 1);
  const wanted = shape.map((length) => length === -1 ? x.size / known : length);
  return sameShape(x.shape, wanted) ? x : reshapeOp(x, { shape: wanted });
}

/** Strides of a reshaped view: groups of old axes that are contiguous among themselves are split anew. */
function reshapeView(view: View, shape: Shape): View | null {
  if (view.shape.some((_, axis) => !isWhole(view, axis))) return null;
  const old = view.shape.map((length, axis) => ({ length, stride: view.strides[axis] })).filter((a) => a.length !== 1);
  const strides = new Array<number>(shape.length).fill(0);
  let from = 0; // first old axis not used yet
  for (let axis = 0; axis < shape.length;) {
    if (shape[axis] === 1) {
      axis++;
      continue;
    }
    let to = from, next = axis, left = 1, right = 1;
    do {
      if (left <= right) left *= old[to++].length;
      else right *= shape[next++];
    } while (left !== right || next === axis);
    for (let i = from; i < to - 1; i++) {
      if (old[i].stride !== old[i + 1].stride * old[i + 1].length) return null;
    }
    let stride = old[to - 1].stride;
    for (let i = next - 1; i >= axis; i--) {
      strides[i] = stride;
      stride *= shape[i];
    }
    from = to;
    axis = next;
  }
  return { shape, strides, offset: view.offset, bounds: wholeBounds(shape) };
}

const broadcastOp = defineOp<[x: Tensor], { shape: Shape }>({
  name: "broadcastTo",
  shape: ([x], { shape }) => {
    if (sameShape(broadcastShapes(x, shape), shape)) return shape;
    throw new ShapeError(`Cannot broadcast [${x}] to [${shape}]: it is larger, expected it to fit`);
  },
  view: (view, _, shape) => {
    const lead = shape.length - view.shape.length;
    if (view.shape.some((length, axis) => length !== shape[axis + lead] && !isWhole(view, axis))) return null;
    const kept = (axis: number) => axis >= lead && view.shape[axis - lead] === shape[axis];
    return {
      shape,
      offset: view.offset,
      strides: shape.map((_, axis) => kept(axis) ? view.strides[axis - lead] : 0),
      bounds: shape.map((length, axis) => kept(axis) ? view.bounds[axis - lead] : [0, length]),
    };
  },
  vjp: (dy, [x]) => [sumTo(dy, x.shape)],
});

/**
 * Repeats along axes of length 1 and along new leading axes.
 *
 * @throws {ShapeError} If a length is neither 1 nor the wanted one
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : broadcastOp(x, { shape });
}

/** Sums over the axes along which `shape` was broadcast: the adjoint of `broadcastTo`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((length, axis) => axis < lead || shape[axis - lead] !== length ? [axis] : []);
  return axes.length === 0 ? x : reshape(sum(x, { axes }), shape);
}

const transposeOp = defineOp<[x: Tensor], { permutation: readonly number[] }>({
  name: "transpose",
  shape: ([x], { permutation }) => {
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.length === x.length && sorted.every((axis, i) => axis === i)) {
      return permutation.map((axis) => x[axis]);
    }
    throw new ShapeError(`Cannot transpose [${x}] by (${permutation}): expected each of its ${x.length} axes once`);
  },
  view: (view, { permutation }, shape) => ({
    shape,
    offset: view.offset,
    strides: permutation.map((axis) => view.strides[axis]),
    bounds: permutation.map((axis) => view.bounds[axis]),
  }),
  vjp: (dy, _, { permutation }) => [transpose(dy, permutation.map((_, axis) => permutation.indexOf(axis)))],
});

/**
 * Axes in another order: axis `i` of the result is axis `permutation[i]` of `x`; without one the last two are swapped.
 *
 * @throws {ShapeError} If `permutation` does not name every axis once
 */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const last = x.shape.length - 1;
  return transposeOp(x, {
    permutation: permutation ?? x.shape.map((_, axis) => axis === last ? axis - 1 : axis === last - 1 ? last : axis),
  });
}

/**
 * A box: element `c` of the result is `x[start + c]`.
 *
 * @throws {ShapeError} If the box leaves `x` or is given by numbers that are not whole
 */
export const slice: Op<[x: Tensor], { start: readonly number[]; shape: Shape }> = defineOp({
  name: "slice",
  shape: ([x], { start, shape }) => {
    if (
      start.length === x.length && shape.length === x.length &&
      [...start, ...shape].every(Number.isInteger) &&
      x.every((length, axis) => start[axis] >= 0 && shape[axis] >= 1 && start[axis] + shape[axis] <= length)
    ) return shape;
    throw new ShapeError(
      `Cannot slice [${x}] from (${start}) with shape [${shape}]: expected a box inside, of whole numbers`,
    );
  },
  view: (view, { start }, shape) => ({
    shape,
    offset: view.offset + view.strides.reduce((offset, stride, axis) => offset + stride * start[axis], 0),
    strides: view.strides,
    bounds: view.bounds.map(([from, to], axis) => [from - start[axis], to - start[axis]]),
  }),
  vjp: (dy, [x], { start, shape }) => [
    pad(dy, { before: start, after: x.shape.map((length, axis) => length - start[axis] - shape[axis]) }),
  ],
});

/**
 * Zeros around: `before[axis]` in front of and `after[axis]` behind every axis.
 *
 * @throws {ShapeError} If a width is negative or not whole, or the lists do not fit the rank
 */
export const pad: Op<[x: Tensor], { before: readonly number[]; after: readonly number[] }> = defineOp({
  name: "pad",
  shape: ([x], { before, after }) => {
    const isWidth = (width: number) => Number.isInteger(width) && width >= 0;
    if (before.length === x.length && after.length === x.length && [...before, ...after].every(isWidth)) {
      return x.map((length, axis) => before[axis] + length + after[axis]);
    }
    throw new ShapeError(
      `Cannot pad [${x}] by (${before}) and (${after}): expected ${x.length} whole widths each, none negative`,
    );
  },
  view: (view, { before }, shape) => ({
    shape,
    offset: view.offset - view.strides.reduce((offset, stride, axis) => offset + stride * before[axis], 0),
    strides: view.strides,
    bounds: view.bounds.map(([from, to], axis) => [
      Math.max(from, 0) + before[axis],
      Math.min(to, view.shape[axis]) + before[axis],
    ]),
  }),
  vjp: (dy, [x], { before }) => [slice(dy, { start: before, shape: x.shape })],
});

/**
 * Tensors one behind the other along an axis (0 unless given; negative ones count from the end): a sum of padded
 * tensors, which fuses into one kernel.
 *
 * @throws {ShapeError} If there are no tensors, the other lengths differ or there is no such axis
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { concat, ones, zeros } from "@hmog/hmog";
 *
 * assertEquals(concat([ones([2, 3]), zeros([2, 1])], -1).shape, [2, 4]);
 * ```
 */
export function concat(tensors: readonly Tensor[], along = 0): Tensor {
  if (tensors.length === 0) throw new ShapeError("Cannot concatenate nothing: expected at least one tensor");
  const [axis] = normalizeAxes([along], tensors[0].shape);
  const total = tensors.reduce((length, x) => length + x.shape[axis], 0);
  let start = 0;
  const padded = tensors.map((x) => {
    if (x.shape.length !== tensors[0].shape.length || x.shape.some((n, i) => i !== axis && n !== tensors[0].shape[i])) {
      throw new ShapeError(
        `Cannot concatenate [${
          tensors[0].shape
        }] and [${x.shape}] along axis ${axis}: expected the other lengths equal`,
      );
    }
    const before = x.shape.map((_, i) => i === axis ? start : 0);
    const after = x.shape.map((length, i) => i === axis ? total - start - length : 0);
    start += x.shape[axis];
    return pad(x, { before, after });
  });
  return padded.reduce((a, b) => add(a, b));
}

/** The value with no gradient: what depends on it treats it as a constant. */
export const stopGradient: Op<[x: Tensor]> = defineOp({
  name: "stopGradient",
  shape: ([x]) => x,
  view: (view) => view,
  vjp: () => [null], // constant by definition
});
