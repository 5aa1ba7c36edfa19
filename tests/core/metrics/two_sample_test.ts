import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { twoSampleTest } from "../../../core/metrics/two_sample.ts";
import { matrix } from "../../../core/metrics/matrix.ts";
import { caseNamed, cases, device } from "./golden.ts";

const FLOAT64_TOLERANCE = 1e-12; // shares of whole numbers

for (const { name, compared, expected } of cases()) {
  Deno.test(`twoSampleTest() agrees with scikit-learn: ${name}`, async () => {
    const tests = await twoSampleTest(device, compared, { ks: [1, 3] });
    [expected.nearest, expected.nearestOfThree].forEach(({ accuracy, real, fake }, i) => {
      assertAlmostEquals(tests[i].accuracy, accuracy, FLOAT64_TOLERANCE);
      assertAlmostEquals(tests[i].real, real, FLOAT64_TOLERANCE);
      assertAlmostEquals(tests[i].fake, fake, FLOAT64_TOLERANCE);
    });
  });
}

Deno.test("twoSampleTest() of samples that are all equal is guessing", async () => {
  const same = matrix(new Float32Array(20).fill(0.3), 2);
  const [{ accuracy }] = await twoSampleTest(device, { real: same, fake: same }, { ks: [1] });
  assertAlmostEquals(accuracy, 9 / 19, FLOAT64_TOLERANCE);
});

Deno.test("twoSampleTest() names the side: few fakes between real pictures, collapsed ones among themselves", async () => {
  const { compared } = caseNamed("copies of one picture");
  const [{ real, fake }] = await twoSampleTest(device, compared, { ks: [5] });
  assertEquals(fake, 1);
  assertEquals(real < fake, true);
});

Deno.test("twoSampleTest() refuses an even number of votes, and fewer samples than voters", async () => {
  const { compared } = caseNamed("fewer samples than dimensions");
  await assertRejects(() => twoSampleTest(device, compared, { ks: [2] }), RangeError, "Cannot let 2 neighbours vote");
  await assertRejects(
    () => twoSampleTest(device, compared, { ks: [13] }),
    RangeError,
    "real has 12 samples, expected at least 14",
  );
});
