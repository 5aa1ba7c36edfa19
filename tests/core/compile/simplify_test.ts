/** What simplifying makes of a graph; no GPU. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { simplify } from "../../../core/compile/simplify.ts";
import { add, div, exp, mul, neg, sqrt, square, sub } from "../../../core/ops/elementwise.ts";
import { broadcastTo, pad, reshape, slice, stopGradient, transpose } from "../../../core/ops/movement.ts";
import { max, sum } from "../../../core/ops/reduce.ts";
import { constant, fill, input, zeros } from "../../../core/ops/source.ts";
import type { Tensor } from "../../../core/tensor.ts";

const x = input({ name: "x", shape: [3, 3] });
const row = input({ name: "row", shape: [1, 4] });

/** The formula of a tensor; numbers for constants. */
function formula(y: Tensor): string {
  if (y.op.source) return y.op.source === "fill" ? `${y.attributes.value}` : `${y.attributes.name}`;
  return `${y.op.name}(${y.inputs.map(formula).join(", ")})`;
}

const simplified = (y: Tensor): string => formula(simplify([y])[0]);

Deno.test("simplify() drops what changes nothing", () => {
  const same: Record<string, Tensor> = {
    "x + 0": add(x, 0),
    "0 + x": add(0, x),
    "x - 0": sub(x, 0),
    "1 x": mul(1, x),
    "x / 1": div(x, 1),
    "-(-x)": neg(neg(x)),
    "sums over no axes": sum(x, { axes: [], keepDims: true }),
    "all of x": slice(x, { start: [0, 0], shape: [3, 3] }),
    "axes in their order": transpose(x, [0, 1]),
    "no zeros around": pad(x, { before: [0, 0], after: [0, 0] }),
    "there and back": reshape(reshape(x, [9]), [3, 3]),
    "no gradient": stopGradient(x),
  };
  for (const [what, y] of Object.entries(same)) assertStrictEquals(simplify([y])[0], x, what);
  const point = input({ name: "point", shape: [1, 1] });
  assertStrictEquals(simplify([transpose(point)])[0], point);
});

Deno.test("simplify() keeps views that change the order or the elements", () => {
  for (
    const y of [
      transpose(x),
      slice(x, { start: [1, 0], shape: [2, 3] }),
      pad(slice(x, { start: [1, 0], shape: [2, 3] }), { before: [1, 0], after: [0, 0] }),
      broadcastTo(row, [4, 4]),
      reshape(x, [9]),
    ]
  ) assertEquals(simplified(y), formula(y));
});

Deno.test("simplify() calculates with numbers", () => {
  assertEquals(simplified(sub(mul(2, 3), 1)), "5");
  assertEquals(simplified(sqrt(add(square(fill(3)), 16))), "5");
  assertEquals(simplified(sum(fill(2, [3, 4]))), "24");
  assertEquals(simplified(max(fill(2, [3, 4]))), "2");
  assertEquals(simplified(transpose(broadcastTo(fill(2), [3, 4]))), "2");
  assertEquals(simplified(mul(mul(x, 2), 3)), "mul(x, 6)");
  assertEquals(simplified(div(x, 4)), "mul(x, 0.25)");
  assertEquals(simplified(sub(0, x)), "neg(x)");
  assertEquals(simplified(sub(x, neg(x))), "add(x, x)");
  assertEquals(simplified(mul(exp(x), zeros([3, 3]))), "0");
});

Deno.test("simplify() keeps zeros around a number, and numbers that f32 cannot hold", () => {
  assertEquals(simplified(pad(fill(2, [2]), { before: [1], after: [0] })), "pad(2)");
  assertEquals(simplified(mul(1e30, 1e30)), "mul(1e+30, 1e+30)");
  assertEquals(simplified(div(1, 0)), "div(1, 0)");
});

Deno.test("simplify() makes one of equal values, and two of different data", () => {
  const [a, b] = simplify([exp(add(x, 1)), exp(add(x, 1))]);
  assertStrictEquals(a, b);
  const [c, d] = simplify([exp(constant([1, 2])), exp(constant([1, 2]))]);
  assert(c !== d);
  const [e, f] = simplify([transpose(row), reshape(row, [4, 1])]); // of equal shape and inputs
  assert(e !== f);
});
