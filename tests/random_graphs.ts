/** Random graphs whose values are small whole numbers, exact in f32 in whatever order they are calculated. */

import fc from "fast-check";
import { conv2d, convTranspose2d } from "../core/ops/conv.ts";
import {
  abs,
  add,
  equal,
  greater,
  greaterEqual,
  leakyRelu,
  maximum,
  minimum,
  mul,
  neg,
  relu,
  sign,
  square,
  sub,
  where,
} from "../core/ops/elementwise.ts";
import { gather } from "../core/ops/gather.ts";
import { matmul } from "../core/ops/matmul.ts";
import { broadcastTo, concat, pad, reshape, slice, transpose } from "../core/ops/movement.ts";
import { max, sum } from "../core/ops/reduce.ts";
import { constant } from "../core/ops/source.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { evaluate64, type Value } from "./reference/interpreter.ts";

/** Values stay within ±LIMIT, so that products summed over MAX_SIZE elements stay below 2²⁴. */
const LIMIT = 30;
const MAX_SIZE = 1000;

/** A whole number from 0 to `n - 1`. */
export type Pick = (n: number) => number;

/** Numbers that follow from a seed (mulberry32). */
export function picker(seed: number): Pick {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

function shuffled(length: number, pick: Pick): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = pick(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

const MOVEMENTS: ((x: Tensor, pick: Pick) => Tensor)[] = [
  (x, pick) => transpose(x, shuffled(x.shape.length, pick)),
  (x, pick) => {
    const start = x.shape.map((length) => pick(Math.min(length, 3)));
    return slice(x, { start, shape: x.shape.map((length, axis) => 1 + pick(length - start[axis])) });
  },
  (x, pick) => pad(x, { before: x.shape.map(() => pick(3)), after: x.shape.map(() => pick(3)) }),
  (x, pick) => reshape(x, anyShape(x.size, pick)),
  (x, pick) => reshape(x, [...x.shape.slice(0, -1), ...anyShape(x.shape.at(-1) ?? 1, pick)]),
  (x, pick) => {
    const lengths = x.shape.map((length) => length === 1 ? 1 + pick(3) : length);
    return broadcastTo(x, pick(2) ? lengths : [1 + pick(3), ...lengths]);
  },
];

/** Lengths whose product is `size`. */
function anyShape(size: number, pick: Pick): number[] {
  const shape: number[] = [];
  while (size > 1 && shape.length < 3) {
    const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((length) => size % length === 0);
    const length = divisors[pick(divisors.length)];
    shape.push(length);
    size /= length;
  }
  return size > 1 || pick(4) === 0 ? [...shape, size] : shape;
}

/** `x` indexed another way. */
export function moved(x: Tensor, pick: Pick): Tensor {
  return MOVEMENTS[pick(MOVEMENTS.length)](x, pick);
}

const UNARY = [neg, abs, sign, relu, square, (x: Tensor) => leakyRelu(x, { negativeSlope: 2 })];
const BINARY = [add, sub, mul, maximum, minimum, greater, greaterEqual, equal];

/** `x` with another shape: sliced or padded along every axis, without the leading axes or with new ones. */
export function fitted(x: Tensor, shape: Shape): Tensor {
  const same = reshape(
    slice(x, { start: x.shape.map(() => 0), shape: x.shape.map((n, i) => i < x.shape.length - shape.length ? 1 : n) }),
    [...new Array(Math.max(0, shape.length - x.shape.length)).fill(1), ...x.shape].slice(-shape.length || Infinity),
  );
  const inside = slice(same, { start: shape.map(() => 0), shape: shape.map((n, i) => Math.min(n, same.shape[i])) });
  return pad(inside, { before: shape.map(() => 0), after: shape.map((n, i) => n - inside.shape[i]) });
}

const OPERATIONS: ((x: Tensor, y: Tensor, pick: Pick) => Tensor)[] = [
  (x, _, pick) => moved(x, pick),
  (x, _, pick) => moved(moved(x, pick), pick),
  (x, _, pick) => UNARY[pick(UNARY.length)](x),
  (x, y, pick) => BINARY[pick(BINARY.length)](x, fitted(y, x.shape)),
  (x, y, pick) => BINARY[pick(BINARY.length)](x, fitted(y, x.shape.slice(pick(x.shape.length + 1)))),
  (x, y, pick) => BINARY[pick(BINARY.length)](fitted(y, x.shape), pick(7) - 3 || x),
  (x, y) => where(x, fitted(y, x.shape), neg(x)),
  (x, _, pick) => sum(x, { axes: x.shape.map((_, axis) => axis).filter(() => pick(2)), keepDims: pick(2) === 1 }),
  (x, _, pick) => max(x, { axes: x.shape.map((_, axis) => axis).filter(() => pick(2)), keepDims: pick(2) === 1 }),
  (x, y, pick) => {
    const [a, b] = x.shape.length === 0 ? [reshape(x, [1]), reshape(x, [1])] : [x, fitted(y, x.shape)];
    return concat([a, b, a].slice(pick(2)), pick(a.shape.length));
  },
  (x, y, pick) => {
    const a = fitted(x, [1 + pick(5), 1 + pick(9)]);
    return matmul(a, fitted(y, [a.shape[1], 1 + pick(9)]));
  },
  (x, y, pick) => {
    const [stride, padding, kernel, channels] = [1 + pick(3), pick(2), 1 + pick(3), 1 + pick(4)];
    const images = fitted(x, [1 + pick(2), kernel + pick(3), kernel + pick(4), channels]);
    return conv2d(images, fitted(y, [kernel, kernel, channels, 1 + pick(5)]), { stride, padding });
  },
  (x, y, pick) => {
    const [stride, kernel, channels] = [1 + pick(3), 1 + pick(3), 1 + pick(4)];
    const features = fitted(x, [1, 1 + pick(3), 1 + pick(3), channels]);
    const [height, width] = features.shape.slice(1).map((length) => (length - 1) * stride + kernel);
    const weights = fitted(y, [kernel, kernel, 1 + pick(5), channels]);
    return convTranspose2d(features, weights, { stride, padding: 0, height, width });
  },
  (x, _, pick) => x.shape.length === 0 ? neg(x) : gather(x, constant(Uint32Array.of(pick(4), pick(9), pick(2)))),
];

/** A graph and some of the values in it. */
export interface Graph {
  leaves: Tensor[];
  results: Tensor[];
}

/** Shapes of leaves, with and without groups of four. */
export const LEAVES: Shape[] = [[3, 4], [2, 3, 5], [8], [2, 2, 4, 4], []];

/** Whole numbers from -3 to 3. */
export function wholeNumbers(size: number, seed: number): Float32Array<ArrayBuffer> {
  const pick = picker(seed);
  return Float32Array.from({ length: size }, () => pick(7) - 3);
}

/** What leaves are made of, and whether they keep the values they begin with; constants unless given. */
export interface Leaves {
  leaf: (shape: Shape, data: Float32Array<ArrayBuffer>, i: number) => Tensor;
  changing: boolean;
}

/** Builds a graph from a list of seeds, one operation each. */
export function buildGraph(
  seeds: readonly number[],
  { leaf, changing }: Leaves = { leaf: (shape, data) => constant(data, shape), changing: false },
): Graph {
  const values = new Map<Tensor, Value>();
  const leaves = LEAVES.map((shape, i) => {
    const data = wholeNumbers(sizeOf(shape), i);
    const tensor = leaf(shape, data, i);
    values.set(tensor, Float64Array.from(data));
    return tensor;
  });
  const pool = [...leaves];
  for (const seed of seeds) {
    const pick = picker(seed);
    // Half of the time the latest value, so that chains grow long.
    const operand = () => pool[pick(2) ? pool.length - 1 : pick(pool.length)];
    const y = OPERATIONS[pick(OPERATIONS.length)](operand(), operand(), pick);
    if (y.size > MAX_SIZE || y.shape.length > 5) continue;
    const large = changing || evaluate64(y, values).some((value) => Math.abs(value) > LIMIT);
    const bounded = large ? maximum(minimum(y, LIMIT), -LIMIT) : y;
    values.set(bounded, evaluate64(bounded, values));
    pool.push(bounded);
  }
  return { leaves, results: pool.slice(leaves.length).filter((_, i, all) => i % 3 === 0 || i >= all.length - 3) };
}

/** Seeds of graphs of up to `length` operations. */
export const seedsOfGraphs = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat(0x7fffffff), { minLength: 1, maxLength: length });
