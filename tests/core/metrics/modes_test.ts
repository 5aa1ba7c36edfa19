import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { matrix } from "../../../core/metrics/matrix.ts";
import { modeScores } from "../../../core/metrics/modes.ts";
import { golden } from "./golden.ts";

const FLOAT64_TOLERANCE = 1e-12; // a few logarithms

const { centres, deviation, points, ...expected } = golden.modes;
const modes = { centres: Float32Array.from(centres), deviation };

Deno.test("modeScores() agrees with SciPy", () => {
  const found = modeScores(matrix(Float32Array.from(points), 2), modes);
  assertEquals([found.found, found.modes], [expected.found, 8]);
  assertAlmostEquals(found.good, expected.good, FLOAT64_TOLERANCE);
  assertAlmostEquals(found.balance, expected.balance, FLOAT64_TOLERANCE);
  assertAlmostEquals(found.divergence, expected.divergence, FLOAT64_TOLERANCE);
});

Deno.test("modeScores() of a balanced, a collapsed and a failed generator", () => {
  const scores = (...numbers: number[]) => modeScores(matrix(Float32Array.from(numbers), 2), modes);
  const balanced = scores(...centres);
  assertEquals([balanced.found, balanced.good], [8, 1]);
  assertAlmostEquals(balanced.balance, 1, FLOAT64_TOLERANCE);
  assertAlmostEquals(balanced.divergence, 0, FLOAT64_TOLERANCE);
  const collapsed = scores(2, 0, 2, 0, 2, 0);
  assertEquals([collapsed.found, collapsed.good, collapsed.balance], [1, 1, 0]);
  const failed = scores(0, 0, 9, 9);
  assertEquals([failed.found, failed.good, failed.balance, failed.divergence], [0, 0, 0, Math.log(8)]);
});

Deno.test("modeScores() refuses centres of other dimensions", () => {
  const points = matrix(new Float32Array(9), 3);
  assertThrows(() => modeScores(points, modes), RangeError, "centres are 16 numbers, fake has 3 dimensions");
});
