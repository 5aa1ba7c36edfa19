/** Shape and broadcasting arithmetic: pure functions on lists of lengths. */

/** Lengths of a tensor's axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Shapes that do not fit an operation. */
export class ShapeError extends TypeError {
  override name = "ShapeError";
}

/** Number of elements: the product of the lengths. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** Row-major strides in elements: the last axis has stride 1. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Whether two shapes have the same lengths. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/**
 * The shape both operands broadcast to: aligned at the last axis, lengths equal or 1.
 *
 * @throws {ShapeError} If a pair of lengths differs and neither is 1
 */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw new ShapeError(
      `Cannot broadcast [${a}] with [${b}]: lengths ${left} and ${right} meet, expected them equal or one of them 1`,
    );
  });
}

/**
 * Axes as sorted numbers from 0: negative ones count from the end, `undefined` means all.
 *
 * @throws {ShapeError} If an axis is outside the shape or given twice
 */
export function normalizeAxes(axes: readonly number[] | undefined, shape: Shape): number[] {
  if (axes === undefined) return shape.map((_, axis) => axis);
  const positive = axes.map((axis) => axis < 0 ? axis + shape.length : axis).sort((a, b) => a - b);
  positive.forEach((axis, i) => {
    if (!Number.isInteger(axis) || axis < 0 || axis >= shape.length || axis === positive[i - 1]) {
      throw new ShapeError(
        `Cannot use axes [${axes}] of shape [${shape}]: expected different axes from ${-shape.length} to ${
          shape.length - 1
        }`,
      );
    }
  });
  return positive;
}

/**
 * Rows and columns of a matrix.
 *
 * @throws {ShapeError} If the shape has not two axes
 */
export function asMatrix(shape: Shape): [rows: number, columns: number] {
  if (shape.length === 2) return [shape[0], shape[1]];
  throw new ShapeError(`Cannot use shape [${shape}] as a matrix: it has ${shape.length} axes, expected 2`);
}
