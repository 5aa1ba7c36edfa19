import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { draws } from "../../../core/draws.ts";
import { kernelDistance, kernelDistances } from "../../../core/metrics/kernel_distance.ts";
import { gaussianMmd } from "../../../core/metrics/mmd.ts";
import { firstRows, type Matrix, matrix } from "../../../core/metrics/matrix.ts";
import { assertAgrees, cases, device, golden, pair } from "./golden.ts";

for (const { name, compared, expected } of cases()) {
  const { real, fake } = compared;
  Deno.test(`kernelDistances() and gaussianMmd() agree with scikit-learn: ${name}`, async () => {
    const all = (rows: number) => Uint32Array.from({ length: rows }, (_, i) => i);
    const [found] = await kernelDistances(device, compared, [{ real: all(real.rows), fake: all(fake.rows) }]);
    assertAgrees(found, expected.kernel.mmd, "cubic", expected.kernel.scale / 100);
    const { squared, bandwidth } = await gaussianMmd(device, compared);
    assertAgrees(bandwidth, expected.mmd.bandwidth, "bandwidth");
    assertAgrees(squared, expected.mmd.squared, "Gaussian");
  });
}

const { columns, real, fake, subsets, distances } = golden.subsets;
const compared = pair(real, fake, columns);

Deno.test("kernelDistances() agrees with scikit-learn on subsets", async () => {
  const drawn = subsets.map(({ real, fake }) => ({ real: Uint32Array.from(real), fake: Uint32Array.from(fake) }));
  const found = await kernelDistances(device, compared, drawn);
  found.forEach((distance, i) => assertAgrees(distance, distances[i], `subset ${i}`));
});

Deno.test("kernelDistance() depends on the seed alone, and has one subset if it is all there is", async () => {
  const few = { subsets: 3, subsetSize: 10 };
  const [a, b, c] = [
    await kernelDistance(device, compared, { ...few, seed: 1 }),
    await kernelDistance(device, compared, { ...few, seed: 1 }),
    await kernelDistance(device, compared, { ...few, seed: 2 }),
  ];
  assertEquals(a, b);
  assertNotEquals(a.mean, c.mean);
  assertEquals([a.subsets, a.subsetSize], [3, 10]);
  const equal = { real: firstRows(compared.real, 30), fake: compared.fake };
  const whole = await kernelDistance(device, equal);
  assertEquals([whole.subsets, whole.subsetSize, whole.deviation], [1, 30, 0]);
});

Deno.test("kernelDistance() refuses subsets that there are not", async () => {
  const wanted = (options: Parameters<typeof kernelDistance>[2]) => kernelDistance(device, compared, options);
  await assertRejects(() => wanted({ subsetSize: 31 }), RangeError, "fake has 30 samples, expected at least 31");
  await assertRejects(() => wanted({ subsetSize: 1 }), RangeError, "subsets of 1 samples: expected");
  await assertRejects(() => wanted({ subsets: 0 }), RangeError, "Cannot draw 0 subsets");
});

Deno.test("gaussianMmd() of samples that are all equal is 0", async () => {
  const same = matrix(new Float32Array(20).fill(0.3), 4);
  assertEquals(await gaussianMmd(device, { real: same, fake: same }), { squared: 0, bandwidth: 0 });
});

Deno.test("kernelDistances() of features far from 0 are those of float64", async () => {
  const [rows, columns] = [40, 16];
  const random = draws(3);
  const around = (place: number, spread: number) =>
    matrix(Float32Array.from({ length: rows * columns }, () => place + spread * random.normal()), columns);
  const { real, fake } = { real: around(1000, 1), fake: around(1000, 1.2) };
  const all = Uint32Array.from({ length: rows }, (_, i) => i);
  const [found] = await kernelDistances(device, { real, fake }, [{ real: all, fake: all }]);
  const mean = (x: Matrix, y: Matrix) => {
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < rows; j++) {
        if (x === y && i === j) continue;
        let product = 0;
        for (let c = 0; c < columns; c++) product += x.values[i * columns + c] * y.values[j * columns + c];
        sum += (product / columns + 1) ** 3;
      }
    }
    return sum / (rows * (x === y ? rows - 1 : rows));
  };
  assertAgrees(found, mean(real, real) + mean(fake, fake) - 2 * mean(real, fake), "cubic");
});
