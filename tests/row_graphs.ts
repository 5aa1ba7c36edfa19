/** Random graphs of values that have a row for each sample: what stays in its row, and what looks into others. */

import { add, copy, greater, leakyRelu, maximum, minimum, mul, neg, sub, where } from "../core/ops/elementwise.ts";
import { gather } from "../core/ops/gather.ts";
import { matmul } from "../core/ops/matmul.ts";
import { broadcastTo, concat, pad, reshape, slice, transpose } from "../core/ops/movement.ts";
import { max, sum } from "../core/ops/reduce.ts";
import { constant } from "../core/ops/source.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { type Pick, picker, wholeNumbers } from "./random_graphs.ts";
import { evaluate64, type Value } from "./reference/interpreter.ts";

/** Values stay whole numbers that f32 holds exactly, also summed over all rows. */
const LIMIT = 30;
/** Columns of an operand of a product: more would let it take longer than all the rest. */
const FEW_COLUMNS = 64;
/** Lengths that a row may be cut into, with and without groups of four. */
const LENGTHS = [1, 2, 3, 4, 5, 8, 16, 32, 64];

/** What a graph is made from. */
export interface RowGraph {
  readonly leaves: readonly Tensor[];
  readonly rows: number;
  /** Elements of a row. */
  readonly longest: number;
  /** Whether values may need other rows than their own. */
  readonly across?: boolean;
  /** What the leaves hold; unless given they may change, and every value is bounded. */
  readonly values?: ReadonlyMap<Tensor, Value>;
}

type Operation = (x: Tensor, y: Tensor, pick: Pick) => Tensor;

/** What stays in its row, whatever it does there. */
const WITHIN: readonly Operation[] = [
  (x) => neg(x),
  (x) => leakyRelu(x, { negativeSlope: 2 }),
  (x, y) => add(x, fitted(y, x.shape)),
  (x, y) => sub(fitted(y, x.shape), x),
  (x, y) => mul(x, fitted(y, x.shape)),
  (x, _, pick) => add(x, constant(wholeNumbers(sizeOf(x.shape.slice(1)), pick(9)), x.shape.slice(1))),
  (x, _, pick) => sum(x, { axes: innerAxes(x).filter(() => pick(2)), keepDims: true }),
  (x) => sum(x, { axes: innerAxes(x), keepDims: true }),
  (x, _, pick) => max(x, { axes: innerAxes(x).filter(() => pick(2)), keepDims: true }),
  (x) => flat(x),
  (x) => transpose(x, [0, ...innerAxes(x).reverse()]),
  (x, y) => concat([flat(x), flat(y)], 1),
  (x, _, pick) => pad(x, { before: x.shape.map((_, axis) => axis && pick(3)), after: x.shape.map(() => 0) }),
  (x, _, pick) => {
    const start = x.shape.map((length, axis) => axis && pick(Math.min(length, 3)));
    return slice(x, { start, shape: x.shape.map((length, axis) => length - start[axis]) });
  },
];

/** What looks into other rows, or ends a chain of what does not. */
const ACROSS: readonly Operation[] = [
  (x, y) => where(greater(x, fitted(y, x.shape)), x, fitted(y, x.shape)),
  (x) => copy(x),
  (x) => sum(flat(x), { axes: [1] }),
  (x) => max(x, { axes: innerAxes(x), keepDims: true }),
  (x, _, pick) => {
    const row = x.size / x.shape[0];
    const fitting = LENGTHS.filter((length) => row % length === 0);
    const length = fitting[pick(fitting.length)];
    return reshape(x, [x.shape[0], ...pick(2) ? [length, row / length] : [row / length, length]]);
  },
  (x) => broadcastTo(reshape(x, [x.shape[0], 1, -1]), [x.shape[0], 4, x.size / x.shape[0]]),
  (x, y) => mul(x, broadcastTo(reshape(vector(y), [x.shape[0], ...innerAxes(x).map(() => 1)]), x.shape)),
  (x, y) => { // the numbers of other rows, one for each column
    const columns = x.shape[x.shape.length - 1];
    return columns <= x.shape[0] ? add(x, slice(vector(y), { start: [0], shape: [columns] })) : x;
  },
  (x) => add(x, broadcastTo(sum(x, { axes: [0], keepDims: true }), x.shape)),
  (x) => reshape(transpose(flat(x)), [x.shape[0], -1]),
  (x, _, pick) => gather(flat(x), constant(Uint32Array.from({ length: x.shape[0] }, () => pick(x.shape[0])))),
  (x, _, pick) => {
    const columns = x.size / x.shape[0];
    if (columns > FEW_COLUMNS) return x;
    const shape = [columns, 4 + pick(9)];
    return matmul(flat(x), constant(wholeNumbers(sizeOf(shape), pick(4)), shape));
  },
];

const innerAxes = (x: Tensor) => x.shape.map((_, axis) => axis).slice(1);
const flat = (x: Tensor) => reshape(x, [x.shape[0], -1]);

/** The first number of every row. */
const vector = (x: Tensor) => reshape(slice(flat(x), { start: [0, 0], shape: [x.shape[0], 1] }), [x.shape[0]]);

/** `y` with the shape of another value of as many rows: these are cut or repeated. */
export function fitted(y: Tensor, shape: Shape): Tensor {
  const [rows] = shape;
  const row = sizeOf(shape) / rows;
  const columns = y.size / rows;
  const cut = slice(flat(y), { start: [0, 0], shape: [rows, columns >= row ? row : 1] });
  return reshape(broadcastTo(cut, [rows, row]), shape);
}

/** The value within what f32 adds exactly. */
export const bounded = (x: Tensor): Tensor => maximum(minimum(x, LIMIT), -LIMIT);

/** Values computed from leaves, one operation for each seed. */
export function rowGraph(seeds: readonly number[], { leaves, rows, longest, across, values }: RowGraph): Tensor[] {
  const operations = across ? [...WITHIN, ...ACROSS] : WITHIN;
  const pool = [...leaves];
  const known = values && new Map(values);
  for (const seed of seeds) {
    const pick = picker(seed);
    const operand = () => pool[pick(3) ? pool.length - 1 : pick(pool.length)];
    const y = operations[pick(operations.length)](operand(), operand(), pick);
    if (y.size > rows * longest || y.shape.length > 4) continue;
    const isLarge = known === undefined || evaluate64(y, known).some((value) => Math.abs(value) > LIMIT);
    const next = isLarge ? bounded(y) : y;
    known?.set(next, evaluate64(next, known));
    pool.push(next);
  }
  return pool.slice(leaves.length);
}

/** Every fourth value and the last one: the others need not leave their kernel. */
export const someOf = (values: readonly Tensor[]): Tensor[] =>
  values.filter((_, i) => i % 4 === 0 || i === values.length - 1);
