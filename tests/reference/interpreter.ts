/**
 * What every operation means, in plain float64 loops: written again from its documentation, not from its shader.
 * Slow and simple on purpose; kernels, fusion and gradients are tested against it.
 */

import { type Shape, sizeOf, stridesOf } from "../../core/shape.ts";
import type { Attributes, Tensor } from "../../core/tensor.ts";
import { normalNumbers, uniformNumbers } from "./philox.ts";

/** Elements in row-major order; `u32` tensors are `Uint32Array`, all others `Float64Array`. */
export type Value = Float64Array | Uint32Array;

/** Values of inputs and variables; other tensors may be given too and are then not computed. */
export type Bindings = ReadonlyMap<Tensor, Value>;

type Rule = (inputs: readonly Value[], tensor: Tensor) => ArrayLike<number>;

/** The value of a tensor. */
export function evaluate64(tensor: Tensor, bindings: Bindings = new Map()): Value {
  return evaluateAll64([tensor], bindings)[0];
}

/** The values of tensors that share a graph; what they share is computed once. */
export function evaluateAll64(tensors: readonly Tensor[], bindings: Bindings = new Map()): Value[] {
  const values = new Map<Tensor, Value>(bindings);
  for (const tensor of inputsFirst(tensors, values)) {
    const rule = RULES[tensor.op.name];
    if (rule === undefined) throw new TypeError(`Cannot evaluate ${tensor.op.name}: it has no reference, expected one`);
    const numbers = rule(tensor.inputs.map((input) => values.get(input)!), tensor);
    values.set(tensor, tensor.dtype === "u32" ? Uint32Array.from(numbers) : Float64Array.from(numbers));
  }
  return tensors.map((tensor) => values.get(tensor)!);
}

/** All nodes that have no value yet, each after its inputs. */
function inputsFirst(tensors: readonly Tensor[], values: Bindings): Set<Tensor> {
  const order = new Set<Tensor>();
  const stack = [...tensors];
  while (stack.length > 0) {
    const node = stack[stack.length - 1];
    const missing = values.has(node) ? [] : node.inputs.filter((input) => !values.has(input) && !order.has(input));
    if (missing.length > 0) stack.push(...missing);
    else {
      if (!values.has(node)) order.add(node);
      stack.pop();
    }
  }
  return order;
}

/** One element of an elementwise operation. */
const ELEMENTWISE: Record<string, (xs: readonly number[], attributes: Attributes) => number> = {
  add: ([x, y]) => x + y,
  sub: ([x, y]) => x - y,
  mul: ([x, y]) => x * y,
  div: ([x, y]) => x / y,
  maximum: ([x, y]) => Math.max(x, y),
  minimum: ([x, y]) => Math.min(x, y),
  greater: ([x, y]) => Number(x > y),
  greaterEqual: ([x, y]) => Number(x >= y),
  equal: ([x, y]) => Number(x === y),
  where: ([x, y, mask]) => mask > 0 ? x : y,
  neg: ([x]) => -x,
  abs: ([x]) => Math.abs(x),
  sign: ([x]) => Math.sign(x),
  floor: ([x]) => Math.floor(x),
  square: ([x]) => x ** 2,
  sqrt: ([x]) => Math.sqrt(x),
  reciprocal: ([x]) => 1 / x,
  exp: ([x]) => Math.exp(x),
  log: ([x]) => Math.log(x),
  sin: ([x]) => Math.sin(x),
  cos: ([x]) => Math.cos(x),
  tanh: ([x]) => Math.tanh(x),
  sigmoid: ([x]) => 1 / (1 + Math.exp(-x)),
  softplus: ([x]) => x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)),
  relu: ([x]) => x > 0 ? x : 0,
  leakyRelu: ([x], { negativeSlope }) => x > 0 ? x : Number(negativeSlope) * x,
  leakySlope: ([x], { negativeSlope }) => x > 0 ? 1 : Number(negativeSlope),
  toFloat: ([x]) => x,
  copy: ([x]) => x,
  addU32: ([x], { value }) => x + Number(value), // wraps when it is stored
};

function elementwise(f: (typeof ELEMENTWISE)[string]): Rule {
  return (inputs, { size, attributes }) =>
    Array.from({ length: size }, (_, i) => f(inputs.map((input) => input[i]), attributes));
}

/** Coordinates of element `i`. */
function coordinatesOf(i: number, shape: Shape): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]);
}

/** Place of the element at `coordinates`. */
function placeOf(coordinates: readonly number[], shape: Shape): number {
  return coordinates.reduce((place, c, axis) => place * shape[axis] + c, 0);
}

/** An operation that puts elements elsewhere: each result coordinate names where in `x` it comes from, null for 0. */
function movement(from: (c: number[], x: Shape, attributes: Attributes) => number[] | null): Rule {
  return ([x], { size, shape, inputs, attributes }) =>
    Array.from({ length: size }, (_, i) => {
      const source = from(coordinatesOf(i, shape), inputs[0].shape, attributes);
      return source === null ? 0 : x[placeOf(source, inputs[0].shape)];
    });
}

/** An operation that joins all elements along the axes that became 1, beginning with `start`. */
function reduction(start: number, join: (sofar: number, x: number) => number): Rule {
  return ([x], { shape, inputs, attributes }) => {
    const axes = attributes.axes as number[];
    const y = new Float64Array(sizeOf(shape)).fill(start);
    x.forEach((value, i) => {
      const place = placeOf(coordinatesOf(i, inputs[0].shape).map((c, axis) => axes.includes(axis) ? 0 : c), shape);
      y[place] = join(y[place], value);
    });
    return y;
  };
}

const matmul: Rule = ([a, b], { shape, inputs }) => {
  const [m, n] = shape.slice(-2);
  const k = inputs[0].shape[inputs[0].shape.length - 1];
  const c = new Float64Array(sizeOf(shape));
  for (let at = 0; at < c.length; at++) {
    const [batch, i, j] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n];
    for (let l = 0; l < k; l++) c[at] += a[(batch * m + i) * k + l] * b[(batch * k + l) * n + j];
  }
  return c;
};

/** Visits every term `x[xi] w[wi] y[yi]` of `Σ x[n, s·i+ky−p, s·j+kx−p, c] w[ky, kx, c, o] y[n, i, j, o]`. */
function convolutionTerms(
  x: Shape,
  w: Shape,
  y: Shape,
  { stride, padding }: Attributes,
  visit: (xi: number, wi: number, yi: number) => void,
): void {
  for (let n = 0; n < y[0]; n++) {
    for (let i = 0; i < y[1]; i++) {
      for (let j = 0; j < y[2]; j++) {
        for (let ky = 0; ky < w[0]; ky++) {
          for (let kx = 0; kx < w[1]; kx++) {
            const row = Number(stride) * i + ky - Number(padding);
            const column = Number(stride) * j + kx - Number(padding);
            if (row < 0 || row >= x[1] || column < 0 || column >= x[2]) continue;
            for (let c = 0; c < w[2]; c++) {
              for (let o = 0; o < w[3]; o++) {
                visit(placeOf([n, row, column, c], x), placeOf([ky, kx, c, o], w), placeOf([n, i, j, o], y));
              }
            }
          }
        }
      }
    }
  }
}

const conv2d: Rule = ([x, w], { size, shape, inputs, attributes }) => {
  const y = new Float64Array(size);
  convolutionTerms(inputs[0].shape, inputs[1].shape, shape, attributes, (xi, wi, yi) => y[yi] += x[xi] * w[wi]);
  return y;
};

const convTranspose2d: Rule = ([y, w], { size, shape, inputs, attributes }) => {
  const x = new Float64Array(size);
  convolutionTerms(shape, inputs[1].shape, inputs[0].shape, attributes, (xi, wi, yi) => x[xi] += y[yi] * w[wi]);
  return x;
};

const conv2dWeight: Rule = ([x, y], { size, shape, inputs, attributes }) => {
  const w = new Float64Array(size);
  convolutionTerms(inputs[0].shape, shape, inputs[1].shape, attributes, (xi, wi, yi) => w[wi] += x[xi] * y[yi]);
  return w;
};

const gather: Rule = ([table, index], { inputs, size }) => {
  const rows = inputs[0].shape[0];
  const columns = table.length / rows;
  return Array.from({ length: size }, (_, i) => {
    const row = Math.min(index[Math.floor(i / columns)], rows - 1);
    return table[row * columns + i % columns];
  });
};

const gatherBytes: Rule = ([table, index], { inputs, size }) => {
  const [rows, words] = inputs[0].shape;
  return Array.from({ length: size }, (_, i) => {
    const row = Math.min(index[Math.floor(i / (4 * words))], rows - 1);
    const byte = i % (4 * words);
    return table[row * words + Math.floor(byte / 4)] >>> (8 * (byte % 4)) & 255;
  });
};

/** A draw for each row, by the row's own key. */
function rowsOf(draw: typeof uniformNumbers): Rule {
  return ([keys], { shape: [rows, columns], attributes }) =>
    Array.from({ length: rows }, (_, row) => [
      ...draw(columns, Number(attributes.stream), keys.subarray(4 * row, 4 * row + 4)),
    ]).flat();
}

const given: Rule = (_, { op, attributes }) => {
  throw new TypeError(`Cannot evaluate ${op.name} ${attributes.name}: it has no value, expected one in the bindings`);
};
const constant: Rule = (_, { attributes }) => attributes.data as ArrayLike<number>;
const unchanged: Rule = ([x]) => x;

const RULES: Record<string, Rule> = {
  ...Object.fromEntries(Object.entries(ELEMENTWISE).map(([name, f]) => [name, elementwise(f)])),
  input: given,
  inputU32: given,
  variable: given,
  variableU32: given,
  constant,
  constantU32: constant,
  fill: (_, { size, attributes }) => new Float64Array(size).fill(Number(attributes.value)),
  reshape: unchanged,
  stopGradient: unchanged,
  broadcastTo: movement((c, x) => x.map((length, axis) => length === 1 ? 0 : c[axis + c.length - x.length])),
  transpose: movement((c, x, { permutation }) => x.map((_, axis) => c[(permutation as number[]).indexOf(axis)])),
  slice: movement((c, _, { start }) => c.map((place, axis) => place + (start as number[])[axis])),
  pad: movement((c, x, { before }) => {
    const source = c.map((place, axis) => place - (before as number[])[axis]);
    return source.every((place, axis) => place >= 0 && place < x[axis]) ? source : null;
  }),
  sum: reduction(0, (sum, x) => sum + x),
  max: reduction(-Infinity, Math.max),
  matmul,
  conv2d,
  convTranspose2d,
  conv2dWeight,
  gather,
  gatherBytes,
  oneHot: ([index], { size, attributes }) => {
    const classes = Number(attributes.classes);
    return Array.from({ length: size }, (_, i) => Number(index[Math.floor(i / classes)] === i % classes));
  },
  uniform: ([key], { size, attributes }) => uniformNumbers(size, Number(attributes.stream), key),
  uniformRows: rowsOf(uniformNumbers),
  normalRows: rowsOf(normalNumbers),
  normal: ([key], { size, attributes }) => normalNumbers(size, Number(attributes.stream), key),
};

/** Names of all operations it knows. */
export const KNOWN_OPERATIONS: ReadonlySet<string> = new Set(Object.keys(RULES));
