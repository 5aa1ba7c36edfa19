/** Every operation: its kernel against a float64 loop, its gradients to second order, its errors. */

import { assert, assertEquals } from "@std/assert";
import { vjp } from "../core/grad.ts";
import { operations } from "../core/op.ts";
import { conv2d, conv2dWeight, convLength, convTranspose2d } from "../core/ops/conv.ts";
import type { Operand } from "../core/ops/elementwise.ts";
import * as elementwise from "../core/ops/elementwise.ts";
import { add, mul } from "../core/ops/elementwise.ts";
import { gather, gatherBytes, oneHot } from "../core/ops/gather.ts";
import { matmul } from "../core/ops/matmul.ts";
import { broadcastTo, concat, pad, reshape, slice, stopGradient, sumTo, transpose } from "../core/ops/movement.ts";
import { normal, randomKey, stepKey, uniform } from "../core/ops/random.ts";
import { normalRows, uniformRows } from "../core/ops/random_rows.ts";
import { max, mean, sum } from "../core/ops/reduce.ts";
import { constant, fill, ones, zeros } from "../core/ops/source.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { assertGpuAgrees } from "./gpu.ts";
import { gradcheck, Numbers } from "./gradcheck.ts";
import { KNOWN_OPERATIONS } from "./reference/interpreter.ts";

/** What kernels are made of: operations that only the compiler makes of others, tested through those. */
const INTERNAL = ["matrixProduct", "convTransposeProduct", "convWeightParts", "copy"];

/** Values from outside have nothing to compute: which test covers them. */
const ELSEWHERE = {
  input: "compile_test.ts",
  inputU32: "compile_test.ts",
  variable: "compile_test.ts",
  variableU32: "compile_test.ts",
  leakySlope: "derivative of leakyRelu, made by it alone",
};

/** A use of an operation: `f` is checked in value and in its first and second derivatives in `xs`. */
interface Case {
  f: (...xs: Tensor[]) => Tensor;
  /** Shapes of normal numbers, or the numbers. */
  xs?: readonly (Shape | Tensor)[];
}

const NUMBERS = new Numbers(10);

// Where a function has a kink or a pole, numbers stay away from it; all are exact in f32.

/** ±(0.5 … 1.5), signs mixed. */
function awayFromZero(shape: Shape): Tensor {
  return mapped(shape, (x) => Math.sign(x) * (0.5 + Math.abs(Math.tanh(x))));
}

/** 0.5 … 1.5. */
function positive(shape: Shape): Tensor {
  return mapped(shape, (x) => 0.5 + Math.abs(Math.tanh(x)));
}

/** A distance of at least 0.05 between any two numbers, in mixed order. */
function distinct(shape: Shape): Tensor {
  const numbers = NUMBERS.draw(sizeOf(shape));
  const order = [...numbers.keys()].sort((a, b) => numbers[a] - numbers[b]);
  const data = new Float32Array(numbers.length);
  order.forEach((place, rank) => data[place] = (rank - numbers.length / 2) / 16);
  return constant(data, shape);
}

function mapped(shape: Shape, f: (x: number) => number): Tensor {
  return constant(Float32Array.from(NUMBERS.draw(sizeOf(shape)), f), shape);
}

const someKey = () => randomKey(20260611, 3, 1);
const someKeys = () => reshape(words(1, 2, 3, 4, 0xffffffff, 0, 0, 0xffffffff, 1, 2, 3, 5), [3, 4]);

/** A view of views of `x`: axes reversed, a box cut out, a border of zeros in front of one axis and behind another. */
function awkward(x: Tensor): Tensor {
  const turned = transpose(x, x.shape.map((_, axis) => x.shape.length - 1 - axis));
  const start = turned.shape.map((length) => Math.min(1, length - 1));
  const box = slice(turned, { start, shape: turned.shape.map((length, axis) => length - start[axis]) });
  const first = turned.shape.map((_, axis) => Number(axis === 0));
  return pad(box, { before: first, after: first.toReversed() });
}

/** The same without the zeros. */
function turned(x: Tensor): Tensor {
  const y = transpose(x, x.shape.map((_, axis) => x.shape.length - 1 - axis));
  return slice(y, { start: y.shape.map(() => 0), shape: y.shape.map((length) => Math.max(1, length - 1)) });
}

type Numbered = (shape: Shape) => Shape | Tensor;

/** Scalars, odd and whole groups of four, a view. */
function unary(f: (x: Tensor) => Tensor, numbers: Numbered = (shape) => shape): Case[] {
  return [
    { f, xs: [numbers([])] },
    { f, xs: [numbers([5, 7])] },
    { f, xs: [numbers([3, 8])] },
    { f: (x) => f(turned(x)), xs: [numbers([4, 5])] },
  ];
}

/** Equal shapes, every kind of broadcasting, views. */
function binary(f: (x: Operand, y: Operand) => Tensor, left: Numbered, right: Numbered): Case[] {
  return [
    { f, xs: [left([3, 5]), right([3, 5])] },
    { f, xs: [left([2, 1, 8]), right([3, 1])] },
    { f, xs: [left([]), right([7])] },
    { f: (x, y) => f(turned(x), y), xs: [left([5, 4]), right([4])] },
    { f: (x) => f(x, 1.25), xs: [left([4])] },
    { f: (y) => f(1.25, y), xs: [right([3])] },
  ];
}

const plain: Numbered = (shape) => shape;
const words = (...numbers: number[]) => constant(Uint32Array.from(numbers));

/** Images, weights and geometry of a convolution. */
interface Geometry {
  x: readonly [batch: number, height: number, width: number, channels: number];
  kernel: readonly [height: number, width: number];
  outChannels: number;
  stride: number;
  padding: number;
}

const GEOMETRIES: Geometry[] = [
  { x: [2, 8, 8, 4], kernel: [4, 4], outChannels: 8, stride: 2, padding: 1 },
  { x: [1, 5, 7, 3], kernel: [3, 3], outChannels: 5, stride: 1, padding: 1 },
  { x: [3, 7, 6, 1], kernel: [4, 4], outChannels: 4, stride: 2, padding: 1 },
  { x: [1, 6, 5, 4], kernel: [2, 3], outChannels: 1, stride: 3, padding: 2 },
  { x: [2, 4, 4, 2], kernel: [1, 1], outChannels: 3, stride: 1, padding: 0 },
  { x: [1, 9, 9, 2], kernel: [5, 5], outChannels: 4, stride: 2, padding: 2 },
  { x: [2, 4, 4, 8], kernel: [4, 4], outChannels: 1, stride: 1, padding: 0 },
  { x: [1, 5, 5, 4], kernel: [1, 2], outChannels: 4, stride: 3, padding: 0 },
  { x: [1, 1, 1, 4], kernel: [3, 3], outChannels: 8, stride: 1, padding: 2 },
  { x: [5, 4, 4, 12], kernel: [3, 3], outChannels: 20, stride: 1, padding: 1 },
];

function shapesOf({ x, kernel, outChannels, stride, padding }: Geometry): { x: Shape; w: Shape; y: Shape } {
  const height = convLength(x[1], kernel[0], { stride, padding });
  const width = convLength(x[2], kernel[1], { stride, padding });
  return { x, w: [...kernel, x[3], outChannels], y: [x[0], height, width, outChannels] };
}

/** The three forms of a geometry as functions of two tensors. */
function formsOf({ x, kernel, stride, padding }: Geometry) {
  return {
    conv2d: (x: Tensor, w: Tensor) => conv2d(x, w, { stride, padding }),
    convTranspose2d: (y: Tensor, w: Tensor) => convTranspose2d(y, w, { stride, padding, height: x[1], width: x[2] }),
    conv2dWeight: (x: Tensor, y: Tensor) =>
      conv2dWeight(x, y, { stride, padding, kernelHeight: kernel[0], kernelWidth: kernel[1] }),
  };
}

const swapped = (x: Tensor) => transpose(x, [0, 2, 1, 3]);

/** By name of the operation: every one has an entry, and each of its cases uses it. */
const CASES: Record<string, Case[]> = {
  fill: [
    { f: () => fill(2.5, [3, 4]) },
    { f: () => zeros([5]) },
    { f: () => ones([]) },
    { f: (x) => mul(x, fill(-1.5, [3])), xs: [[2, 3]] },
  ],
  constant: [
    { f: () => constant([1.5, -2, 1e-30]) },
    { f: (x) => mul(x, constant(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2])), xs: [[3, 2]] },
  ],
  constantU32: [{ f: () => words(0, 1, 0xffffffff, 0x7f800001) }],

  reshape: [
    { f: (x) => reshape(x, [4, -1]), xs: [[2, 2, 3]] },
    { f: (x) => reshape(turned(x), [-1]), xs: [[4, 5]] },
    { f: (x) => reshape(awkward(x), [3, 2, 5]), xs: [[5, 6]] },
    { f: (x) => reshape(x, [1, 1]), xs: [[]] },
    { f: (x) => reshape(broadcastTo(x, [4, 3, 2]), [2, 6, 2]), xs: [[3, 2]] },
  ],
  broadcastTo: [
    { f: (x) => broadcastTo(x, [3, 4]), xs: [[4]] },
    { f: (x) => broadcastTo(x, [2, 3, 5]), xs: [[3, 1]] },
    { f: (x) => broadcastTo(x, [7]), xs: [[]] },
    { f: (x) => broadcastTo(awkward(x), [2, 5, 4]), xs: [[4, 5]] },
    { f: (x) => broadcastTo(pad(x, { before: [0, 0], after: [0, 0] }), [3, 8]), xs: [[1, 8]] },
  ],
  transpose: [
    { f: (x) => transpose(x), xs: [[3, 4]] },
    { f: (x) => transpose(x, [2, 0, 1]), xs: [[2, 3, 5]] },
    { f: (x) => transpose(awkward(x), [1, 0]), xs: [[4, 7]] },
    { f: (x) => mul(transpose(x, [0, 2, 3, 1]), 2), xs: [[2, 3, 4, 4]] },
  ],
  slice: [
    { f: (x) => slice(x, { start: [1, 2], shape: [2, 3] }), xs: [[3, 5]] },
    { f: (x) => slice(x, { start: [0, 4, 0], shape: [2, 4, 1] }), xs: [[2, 8, 3]] },
    { f: (x) => slice(awkward(x), { start: [0, 1], shape: [3, 3] }), xs: [[4, 5]] },
    { f: (x) => slice(slice(x, { start: [2], shape: [9] }), { start: [3], shape: [4] }), xs: [[13]] },
  ],
  pad: [
    { f: (x) => pad(x, { before: [1, 0], after: [0, 2] }), xs: [[3, 5]] },
    { f: (x) => pad(awkward(x), { before: [2, 1], after: [1, 1] }), xs: [[3, 4]] },
    { f: (x) => slice(pad(x, { before: [3], after: [2] }), { start: [6], shape: [3] }), xs: [[4]] },
    { f: (x) => slice(pad(x, { before: [1], after: [0] }), { start: [0], shape: [1] }), xs: [[1]] }, // a border alone
    // A border of zeros that is cut off again, then another one: what lay outside must not come back.
    {
      f: (x) =>
        pad(slice(pad(x, { before: [2], after: [2] }), { start: [0], shape: [2] }), { before: [1], after: [1] }),
      xs: [[4]],
    },
    { f: (x) => pad(slice(x, { start: [2], shape: [3] }), { before: [3], after: [3] }), xs: [[8]] },
    { f: (x, y) => concat([x, y], 1), xs: [[3, 2], [3, 5]] },
    { f: (x, y, z) => concat([x, turned(y), z]), xs: [[1, 4], [5, 3], [2, 4]] },
    { f: (x, y) => concat([x, y], -1), xs: [[2, 3], [2, 1]] },
    { f: () => concat([words(1, 2), words(0xffffffff), words(3)]) },
  ],
  stopGradient: [
    { f: (x) => mul(x, stopGradient(constant([2, 3, 4]))), xs: [[2, 3]] },
    { f: (x) => add(x, stopGradient(transpose(constant([1, 2, 3, 4], [2, 2])))), xs: [[2, 2]] },
  ],

  add: binary(elementwise.add, plain, plain),
  sub: binary(elementwise.sub, plain, plain),
  mul: [
    ...binary(elementwise.mul, plain, plain),
    { f: (x) => mul(x, x), xs: [[5]] },
    { f: (x, y) => mul(awkward(x), awkward(awkward(y))), xs: [[4, 5], [5, 4]] },
  ],
  div: binary(elementwise.div, plain, awayFromZero),
  maximum: [
    ...binary(elementwise.maximum, plain, plain),
    { f: (x, y) => elementwise.maximum(awkward(x), awkward(y)), xs: [awayFromZero([3, 4]), awayFromZero([3, 4])] },
  ],
  minimum: binary(elementwise.minimum, plain, plain),
  greater: [
    ...binary(elementwise.greater, plain, plain),
    { f: () => elementwise.greater(words(1, 2, 0xffffffff), words(2, 2, 2)) },
    { f: (x) => mul(x, elementwise.greater(words(1, 2, 3, 4), words(2, 2, 2, 2))), xs: [[4]] },
  ],
  greaterEqual: [
    ...binary(elementwise.greaterEqual, plain, plain),
    { f: () => elementwise.greaterEqual(constant([1, 2, 3]), constant([2, 2, 2])) },
    { f: () => elementwise.greaterEqual(words(1, 2, 3, 0), words(2, 2, 2, 0xffffffff)) },
  ],
  equal: [
    ...binary(elementwise.equal, plain, plain),
    { f: () => elementwise.equal(constant([1, 2, 3]), constant([2, 2, 2])) },
    { f: () => sum(elementwise.equal(words(1, 2, 3, 0), words(1, 2, 2, 0))) },
  ],
  where: [
    { f: elementwise.where, xs: [awayFromZero([3, 5]), [3, 5], [3, 5]] },
    { f: (mask, x) => elementwise.where(mask, x, 0), xs: [awayFromZero([3, 1]), [8]] },
    { f: (x, y) => elementwise.where(elementwise.greater(x, 0.3), x, turned(y)), xs: [[3, 3], [4, 4]] },
    { f: (x) => elementwise.where(constant([1, 0, -1, 0.5]), x, elementwise.log(constant([-1, 1, 1, -1]))), xs: [[4]] },
    { f: () => elementwise.where(elementwise.equal(words(1, 2, 3), words(1, 2, 4)), words(7, 8, 9), words(0, 0, 6)) },
    { f: () => elementwise.where(constant([1, 0, 0.5, -1]), words(7, 8, 9, 10), words(1)) },
  ],

  neg: unary(elementwise.neg),
  abs: unary(elementwise.abs, awayFromZero),
  sign: [...unary(elementwise.sign, awayFromZero), { f: () => elementwise.sign(constant([-2, 0, 3])) }],
  floor: unary(elementwise.floor, awayFromZero),
  square: unary(elementwise.square),
  sqrt: unary(elementwise.sqrt, positive),
  reciprocal: unary(elementwise.reciprocal, awayFromZero),
  exp: unary(elementwise.exp),
  log: unary(elementwise.log, positive),
  sin: unary(elementwise.sin),
  cos: unary(elementwise.cos),
  tanh: [...unary(elementwise.tanh), { f: () => elementwise.tanh(constant([-1e4, -20, -9.2, 9, 50, 3e38])) }],
  sigmoid: [...unary(elementwise.sigmoid), { f: () => elementwise.sigmoid(constant([-1e4, -90, -20, 20, 90, 3e38])) }],
  softplus: [
    ...unary(elementwise.softplus),
    { f: () => elementwise.softplus(constant([-1e4, -90, -20, 20, 90, 1e38])) },
  ],
  relu: unary(elementwise.relu, awayFromZero),
  leakyRelu: [
    ...unary((x) => elementwise.leakyRelu(x), awayFromZero),
    { f: (x) => elementwise.leakyRelu(x, { negativeSlope: 0.01 }), xs: [awayFromZero([5])] },
    { f: (x) => elementwise.leakyRelu(x, { negativeSlope: 0 }), xs: [awayFromZero([4])] },
    { f: (x) => elementwise.leakyRelu(x, { negativeSlope: 1e-7 }), xs: [awayFromZero([4])] },
  ],
  copy: [
    ...unary(elementwise.copy, plain),
    { f: () => elementwise.copy(words(0, 1, 0xffffffff)) },
  ],
  toFloat: [
    { f: () => elementwise.toFloat(words(0, 1, 255, 0xffffff, 0x1000000)) },
    { f: () => elementwise.toFloat(transpose(reshape(words(1, 2, 3, 4, 5, 6, 7, 8), [2, 4]))) },
    { f: (x) => mul(x, elementwise.toFloat(words(3, 5, 7))), xs: [[2, 3]] },
  ],
  addU32: [
    { f: () => elementwise.addU32(words(0, 1, 0xffffffff), 1) },
    { f: () => elementwise.addU32(words(1, 2, 3, 4), 0xffffffff) },
  ],

  sum: [
    { f: (x) => sum(reshape(x, [1])), xs: [[]] },
    { f: (x) => sum(x), xs: [[3, 5]] },
    { f: (x) => sum(x, { axes: [0] }), xs: [[5, 8]] },
    { f: (x) => sum(x, { axes: [-1] }), xs: [[8, 5]] },
    { f: (x) => sum(x, { axes: [1] }), xs: [[3, 5, 4]] },
    { f: (x) => sum(x, { axes: [0, 2] }), xs: [[3, 5, 7]] },
    { f: (x) => sum(x, { axes: [1, 2, 3], keepDims: true }), xs: [[2, 4, 4, 3]] },
    { f: (x) => sum(x, { axes: [0, 1] }), xs: [[1, 1, 6]] },
    { f: (x) => sum(awkward(x), { axes: [1] }), xs: [[6, 5]] },
    { f: (x, y) => sum(mul(x, y), { axes: [0] }), xs: [[4, 1, 4], [3, 4]] },
    { f: (x) => sum(x), xs: [[61, 67]] },
    { f: (x) => sum(x, { axes: [0] }), xs: [[257, 4]] },
    { f: (x) => sum(x, { axes: [1] }), xs: [[3, 1030]] },
    { f: (x) => sum(x, { axes: [0, 1, 2] }), xs: [[9, 8, 8, 4]] },
    { f: (x) => mean(x, { axes: [1] }), xs: [[3, 5]] },
    { f: (x) => mul(mean(elementwise.square(x)), x), xs: [[4, 4]] },
    { f: (x) => sumTo(x, [3, 1]), xs: [[2, 3, 5]] },
    { f: () => sum(words(1, 2, 0xffffffff)) },
    { f: () => sum(reshape(words(1, 2, 3, 4, 5, 6, 7, 0xffffffff), [2, 4]), { axes: [1] }) },
    { f: () => sum(reshape(words(1, 2, 3, 4, 5, 6, 7, 0xffffffff), [2, 4]), { axes: [0] }) },
  ],
  max: [
    { f: (x) => max(x), xs: [distinct([5, 7])] },
    { f: (x) => max(x, { axes: [0] }), xs: [distinct([5, 4])] },
    { f: (x) => max(x, { axes: [1], keepDims: true }), xs: [distinct([3, 8])] },
    { f: (x) => max(x, { axes: [0, 2] }), xs: [distinct([3, 2, 5])] },
    { f: (x) => max(awkward(x), { axes: [0] }), xs: [distinct([4, 6])] },
    { f: (x) => max(elementwise.sub(x, 1000)), xs: [distinct([301])] },
    { f: () => max(constant([-Infinity, -Infinity, -Infinity, 1, -Infinity, 2], [2, 3]), { axes: [1] }) },
    { f: () => max(constant(new Float32Array(400).fill(-Infinity), [100, 4]), { axes: [0] }) },
    { f: () => max(constant(new Float32Array(400).fill(-Infinity), [2, 200]), { axes: [1] }) },
    { f: () => max(words(3, 0xffffffff, 5)) },
    { f: () => max(reshape(words(1, 0, 3, 4, 5, 0, 7, 0x80000000), [2, 4]), { axes: [1] }) },
    // The largest element is computed twice, for the maximum and for the gradient: both must come out equal.
    {
      f: (x, y, z) => max(add(mul(x, y), elementwise.exp(z)), { axes: [1] }),
      xs: [distinct([4, 9]), positive([4, 9]), [4, 9]],
    },
  ],

  matmul: [
    { f: matmul, xs: [[3, 5], [5, 7]] },
    { f: matmul, xs: [[8, 4], [4, 16]] },
    { f: matmul, xs: [[1, 6], [6, 4]] },
    { f: matmul, xs: [[6, 1], [1, 5]] },
    { f: matmul, xs: [[4, 6], [6, 1]] },
    { f: matmul, xs: [[1, 1], [1, 1]] },
    { f: matmul, xs: [[2, 3, 4], [2, 4, 8]] },
    { f: matmul, xs: [[2, 3, 5, 2], [2, 3, 2, 3]] },
    { f: matmul, xs: [[17, 33], [33, 20]] },
    { f: (a, b) => matmul(transpose(a), b), xs: [[5, 6], [5, 8]] },
    { f: (a, b) => matmul(a, transpose(b)), xs: [[6, 5], [9, 5]] },
    { f: (a, b) => matmul(transpose(a), transpose(b)), xs: [[4, 6], [8, 4]] },
    { f: (a, b) => matmul(transpose(a), transpose(b)), xs: [[2, 5, 3], [2, 7, 5]] },
    { f: (a, b) => matmul(awkward(a), turned(b)), xs: [[5, 6], [4, 6]] },
    { f: (a, b) => elementwise.tanh(add(matmul(elementwise.square(a), b), b)), xs: [[4, 4], [4, 4]] },
    { f: (a) => matmul(a, transpose(a)), xs: [[6, 4]] },
  ],

  conv2d: [
    ...GEOMETRIES.map((geometry) => ({
      f: formsOf(geometry).conv2d,
      xs: [shapesOf(geometry).x, shapesOf(geometry).w],
    })),
    { f: (x, w) => formsOf(GEOMETRIES[0]).conv2d(swapped(x), swapped(transpose(w))), xs: [[2, 8, 8, 4], [4, 4, 8, 4]] },
    {
      f: (x, w, b) => elementwise.leakyRelu(add(formsOf(GEOMETRIES[1]).conv2d(x, w), b)),
      xs: [[1, 5, 7, 3], [3, 3, 3, 5], [5]],
    },
  ],
  convTranspose2d: [
    ...GEOMETRIES.map((geometry) => ({
      f: formsOf(geometry).convTranspose2d,
      xs: [shapesOf(geometry).y, shapesOf(geometry).w],
    })),
    { f: (y, w) => formsOf(GEOMETRIES[0]).convTranspose2d(swapped(y), transpose(w)), xs: [[2, 4, 4, 8], [4, 4, 8, 4]] },
    {
      f: (y, w, b) => elementwise.tanh(add(formsOf(GEOMETRIES[2]).convTranspose2d(y, w), b)),
      xs: [shapesOf(GEOMETRIES[2]).y, shapesOf(GEOMETRIES[2]).w, [1]],
    },
  ],
  conv2dWeight: [
    ...GEOMETRIES.map((geometry) => ({
      f: formsOf(geometry).conv2dWeight,
      xs: [shapesOf(geometry).x, shapesOf(geometry).y],
    })),
    { f: (x, y) => formsOf(GEOMETRIES[0]).conv2dWeight(swapped(x), swapped(y)), xs: [[2, 8, 8, 4], [2, 4, 4, 8]] },
  ],

  gather: [
    { f: (table) => gather(table, words(2, 0, 2, 1)), xs: [[3, 5]] },
    { f: () => gather(constant([1, 2, 3, 4]), words(1, 7, 0xffffffff)) }, // too large: the last row
    { f: (table) => gather(table, words(1, 1)), xs: [[2, 2, 4]] },
    { f: (table) => elementwise.square(gather(awkward(table), words(4, 0, 3))), xs: [[4, 5]] },
    { f: () => gather(reshape(words(1, 0xffffffff, 0x7f800001, 4, 5, 6), [3, 2]), words(1, 2)) },
  ],
  gatherBytes: [
    { f: () => gatherBytes(reshape(words(0x03020100, 0xfffefdfc, 0x80007f01, 7), [2, 2]), words(1, 0, 9, 1)) },
    {
      f: (x) => mul(x, elementwise.sub(mul(gatherBytes(reshape(words(0x04030201, 0xff), [2, 1]), words(1, 0)), 2), 1)),
      xs: [[2, 4]],
    },
  ],
  oneHot: [
    { f: () => oneHot(words(2, 0, 7, 1), { classes: 3 }) },
    { f: () => oneHot(reshape(words(0, 1, 2, 3), [2, 2]), { classes: 4 }) },
    { f: (x) => matmul(oneHot(words(1, 0, 1), { classes: 2 }), x), xs: [[2, 5]] },
  ],

  uniform: [
    { f: () => uniform(someKey(), { shape: [3, 5], stream: 7 }) },
    { f: () => uniform(randomKey(Number.MAX_SAFE_INTEGER), { shape: [], stream: 0 }) },
    { f: (x) => mul(x, uniform(someKey(), { shape: [4, 8], stream: 0xffffffff })), xs: [[4, 8]] },
    { f: () => uniform(stepKey(words(1, 2), words(3)), { shape: [6], stream: 0 }) },
  ],
  uniformRows: [
    { f: () => uniformRows(someKeys(), { columns: 8, stream: 7 }) },
    { f: (x) => mul(x, uniformRows(someKeys(), { columns: 5, stream: 0 })), xs: [[3, 5]] },
  ],
  normalRows: [
    { f: () => normalRows(someKeys(), { columns: 8, stream: 1 }) },
    { f: (x) => mul(x, normalRows(someKeys(), { columns: 3, stream: 0xffffffff })), xs: [[3, 3]] },
  ],
  normal: [
    { f: () => normal(someKey(), { shape: [3, 5], stream: 7 }) },
    { f: () => normal(randomKey(0), { shape: [1000], stream: 1 }) },
    { f: (x) => mul(x, normal(someKey(), { shape: [4, 8], stream: 2 })), xs: [[4, 8]] },
  ],
};

/** Graphs of a case: value, gradients, their gradients; checked in float64 on the way. */
function checked({ f, xs = [] }: Case, number: number): Tensor[] {
  const numbers = new Numbers(number);
  return gradcheck(f, xs.map((x) => "op" in x ? x : numbers.tensor(x)), number);
}

/** The names of all operations under a tensor. */
function namesUnder(tensor: Tensor, names = new Set<string>()): Set<string> {
  names.add(tensor.op.name);
  tensor.inputs.forEach((input) => namesUnder(input, names));
  return names;
}

for (const [name, cases] of Object.entries(CASES)) {
  Deno.test(`${name}() agrees with float64, in value and in first and second derivatives`, async () => {
    const graphs = cases.flatMap((use, i) => {
      const tensors = checked(use, i + 1);
      assert(namesUnder(tensors[0]).has(name), `case ${i} does not use ${name}`);
      return tensors;
    });
    await assertGpuAgrees(graphs);
  });
}

Deno.test("every operation has a case", async () => {
  for await (const file of Deno.readDir(new URL("../core/ops", import.meta.url))) {
    if (file.name.endsWith(".ts")) await import(new URL(`../core/ops/${file.name}`, import.meta.url).href);
  }
  const wanted = [...operations.keys()].filter((name) => !INTERNAL.includes(name));
  assertEquals(wanted.filter((name) => !(name in CASES) && !(name in ELSEWHERE)), [], "operations without a case");
  assertEquals(wanted.filter((name) => !KNOWN_OPERATIONS.has(name)), [], "operations without a float64 reference");
  const listed = [...INTERNAL, ...Object.keys(CASES), ...Object.keys(ELSEWHERE)];
  assertEquals(listed.filter((name) => !operations.has(name)), [], "cases without an operation");
});

Deno.test("masks and whole numbers have no gradient", () => {
  const [x, y] = [awayFromZero([3]), awayFromZero([3])];
  for (const mask of [elementwise.greater, elementwise.greaterEqual, elementwise.equal]) {
    assertEquals(vjp(sum(mask(x, y)), [x, y]).map((g) => g.op.name), ["fill", "fill"]);
  }
  for (const steps of [elementwise.sign, elementwise.floor, stopGradient]) {
    assertEquals(vjp(sum(steps(x)), [x]).map((g) => g.op.name), ["fill"]);
  }
  const [, dx] = vjp(sum(elementwise.where(x, y, 0)), [x, y]);
  assertEquals(dx.op.name, "mul");
  assertEquals(vjp(sum(elementwise.where(x, y, 0)), [x])[0].op.name, "fill");
});
