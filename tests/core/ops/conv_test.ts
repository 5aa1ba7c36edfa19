import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { conv2d, conv2dWeight, convLength, convTranspose2d } from "../../../core/ops/conv.ts";
import { mul } from "../../../core/ops/elementwise.ts";
import { sum } from "../../../core/ops/reduce.ts";
import { constant, ones } from "../../../core/ops/source.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { Numbers } from "../../gradcheck.ts";
import { evaluate64 } from "../../reference/interpreter.ts";

/** Rounding of float64 sums of at most a few thousand products of size 1. */
const ROUNDING = 1e-10;

const geometry = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  inChannels: fc.integer({ min: 1, max: 3 }),
  outChannels: fc.integer({ min: 1, max: 3 }),
  kernelHeight: fc.integer({ min: 1, max: 5 }),
  kernelWidth: fc.integer({ min: 1, max: 5 }),
  stride: fc.integer({ min: 1, max: 3 }),
  padding: fc.integer({ min: 0, max: 2 }),
}).filter(({ height, width, kernelHeight, kernelWidth, padding }) =>
  height + 2 * padding >= kernelHeight && width + 2 * padding >= kernelWidth
);

Deno.test("conv2d(), convTranspose2d() and conv2dWeight() are the derivatives of one trilinear form", () => {
  const inner = (a: Tensor, b: Tensor) => evaluate64(sum(mul(a, b)))[0];
  fc.assert(fc.property(geometry, fc.nat(1000), (g, seed) => {
    const { batch, height, width, inChannels, outChannels, kernelHeight, kernelWidth, stride, padding } = g;
    const numbers = new Numbers(seed);
    const x = numbers.tensor([batch, height, width, inChannels]);
    const w = numbers.tensor([kernelHeight, kernelWidth, inChannels, outChannels]);
    const image = conv2d(x, w, { stride, padding });
    const y = numbers.tensor(image.shape);
    const form = inner(image, y);
    assertAlmostEquals(inner(x, convTranspose2d(y, w, { stride, padding, height, width })), form, ROUNDING);
    assertAlmostEquals(inner(w, conv2dWeight(x, y, { stride, padding, kernelHeight, kernelWidth })), form, ROUNDING);
  }));
});

Deno.test("convLength() counts the positions of a kernel", () => {
  assertEquals(convLength(32, 4, { stride: 2, padding: 1 }), 16);
  assertEquals(convLength(7, 3, { stride: 3, padding: 0 }), 2);
  assertEquals(convLength(1, 3, { stride: 1, padding: 1 }), 1);
});

Deno.test("conv2d() halves a 32x32 image with kernel 4, stride 2, padding 1", () => {
  const convolution = { stride: 2, padding: 1 };
  const y = conv2d(ones([2, 32, 32, 3]), ones([4, 4, 3, 5]), convolution);
  assertEquals(y.shape, [2, 16, 16, 5]);
  const x = convTranspose2d(y, ones([4, 4, 3, 5]), { ...convolution, height: 32, width: 32 });
  assertEquals(x.shape, [2, 32, 32, 3]);
});

Deno.test("conv2d() correlates: the kernel is not turned over", () => {
  const x = constant([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
  const w = constant([1, 10, 100, 1000], [2, 2, 1, 1]);
  assertEquals([...evaluate64(conv2d(x, w, { stride: 1, padding: 0 }))], [5421, 6532, 8754, 9865]);
});
