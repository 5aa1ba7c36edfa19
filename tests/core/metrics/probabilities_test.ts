import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { matrix } from "../../../core/metrics/matrix.ts";
import { checkProbabilities, entropyOf } from "../../../core/metrics/probabilities.ts";

Deno.test("entropyOf() is in nats, and what never happens adds nothing", () => {
  assertEquals(entropyOf([1, 0, 0]), 0);
  assertAlmostEquals(entropyOf([0.25, 0.75, 0]), 2 * Math.LN2 - 0.75 * Math.log(3), 1e-15); // 4 = 2², 3/4 of log 3
});

Deno.test("checkProbabilities() takes rows of f32 and names the first row that is none", () => {
  checkProbabilities(matrix(Float32Array.from({ length: 3000 }, () => 1 / 3), 3));
  assertThrows(
    () => checkProbabilities(matrix(Float32Array.of(0.5, 0.5, 0.5, 0.25), 2)),
    RangeError,
    "Cannot use row 1 as probabilities: found a sum of 0.75 and a least of 0.25, expected a sum of 1 and none below 0",
  );
});
