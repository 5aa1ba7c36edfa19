import { assertAlmostEquals, assertThrows } from "@std/assert";
import { inceptionScore } from "../../../core/metrics/inception_score.ts";
import { matrix } from "../../../core/metrics/matrix.ts";
import { golden } from "./golden.ts";

const ROUNDED = 1e-8; // rows add up to 1 up to 6e-8 each, which SciPy divides by

Deno.test("inceptionScore() agrees with SciPy, in parts that are not equally large", () => {
  const { classes, splits, probabilities, mean, deviation } = golden.inceptionScore;
  const found = inceptionScore(matrix(Float32Array.from(probabilities), classes), { splits });
  assertAlmostEquals(found.mean, mean, ROUNDED);
  assertAlmostEquals(found.deviation, deviation, ROUNDED);
});

Deno.test("inceptionScore() is 1 for pictures of one class and for pictures of no class", () => {
  for (const row of [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]) {
    const same = matrix(Float32Array.from(Array.from({ length: 20 }, () => row).flat()), 3);
    assertAlmostEquals(inceptionScore(same).mean, 1, 1e-7); // thirds in f32
  }
});

Deno.test("inceptionScore() refuses what are no probabilities, and fewer samples than parts", () => {
  const of = (...numbers: number[]) => matrix(Float32Array.from(numbers), 2);
  assertThrows(
    () => inceptionScore(of(1, 0, 2, 3), { splits: 1 }),
    RangeError,
    "row 1 as probabilities: found a sum of 5",
  );
  assertThrows(() => inceptionScore(of(1.5, -0.5), { splits: 1 }), RangeError, "a least of -0.5");
  assertThrows(() => inceptionScore(of(1, 0)), RangeError, "fake has 1 samples, expected at least 10");
});
