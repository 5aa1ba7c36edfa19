import { assertAlmostEquals, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { draws } from "../../../core/draws.ts";
import { matrix } from "../../../core/metrics/matrix.ts";
import { prdc } from "../../../core/metrics/prdc.ts";
import { neighboursWithin } from "../../../core/metrics/distances.ts";
import { gaussianMmd } from "../../../core/metrics/mmd.ts";
import { twoSampleTest } from "../../../core/metrics/two_sample.ts";
import { ShapeError } from "../../../core/shape.ts";
import { caseNamed, cases, device } from "./golden.ts";

const FLOAT64_TOLERANCE = 1e-12; // shares of whole numbers

for (const { name, compared, expected } of cases()) {
  Deno.test(`prdc() agrees with SciPy: ${name}`, async () => {
    const found = await prdc(device, compared, { k: 3 });
    for (const key of ["precision", "recall", "density", "coverage"] as const) {
      assertAlmostEquals(found[key], expected.prdc[key], FLOAT64_TOLERANCE, key);
    }
  });
}

const random = draws(8);
const DIMENSIONS = 6;
const normals = (rows: number) =>
  matrix(Float32Array.from({ length: rows * DIMENSIONS }, () => random.normal()), DIMENSIONS);
const real = normals(100);

/** Fakes near some real pictures, `spread` away from them. */
const near = (pictures: readonly number[], spread: number) =>
  matrix(
    Float32Array.from({ length: 100 * DIMENSIONS }, (_, at) => {
      const picture = pictures[Math.floor(at / DIMENSIONS) % pictures.length];
      return real.values[picture * DIMENSIONS + at % DIMENSIONS] + spread * random.normal();
    }),
    DIMENSIONS,
  );

for (
  const [what, fake] of [
    ["copies of one picture", near([3], 0)],
    ["nearly copies of one picture", near([3], 1e-3)],
    ["copies of five pictures", near([3, 7, 20, 50, 90], 0)],
  ] as const
) {
  Deno.test(`prdc() of a collapsed generator loses recall and coverage, not precision: ${what}`, async () => {
    const healthy = await prdc(device, { real, fake: normals(100) });
    const collapsed = await prdc(device, { real, fake });
    assertEquals(collapsed.precision, 1);
    assertLess(collapsed.recall, 0.1);
    assertLess(collapsed.coverage, healthy.coverage / 2);
    assertGreater(healthy.recall, 0.5);
    // The other way round it is precision that is lost: real and fake are not the same.
    const swapped = await prdc(device, { real: fake, fake: real });
    assertLess(swapped.precision, 0.1);
    assertEquals(swapped.recall, 1);
  });
}

Deno.test("prdc() of noise far from the data has nothing of all", async () => {
  const far = matrix(normals(100).values.map((x) => 50 + x), DIMENSIONS);
  assertEquals(await prdc(device, { real, fake: far }), { precision: 0, recall: 0, density: 0, coverage: 0 });
});

Deno.test("prdc() takes neighbours that are known", async () => {
  const fake = normals(100);
  const within = { real: await neighboursWithin(device, real, 6), fake: await neighboursWithin(device, fake, 6) };
  assertEquals(await prdc(device, { real, fake }, { within, k: 4 }), await prdc(device, { real, fake }, { k: 4 }));
});

Deno.test("prdc() refuses too few samples, other dimensions, and what is not finite", async () => {
  const few = matrix(new Float32Array(5 * DIMENSIONS), DIMENSIONS);
  await assertRejects(
    () => prdc(device, { real, fake: few }),
    RangeError,
    "Cannot compute precision and recall with 5 neighbours: fake has 5 samples, expected at least 6",
  );
  const { compared } = caseNamed("plain");
  await assertRejects(
    () => prdc(device, { real, fake: compared.fake }),
    ShapeError,
    "real has 6 dimensions and fake 8, expected as many",
  );
  const broken = matrix(Float32Array.from(real.values), DIMENSIONS);
  broken.values[DIMENSIONS + 2] = Infinity;
  await assertRejects(
    () => prdc(device, { real: broken, fake: real }),
    RangeError,
    "real has Infinity in row 1, column 2, expected finite numbers",
  );
});

Deno.test("prdc() takes five neighbours unless told, with which precision and recall are larger than with three", async () => {
  const compared = { real, fake: normals(100) };
  const usual = await prdc(device, compared);
  assertEquals(usual, await prdc(device, compared, { k: 5 }));
  const three = await prdc(device, compared, { k: 3 });
  assertLess(three.precision, usual.precision);
  assertLess(three.recall, usual.recall);
});

for (const [what, factor] of [["2^100 times", 2 ** 100], ["2^-100 times", 2 ** -100]] as const) {
  Deno.test(`prdc(), nearest neighbours and MMD of numbers ${what} as large are the same`, async () => {
    const fake = near([3, 7, 20, 50, 90], 0.3);
    const scaled = {
      real: matrix(real.values.map((x) => x * factor), DIMENSIONS),
      fake: matrix(fake.values.map((x) => x * factor), DIMENSIONS),
    };
    assertEquals(await prdc(device, scaled), await prdc(device, { real, fake }));
    assertEquals(
      await twoSampleTest(device, scaled, { ks: [1, 5] }),
      await twoSampleTest(device, { real, fake }, { ks: [1, 5] }),
    );
    assertEquals((await gaussianMmd(device, scaled)).squared, (await gaussianMmd(device, { real, fake })).squared);
  });
}

Deno.test("prdc() of samples beside one that is 1e30 away is that of the samples", async () => {
  const fake = near([3, 7, 20, 50, 90], 0.3);
  const expected = await prdc(device, { real, fake });
  const away = matrix(Float32Array.of(...fake.values, ...new Array(DIMENSIONS).fill(1e30)), DIMENSIONS);
  const found = await prdc(device, { real, fake: away });
  assertAlmostEquals(found.precision, expected.precision * 100 / 101, FLOAT64_TOLERANCE);
  assertAlmostEquals(found.density, expected.density * 100 / 101, FLOAT64_TOLERANCE);
  assertEquals([found.coverage, found.recall], [expected.coverage, 1]); // the ball of that one holds everything
});
