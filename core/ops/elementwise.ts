/** Elementwise operations: one WGSL expression each. Operands broadcast; numbers are scalars. */

import { defineOp, type Definition } from "../op.ts";
import { broadcastShapes, sameShape, ShapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { broadcastTo } from "./movement.ts";
import { asTensor } from "./source.ts";

/** A tensor, or a number that broadcasts. */
export type Operand = Tensor | number;

/**
 * A function of one `f32` operand, element by element.
 *
 * @throws {TypeError} If it is not `f32`
 */
export type Unary = (x: Operand) => Tensor;

/**
 * A function of two operands that broadcast, element by element.
 *
 * @throws {ShapeError} If they do not broadcast
 * @throws {TypeError} If their element types differ
 */
export type Binary = (x: Operand, y: Operand) => Tensor;

/** Element types: those of the inputs (any unless given) and that of the result (the first input's unless given). */
type Types = Pick<Definition<undefined>, "inputs" | "dtype">;

const FLOAT: Types = { inputs: ["f32"] };
const TO_FLOAT: Types = { dtype: "f32" };

function elementwise<A>(
  name: string,
  expression: Definition<A>["expression"],
  vjp: Definition<A>["vjp"],
  types: Types = {},
) {
  return defineOp<Tensor[], A>({
    name,
    expression,
    vjp,
    ...types,
    shape: (shapes) => {
      if (shapes.every((shape) => sameShape(shape, shapes[0]))) return shapes[0];
      throw new ShapeError(`Cannot compute ${name} of ${shapes.map((s) => `[${s}]`)}: expected equal shapes`);
    },
  }) as (...args: [...Tensor[], A] | Tensor[]) => Tensor;
}

function unary(name: string, expression: string, vjp: (dy: Tensor, x: Tensor, y: Tensor) => Tensor | null) {
  const op = elementwise<undefined>(name, expression, (dy, [x], _, y) => [vjp(dy, x, y)], FLOAT);
  return (x: Operand): Tensor => op(asTensor(x));
}

type BinaryVjp = (dy: Tensor, x: Tensor, y: Tensor, result: Tensor) => [Tensor | null, Tensor | null];

function binary(name: string, expression: string, vjp: BinaryVjp, types?: Types) {
  const op = elementwise<undefined>(name, expression, (dy, [x, y], _, result) => vjp(dy, x, y, result), types);
  return (x: Operand, y: Operand): Tensor => op(...broadcast(...alike(asTensor(x), asTensor(y))));
}

/** @throws {TypeError} If the element types differ */
function alike(x: Tensor, y: Tensor): [Tensor, Tensor] {
  if (x.dtype === y.dtype) return [x, y];
  const found = `${x.dtype} [${x.shape}] and ${y.dtype} [${y.shape}]`;
  throw new TypeError(`Cannot combine ${found}: expected equal element types (toFloat() converts)`);
}

function broadcast(...tensors: Tensor[]): Tensor[] {
  const shape = tensors.map((x) => x.shape).reduce(broadcastShapes);
  return tensors.map((x) => broadcastTo(x, shape));
}

/** `x + y`. */
export const add: Binary = binary("add", "x + y", (dy) => [dy, dy]);
/** `x - y`. */
export const sub: Binary = binary("sub", "x - y", (dy) => [dy, neg(dy)]);
/** `x y`, element by element. */
export const mul: Binary = binary("mul", "x * y", (dy, x, y) => [mul(dy, y), mul(dy, x)]);
// r = x / y, hence dx = dy / y and dy = -dy r / y.
/** `x / y`. */
export const div: Binary = binary("div", "x / y", (dy, _, y, r) => [div(dy, y), neg(div(mul(dy, r), y))]);
// The larger operand gets the cotangent; equal ones: the first.
/** The larger of `x` and `y`. */
export const maximum: Binary = binary("maximum", "max(x, y)", (dy, x, y) => {
  const first = greaterEqual(x, y);
  return [mul(dy, first), mul(dy, sub(1, first))];
});
/** The smaller of `x` and `y`. */
export const minimum: Binary = binary("minimum", "min(x, y)", (dy, x, y) => {
  const first = greaterEqual(y, x);
  return [mul(dy, first), mul(dy, sub(1, first))];
});

/** A mask: `f32` for operands of any type; constant almost everywhere, hence no cotangent. */
function mask(name: string, condition: string): Binary {
  return binary(name, `select(F(0), F(1), ${condition})`, () => [null, null], TO_FLOAT);
}

/** 1 where `x > y`, else 0; `f32`. */
export const greater: Binary = mask("greater", "x > y");
/** 1 where `x >= y`, else 0; `f32`. */
export const greaterEqual: Binary = mask("greaterEqual", "x >= y");
/** 1 where `x = y`, else 0; `f32`. */
export const equal: Binary = mask("equal", "x == y");

// The mask is the last input, so that the result has the type of the first.
const whereOp = elementwise<undefined>("where", "select(y, x, z > F(0))", (dy, [, , mask]) => [
  mul(dy, greater(mask, 0)),
  mul(dy, sub(1, greater(mask, 0))),
  null, // constant almost everywhere
], { inputs: [null, null, "f32"] });

/**
 * `x` where the mask is positive, else `y`; unlike a product with the mask it lets no NaN through from the other side.
 *
 * @throws {ShapeError} If the operands do not broadcast
 * @throws {TypeError} If the mask is not `f32` or the element types of `x` and `y` differ
 */
export function where(mask: Operand, x: Operand, y: Operand): Tensor {
  return whereOp(...broadcast(...alike(asTensor(x), asTensor(y)), asTensor(mask)));
}

/** `-x`. */
export const neg: Unary = unary("neg", "-x", (dy) => neg(dy));
/** `|x|`. */
export const abs: Unary = unary("abs", "abs(x)", (dy, x) => mul(dy, sign(x)));
/** -1, 0 or 1. */
export const sign: Unary = unary("sign", "sign(x)", () => null); // constant almost everywhere
/** The largest whole number not above `x`. */
export const floor: Unary = unary("floor", "floor(x)", () => null); // constant almost everywhere
/** `x²`. */
export const square: Unary = unary("square", "x * x", (dy, x) => mul(mul(dy, x), 2));
/** `√x`; the gradient at 0 is infinite. */
export const sqrt: Unary = unary("sqrt", "sqrt(x)", (dy, _, y) => div(mul(dy, 0.5), y));
/** `1 / x`. */
export const reciprocal: Unary = unary("reciprocal", "T(1) / x", (dy, _, y) => neg(mul(dy, mul(y, y))));
/** `eˣ`. */
export const exp: Unary = unary("exp", "exp(x)", (dy, _, y) => mul(dy, y));
/** Natural logarithm. */
export const log: Unary = unary("log", "log(x)", (dy, x) => div(dy, x));
/** Sine. */
export const sin: Unary = unary("sin", "sin(x)", (dy, x) => mul(dy, cos(x)));
/** Cosine. */
export const cos: Unary = unary("cos", "cos(x)", (dy, x) => neg(mul(dy, sin(x))));
// Clamped where f32 cannot tell the result from ±1: some drivers' tanh overflows for large x.
/** Hyperbolic tangent. */
export const tanh: Unary = unary("tanh", "tanh(clamp(x, T(-9.1), T(9.1)))", (dy, _, y) => mul(dy, sub(1, mul(y, y))));
/** `1 / (1 + e⁻ˣ)`. */
export const sigmoid: Unary = unary("sigmoid", "T(1) / (T(1) + exp(-x))", (dy, _, y) => mul(dy, mul(y, sub(1, y))));
// Written with e^-|x| so that no x overflows.
/** `log(1 + eˣ)`. */
export const softplus: Unary = unary(
  "softplus",
  "max(x, T(0)) + log(T(1) + exp(-abs(x)))",
  (dy, x) => mul(dy, sigmoid(x)),
);
/** `max(x, 0)`. */
export const relu: Unary = unary("relu", "max(x, T(0))", (dy, x) => mul(dy, greater(x, 0)));

const leakyOp = elementwise<{ negativeSlope: number }>(
  "leakyRelu",
  ({ negativeSlope }) => `select(T(${negativeSlope}) * x, x, x > T(0))`,
  (dy, [x], attributes) => [mul(dy, leakySlope(x, attributes))],
  FLOAT,
);
const leakySlope = elementwise<{ negativeSlope: number }>(
  "leakySlope",
  ({ negativeSlope }) => `select(T(${negativeSlope}), T(1), x > T(0))`,
  () => [null], // constant almost everywhere
  FLOAT,
);

/**
 * `x` where positive, else `negativeSlope · x` (0.2 unless given; Maas 2013).
 *
 * @throws {RangeError} If `f32` cannot hold the slope
 * @throws {TypeError} If `x` is not `f32`
 */
export function leakyRelu(x: Tensor, { negativeSlope = 0.2 } = {}): Tensor {
  if (Number.isFinite(Math.fround(negativeSlope))) return leakyOp(x, { negativeSlope });
  throw new RangeError(`Cannot compute leakyRelu with slope ${negativeSlope}: expected a finite number that fits f32`);
}

const copyOp = elementwise<undefined>("copy", "x", (dy) => [dy]);

/** The same values, computed once into memory of their own: nothing that uses them computes them again. */
export function copy(x: Tensor): Tensor {
  return copyOp(x);
}

const toFloatOp = elementwise<undefined>("toFloat", "F(x)", () => [null], TO_FLOAT); // whole numbers: no derivative

/** Whole numbers as `f32`, exact below 2²⁴. */
export function toFloat(x: Tensor): Tensor {
  return toFloatOp(x);
}

const addU32Op = elementwise<{ value: number }>("addU32", ({ value }) => `x + T(${value})`, () => [null], {
  inputs: ["u32"],
});

/**
 * Adds a whole number to a `u32` tensor, modulo 2³².
 *
 * @throws {RangeError} If `u32` cannot hold the number
 * @throws {TypeError} If `x` is not `u32`
 */
export function addU32(x: Tensor, value: number): Tensor {
  if (value >>> 0 === value) return addU32Op(x, { value });
  throw new RangeError(`Cannot add ${value} to u32 [${x.shape}]: expected a whole number from 0 to ${2 ** 32 - 1}`);
}
