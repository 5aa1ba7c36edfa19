import { assertAlmostEquals, assertEquals } from "@std/assert";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { adam, initialMoments, type Moments } from "../../core/nn/adam.ts";
import { movingAverage } from "../../core/train/ema.ts";
import golden from "../golden/adam.json" with { type: "json" };
import { evaluate64 } from "../reference/interpreter.ts";

/** 1 - β₁ and the like enter as f32 constants, exact to 6e-8. */
const TOLERANCE = 1e-6;

Deno.test("adam() takes the steps of PyTorch's Adam with amsgrad", () => {
  let parameters: { w: Tensor } = { w: constant(golden.start, [2, 3]) };
  let moments: Moments<{ w: Tensor }> = initialMoments(parameters);
  golden.gradients.forEach((gradient, t) => {
    ({ parameters, moments } = adam(parameters, { w: constant(gradient, [2, 3]) }, moments, golden.options));
    const found = evaluate64(parameters.w);
    golden.parameters[t].forEach((expected, i) => assertAlmostEquals(found[i], expected, TOLERANCE, `step ${t + 1}`));
  });
});

Deno.test("movingAverage() starts with the parameters' tenth and ends with the decay", () => {
  const average = (step: number, decay: number) =>
    evaluate64(movingAverage(constant([1]), constant([2]), constant([step]), decay))[0];
  assertAlmostEquals(average(0, 0.999), 1.9, TOLERANCE); // decay 1/10
  assertAlmostEquals(average(10, 0.999), 2 - 11 / 20, TOLERANCE);
  assertAlmostEquals(average(1e6, 0.999), 1.001, TOLERANCE);
  assertEquals(average(1e6, 0), 2);
});
