import { assertAlmostEquals } from "@std/assert";
import { evaluate } from "../../core/compile/program.ts";
import { vjp } from "../../core/grad.ts";
import { logSoftmax, logSumExp } from "../../core/nn/activation.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant } from "../../core/ops/source.ts";
import { device } from "../gpu.ts";

/** One rounding of a float32 near 1000; what is about 1 is exact to some 1e-7. */
const NEAR_1000 = 1e-4;
const NEAR_1 = 1e-6;

Deno.test("logSumExp() and logSoftmax() neither overflow nor underflow nor lose digits, along either axis", async () => {
  const x = constant([1000, 1001, -1000, -1001], [2, 2]);
  const total = logSumExp(x);
  const found = await evaluate(device, {
    total,
    gradient: vjp(sum(total), [x])[0],
    logSoftmax: logSoftmax(x),
    down: logSoftmax(x, 0),
  });
  const odds = Math.log1p(Math.exp(-1)); // of 1 against 0
  const softmax = [1 / (1 + Math.E), Math.E / (1 + Math.E)];
  const expected: Record<keyof typeof found, [values: number[], tolerance: number]> = {
    total: [[1001 + odds, -1000 + odds], NEAR_1000],
    gradient: [[...softmax, ...softmax.toReversed()], NEAR_1],
    logSoftmax: [[-1 - odds, -odds, -odds, -1 - odds], NEAR_1],
    down: [[0, 0, -2000, -2002], NEAR_1],
  };
  for (const [name, [values, tolerance]] of Object.entries(expected)) {
    values.forEach((value, i) => assertAlmostEquals(found[name as keyof typeof found][i], value, tolerance, name));
  }
});
