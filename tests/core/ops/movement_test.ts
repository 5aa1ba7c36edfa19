import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { broadcastTo, concat, contiguousView, pad, reshape, slice, transpose } from "../../../core/ops/movement.ts";
import { sum } from "../../../core/ops/reduce.ts";
import { constant, zeros } from "../../../core/ops/source.ts";
import { type Shape, ShapeError, sizeOf, stridesOf } from "../../../core/shape.ts";
import type { Tensor, View } from "../../../core/tensor.ts";
import { moved, picker } from "../../random_graphs.ts";
import { evaluate64 } from "../../reference/interpreter.ts";

const CHAINS = 2000; // chains of movements, each a fraction of a millisecond

/** The view that a chain of movements is of its first tensor, null where a link needs its input in row-major order. */
function viewOf(tensor: Tensor): View | null {
  if (tensor.inputs.length === 0) return contiguousView(tensor.shape);
  const view = viewOf(tensor.inputs[0]);
  return view && tensor.op.view!(view, tensor.attributes, tensor.shape);
}

/** The elements of a view. */
function read(source: ArrayLike<number>, { shape, strides, offset, bounds }: View): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, i) => {
    const c = stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]);
    const inside = c.every((place, axis) => place >= bounds[axis][0] && place < bounds[axis][1]);
    return inside ? source[offset + c.reduce((at, place, axis) => at + place * strides[axis], 0)] : 0;
  });
}

function numbered(shape: Shape): Tensor {
  return constant(Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + 1), shape);
}

Deno.test("a chain of movements is one strided view, wherever it is one at all", () => {
  let views = 0;
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 6 }), (seed, length) => {
      const pick = picker(seed);
      let x = numbered([[], [4], [3, 5], [2, 1, 6], [2, 3, 2, 2]][pick(5)]);
      const source = evaluate64(x);
      for (let i = 0; i < length; i++) {
        const y = moved(x, pick);
        if (y.size <= 500) x = y;
      }
      const view = viewOf(x);
      if (view === null) return;
      views++;
      assertEquals(view.shape, x.shape);
      assertEquals(read(source, view), [...evaluate64(x)]);
    }),
    { numRuns: CHAINS, seed: 1 },
  );
  assertEquals(views > CHAINS / 2, true, `only ${views} of ${CHAINS} chains are views`);
});

Deno.test("reshape() splits and joins axes without a copy wherever strides allow", () => {
  const isView = (x: Tensor) => viewOf(x) !== null;
  assertEquals(isView(reshape(numbered([4, 6]), [2, 2, 3, 2])), true);
  assertEquals(isView(reshape(transpose(numbered([4, 6])), [2, 3, 2, 2])), true, "a split of each axis");
  assertEquals(isView(reshape(transpose(numbered([4, 6])), [24])), false, "a transposed matrix as a list");
  assertEquals(isView(reshape(transpose(numbered([2, 3, 4]), [2, 0, 1]), [4, 6])), true, "axes that stay together");
  assertEquals(isView(reshape(slice(numbered([4, 6]), { start: [1, 0], shape: [2, 6] }), [12])), true, "whole rows");
  assertEquals(isView(reshape(slice(numbered([4, 6]), { start: [0, 1], shape: [4, 2] }), [8])), false, "part of rows");
  assertEquals(isView(reshape(broadcastTo(numbered([3]), [2, 2, 3]), [4, 3])), true, "repeated rows");
  assertEquals(isView(reshape(pad(numbered([3]), { before: [1], after: [0] }), [2, 2])), false, "a border of zeros");
});

Deno.test("reshape() works out one length", () => {
  assertEquals(reshape(zeros([4, 6]), [3, -1]).shape, [3, 8]);
  assertEquals(reshape(zeros([]), [-1]).shape, [1]);
  const x = zeros([2, 3]);
  assertEquals(reshape(x, [2, -1]), x);
});

Deno.test("broadcastTo() and sumTo() are adjoint", () => {
  const [x, y] = [numbered([3, 1]), numbered([2, 3, 4])];
  const inner = (a: Tensor, b: Tensor) =>
    [...evaluate64(a)].reduce((total, value, i) => total + value * evaluate64(b)[i], 0);
  assertEquals(inner(broadcastTo(x, [2, 3, 4]), y), inner(x, reshape(sum(y, { axes: [0, 2] }), [3, 1])));
});

Deno.test("concat() puts tensors one behind the other along any axis", () => {
  const [x, y] = [constant([1, 2, 3, 4], [2, 2]), constant([5, 6], [2, 1])];
  assertEquals([...evaluate64(concat([x, y], 1))], [1, 2, 5, 3, 4, 6]);
  assertEquals([...evaluate64(concat([x, y], -1))], [1, 2, 5, 3, 4, 6]);
  assertEquals([...evaluate64(concat([x, transpose(y)]))], [1, 2, 3, 4, 5, 6]);
  assertEquals([...evaluate64(concat([constant(Uint32Array.of(7)), constant(Uint32Array.of(8))]))], [7, 8]);
  assertThrows(() => concat([x, y], 2), ShapeError, "Cannot use axes [2]");
});
