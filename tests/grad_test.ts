import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { grad, valueAndGrad, vjp } from "../core/grad.ts";
import { add, cos, exp, mul, neg, sigmoid, sin, square } from "../core/ops/elementwise.ts";
import { reshape, stopGradient, transpose } from "../core/ops/movement.ts";
import { randomKey, uniform } from "../core/ops/random.ts";
import { sum } from "../core/ops/reduce.ts";
import { constant, fill } from "../core/ops/source.ts";
import { defineOp } from "../core/op.ts";
import { ShapeError } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { evaluate64 } from "./reference/interpreter.ts";

const valueOf = (x: Tensor) => [...evaluate64(x)];

/** Errors of a handful of float64 operations. */
const ROUNDING = 1e-12;

/** `f` differentiated `order` times. */
function derivative(f: (x: Tensor) => Tensor, order: number): (x: Tensor) => Tensor {
  return order === 0 ? f : derivative(grad(f), order - 1);
}

Deno.test("grad() of grad() gives derivatives of any order", () => {
  const power4 = (x: Tensor) => square(square(x));
  const orders = [0, 1, 2, 3, 4, 5].map((order) => valueOf(derivative(power4, order)(fill(1.5)))[0]);
  assertEquals(orders, [1.5 ** 4, 4 * 1.5 ** 3, 12 * 1.5 ** 2, 24 * 1.5, 24, 0]);
});

Deno.test("grad() of products, chains and shared subexpressions follows the rules of calculus", () => {
  const f = (x: Tensor) => mul(sin(x), exp(sin(x))); // f' = cos x (1 + sin x) e^sin x
  const x = 0.7;
  const [s, c, e] = [Math.sin(x), Math.cos(x), Math.exp(Math.sin(x))];
  assertAlmostEquals(valueOf(grad(f)(fill(x)))[0], c * (1 + s) * e, ROUNDING);
  const second = (c * c * (2 + s) - s * (1 + s)) * e;
  assertAlmostEquals(valueOf(derivative(f, 2)(fill(x)))[0], second, ROUNDING);
  const sine = [sin, cos, (x: Tensor) => neg(sin(x)), (x: Tensor) => neg(cos(x))];
  sine.forEach((expected, order) =>
    assertAlmostEquals(valueOf(derivative(sin, order)(fill(x)))[0], valueOf(expected(fill(x)))[0], ROUNDING)
  );
});

Deno.test("valueAndGrad() returns the value and a tree like the parameters", () => {
  const parameters = { layers: [{ w: constant([1, 2]), b: fill(3) }], unused: constant([7, 8, 9]) };
  const [value, gradient] = valueAndGrad((p: typeof parameters, x: Tensor) =>
    sum(add(mul(mul(p.layers[0].w, p.layers[0].w), x), p.layers[0].b))
  )(parameters, constant([10, 100]));
  assertEquals(valueOf(value), [10 + 400 + 6]);
  assertEquals(Object.keys(gradient), ["layers", "unused"]);
  assertEquals(Array.isArray(gradient.layers), true);
  assertEquals(valueOf(gradient.layers[0].w), [20, 400]);
  assertEquals(valueOf(gradient.layers[0].b), [2]);
  assertEquals(valueOf(gradient.unused), [0, 0, 0]);
});

Deno.test("grad() differentiates in its first argument only", () => {
  const gradient = grad((x: Tensor, y: Tensor) => sum(mul(x, y)))(constant([1, 2]), constant([3, 4]));
  assertEquals(valueOf(gradient), [3, 4]);
});

Deno.test("grad() treats a tensor that occurs twice in the parameters as one", () => {
  const shared = fill(3);
  const gradient = grad((p: { a: Tensor; b: Tensor }) => mul(p.a, p.b))({ a: shared, b: shared });
  assertEquals([valueOf(gradient.a), valueOf(gradient.b)], [[6], [6]]);
});

Deno.test("vjp() differentiates in values on the way, too", () => {
  const x = constant([1, 2, 3]);
  const y = square(x);
  const z = sum(mul(y, x));
  const [dx, dy] = vjp(z, [x, y]);
  assertEquals(valueOf(dy), [1, 2, 3]);
  assertEquals(valueOf(dx), [3, 12, 27]);
  assertEquals(valueOf(vjp(z, [z])[0]), [1]);
});

Deno.test("vjp() takes a cotangent of the shape of the value", () => {
  const x = constant([1, 2, 3, 4], [2, 2]);
  const dy = constant([1, 10, 100, 1000], [2, 2]);
  assertEquals(valueOf(vjp(transpose(square(x)), [x], dy)[0]), [2, 400, 60, 8000]);
});

Deno.test("vjp() accepts one element of any shape without a cotangent", () => {
  assertEquals(vjp(reshape(fill(2), [1, 1]), [fill(1)])[0].shape, []);
});

Deno.test("vjp() gives zeros where the value does not depend on the input", () => {
  const [x, y] = [constant([1, 2]), constant([3, 4])];
  assertEquals(valueOf(vjp(sum(x), [y])[0]), [0, 0]);
  assertEquals(valueOf(vjp(sum(mul(x, stopGradient(y))), [y])[0]), [0, 0]);
  const key = randomKey(1);
  assertEquals(valueOf(vjp(sum(uniform(key, { shape: [2], stream: 0 })), [key])[0]), [0, 0, 0, 0]);
});

Deno.test("stopGradient() stops only its own branch", () => {
  const x = fill(3);
  assertEquals(valueOf(vjp(mul(square(x), stopGradient(x)), [x])[0]), [18]);
});

Deno.test("vjp() of a graph that shares every node does each of them once", () => {
  const x = fill(0.5);
  let y: Tensor = x;
  for (let depth = 0; depth < 60; depth++) y = add(y, y); // 2⁶⁰ paths
  assertEquals(valueOf(vjp(y, [x])[0]), [2 ** 60]);
});

Deno.test("vjp() of a long chain does not overflow the stack", () => {
  const x = fill(0.5);
  let y: Tensor = x;
  for (let depth = 0; depth < 20_000; depth++) y = add(y, 1);
  assertEquals(valueOf(vjp(y, [x])[0]), [1]);
});

Deno.test("vjp() of several elements without a cotangent says what it wants", () => {
  assertThrows(
    () => grad((x: Tensor) => sigmoid(x))(constant([1, 2, 3])),
    ShapeError,
    "Cannot differentiate a value of shape [3]: expected one element, or its cotangent",
  );
});

Deno.test("vjp() says that a cotangent has another shape", () => {
  const x = constant([1, 2, 3]);
  assertThrows(
    () => vjp(square(x), [x], constant([1, 2])),
    ShapeError,
    "Cannot use a cotangent of shape [2]: expected [3]",
  );
});

Deno.test("vjp() names an operation without a gradient", () => {
  const round = defineOp<[x: Tensor]>({ name: "roundForTest", shape: ([x]) => x, expression: "round(x)" });
  const x = fill(1);
  assertThrows(() => vjp(round(x), [x]), TypeError, "Cannot differentiate roundForTest: it has no vjp");
});
