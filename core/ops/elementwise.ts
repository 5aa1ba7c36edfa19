/** Elementwise operations: one WGSL expression each. Operands broadcast; numbers are scalars. */

import { defineOp, type Definition } from "../op.ts";
import { broadcastShapes, sameShape, ShapeError } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { broadcastTo } from "./movement.ts";
import { asTensor } from "./source.ts";

/** A tensor, or a number that broadcasts. */
export type Operand = Tensor | number;

/** A function of one operand, element by element. */
export type Unary = (x: Operand) => Tensor;

/**
 * A function of two operands that broadcast, element by element.
 *
 * @throws {ShapeError} If they do not broadcast
 * @throws {TypeError} If their element types differ
 */
export type Binary = (x: Operand, y: Operand) => Tensor;

type Vjp<A> = Definition<A>["vjp"];

function elementwise<A>(name: string, expression: Definition<A>["expression"], vjp?: Vjp<A>, dtype?: "f32" | "u32") {
  return defineOp<Tensor[], A>({
    name,
    expression,
    vjp,
    dtype,
    shape: (shapes) => {
      if (shapes.every((shape) => sameShape(shape, shapes[0]))) return shapes[0];
      throw new ShapeError(`Cannot compute ${name} of ${shapes.map((s) => `[${s}]`)}: expected equal shapes`);
    },
  }) as (...args: [...Tensor[], A] | Tensor[]) => Tensor;
}

function unary(name: string, expression: string, vjp?: (dy: Tensor, x: Tensor, y: Tensor) => Tensor | null) {
  const op = elementwise<undefined>(name, expression, vjp && ((dy, [x], _, y) => [vjp(dy, x, y)]));
  return (x: Operand): Tensor => op(asTensor(x));
}

type BinaryVjp = (dy: Tensor, x: Tensor, y: Tensor, result: Tensor) => [Tensor | null, Tensor | null];

function binary(name: string, expression: string, vjp?: BinaryVjp) {
  const op = elementwise<undefined>(name, expression, vjp && ((dy, [x, y], _, result) => vjp(dy, x, y, result)));
  return (x: Operand, y: Operand): Tensor => op(...broadcast(asTensor(x), asTensor(y)));
}

/** @throws {TypeError} If the element types differ */
function broadcast(...tensors: Tensor[]): Tensor[] {
  if (tensors.some((x) => x.dtype !== tensors[0].dtype)) {
    const found = tensors.map((x) => `${x.dtype} [${x.shape}]`).join(" and ");
    throw new TypeError(`Cannot combine ${found}: expected equal element types (toFloat() converts)`);
  }
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

// Masks are constant almost everywhere, hence no cotangent.
/** 1 where `x > y`, else 0. */
export const greater: Binary = binary("greater", "select(T(0), T(1), x > y)", () => [null, null]);
/** 1 where `x >= y`, else 0. */
export const greaterEqual: Binary = binary("greaterEqual", "select(T(0), T(1), x >= y)", () => [null, null]);
/** 1 where `x = y`, else 0. */
export const equal: Binary = binary("equal", "select(T(0), T(1), x == y)", () => [null, null]);

const whereOp = elementwise<undefined>("where", "select(z, y, x > T(0))", (dy, [mask]) => [
  null, // constant almost everywhere
  mul(dy, greater(mask, 0)),
  mul(dy, sub(1, greater(mask, 0))),
]);

/**
 * `x` where the mask is positive, else `y`; unlike a product with the mask it lets no NaN through from the other side.
 *
 * @throws {ShapeError} If the operands do not broadcast
 * @throws {TypeError} If their element types differ
 */
export function where(mask: Operand, x: Operand, y: Operand): Tensor {
  return whereOp(...broadcast(asTensor(mask), asTensor(x), asTensor(y)));
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
);
const leakySlope = elementwise<{ negativeSlope: number }>(
  "leakySlope",
  ({ negativeSlope }) => `select(T(${negativeSlope}), T(1), x > T(0))`,
  () => [null], // constant almost everywhere
);

/** `x` where positive, else `negativeSlope · x` (0.2 unless given; Maas 2013). */
export function leakyRelu(x: Tensor, { negativeSlope = 0.2 } = {}): Tensor {
  return leakyOp(x, { negativeSlope });
}

const toFloatOp = elementwise<undefined>("toFloat", "F(x)", () => [null], "f32"); // whole numbers have no derivative

/** Whole numbers as `f32`, exact below 2²⁴. */
export function toFloat(x: Tensor): Tensor {
  return toFloatOp(x);
}

const addU32Op = elementwise<{ value: number }>("addU32", ({ value }) => `x + T(${value})`, () => [null]);

/** Adds a whole number to a `u32` tensor, modulo 2³². */
export function addU32(x: Tensor, value: number): Tensor {
  return addU32Op(x, { value });
}
