/** Gradients against finite differences, first and second order, in float64. */

import { assert } from "@std/assert";
import { vjp } from "../core/grad.ts";
import { add, mul } from "../core/ops/elementwise.ts";
import { sum } from "../core/ops/reduce.ts";
import { constant } from "../core/ops/source.ts";
import type { Shape } from "../core/shape.ts";
import { sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { evaluate64, evaluateAll64, type Value } from "./reference/interpreter.ts";
import { normalNumbers } from "./reference/philox.ts";

/** Step of the central difference: its error, of order 1e-10, and the rounding over it, 1e-16 / 1e-5, are alike. */
const STEP = 1e-5;

/** Both errors above times derivatives of up to 100; a wrong factor anywhere is off by far more. */
const DIFFERENCE_TOLERANCE = 1e-7;

/** A stream of normal numbers, the same at every run. */
export class Numbers {
  #draws = 0;
  constructor(readonly seed: number) {}

  /** `size` of them, exact in f32 so that the GPU gets the very same. */
  draw(size: number): Float64Array {
    return Float64Array.from(normalNumbers(size, this.#draws++, [this.seed, 0, 0, 0]), Math.fround);
  }

  /** A constant tensor of them. */
  tensor(shape: Shape): Tensor {
    return constant(Float32Array.from(this.draw(sizeOf(shape))), shape);
  }
}

/**
 * Checks `y = f(xs)` along random directions. First order: `<dy, f>` against `vjp(y, xs, dy)`. Second order: `<c, g>`,
 * where `g` is that gradient and `c` a random cotangent, against its own gradient in `xs` and `dy`.
 *
 * @param xs Constants: what `f` is differentiated in
 * @returns All graphs on the way (value, gradients, their gradients), to be evaluated elsewhere and compared
 */
export function gradcheck(f: (...xs: Tensor[]) => Tensor, xs: readonly Tensor[], seed = 1): Tensor[] {
  const numbers = new Numbers(seed);
  const y = f(...xs);
  if (xs.length === 0) return [y];
  const dy = numbers.tensor(y.shape);
  const first = vjp(y, xs, dy);
  checkDirection("first", inner([y], [dy]), xs, first, numbers);
  const ys = [...xs, dy];
  const loss = inner(first, first.map((g) => numbers.tensor(g.shape)));
  const second = vjp(loss, ys);
  checkDirection("second", loss, ys, second, numbers);
  return [y, ...first, ...second];
}

/** `Σ <aᵢ, bᵢ>` as a graph. */
function inner(as: readonly Tensor[], bs: readonly Tensor[]): Tensor {
  return as.map((a, i) => sum(mul(a, bs[i]))).reduce((x, y) => add(x, y));
}

/** `∂loss/∂v` by central differences against `Σ <gradientᵢ, vᵢ>`. */
function checkDirection(
  order: string,
  loss: Tensor,
  xs: readonly Tensor[],
  gradients: readonly Tensor[],
  numbers: Numbers,
): void {
  const points = evaluateAll64(xs);
  const directions = xs.map((x) => numbers.draw(x.size));
  const at = (step: number) =>
    evaluate64(
      loss,
      new Map(xs.map((x, i) => [x, points[i].map((p: number, j: number) => p + step * directions[i][j])])),
    )[0];
  const measured = (at(STEP) - at(-STEP)) / (2 * STEP);
  let expected = 0;
  let scale = 1;
  evaluateAll64(gradients).forEach((gradient: Value, i) => {
    gradient.forEach((g, j) => {
      expected += g * directions[i][j];
      scale += Math.abs(g * directions[i][j]);
    });
  });
  assert(
    Math.abs(measured - expected) <= DIFFERENCE_TOLERANCE * scale,
    `derivative of ${order} order: finite differences give ${measured}, the gradient ${expected}`,
  );
}
