import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { draws } from "../../../core/draws.ts";
import { frechetDistance } from "../../../core/metrics/frechet.ts";
import { matrix } from "../../../core/metrics/matrix.ts";
import { featureStatistics } from "../../../core/metrics/statistics.ts";
import { factorize, sandwich, symmetricEigenvalues } from "../../../core/metrics/symmetric.ts";
import { ShapeError } from "../../../core/shape.ts";
import { assertAgrees, cases, device } from "./golden.ts";

// Features rounded to 20 bits of their column's largest; a distance of equal sets is square roots of float64 roundings.
const ROUNDED = 1e-5;
const FLOAT64_TOLERANCE = 1e-12;
const EQUAL = 1e-7; // of the traces: square roots of roundings of 1e-15

for (const { name, compared, expected } of cases()) {
  Deno.test(`frechetDistance() agrees with SciPy: ${name}`, async () => {
    const real = await featureStatistics(device, compared.real);
    const fake = await featureStatistics(device, compared.fake);
    const { distance, ofMeans } = frechetDistance({ real, fake });
    if (name === "identical") assertLess(distance, EQUAL * expected.frechet.scale);
    else assertAgrees(distance, expected.frechet.distance, name);
    assertAgrees(ofMeans, expected.frechet.ofMeans, name);
    const swapped = frechetDistance({ real: fake, fake: real }).distance;
    assertAlmostEquals(distance, swapped, EQUAL * expected.frechet.scale);
  });
}

Deno.test("featureStatistics() agrees with sums in float64 over several chunks", async () => {
  const random = draws(3);
  const [rows, columns] = [1200, 5];
  // Far from 0, of different sizes, correlated, one constant.
  const values = Float32Array.from({ length: rows * columns }, (_, at) => {
    const column = at % columns;
    return column === 4 ? 7 : 100 * column + random.normal() * 10 ** (column - 2) + (at / 1000);
  });
  const { count, mean, covariance } = await featureStatistics(device, matrix(values, columns));
  assertEquals(count, rows);
  for (let i = 0; i < columns; i++) {
    const column = (j: number) => Array.from({ length: rows }, (_, row) => values[row * columns + j]);
    const average = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0) / rows;
    assertAlmostEquals(mean[i], average(column(i)), FLOAT64_TOLERANCE * 1000);
    for (let j = 0; j < columns; j++) {
      const [a, b] = [column(i), column(j)];
      const [ma, mb] = [average(a), average(b)];
      const wanted = a.reduce((sum, x, row) => sum + (x - ma) * (b[row] - mb), 0) / (rows - 1);
      const size = Math.sqrt(covariance[i * columns + i] * covariance[j * columns + j]);
      assertAlmostEquals(covariance[i * columns + j], wanted, ROUNDED * size + FLOAT64_TOLERANCE);
    }
  }
});

Deno.test("featureStatistics() refuses one sample, too many dimensions, and what is not finite", async () => {
  const one = matrix(Float32Array.of(1, 2), 2);
  await assertRejects(() => featureStatistics(device, one), RangeError, "real has 1 samples, expected at least 2");
  const long = matrix(new Float32Array(2 * 4097), 4097);
  await assertRejects(() => featureStatistics(device, long), RangeError, "4097 dimensions: expected at most 4096");
  const nan = matrix(Float32Array.of(1, 2, 3, NaN), 2);
  await assertRejects(() => featureStatistics(device, nan, "fake"), RangeError, "fake has NaN in row 1, column 1");
});

Deno.test("frechetDistance() refuses statistics of other dimensions", () => {
  const of = (d: number) => ({ count: 9, mean: new Float64Array(d), covariance: new Float64Array(d * d) });
  assertThrows(() => frechetDistance({ real: of(2), fake: of(3) }), ShapeError, "real has 2 dimensions and fake 3");
});

Deno.test("symmetricEigenvalues() finds those of Q diag(λ) Qᵀ, equal, zero and negative ones among them", () => {
  const wanted = [-3, -1e-9, 0, 0, 1, 1, 1, 2.5, 1e3, 1e6];
  const n = wanted.length;
  const random = draws(4);
  const matrix = Float64Array.from({ length: n * n }, (_, at) => at % (n + 1) === 0 ? wanted[at / (n + 1)] : 0);
  for (let round = 0; round < 20; round++) { // reflections I − 2 u uᵀ on both sides
    const u = Float64Array.from({ length: n }, () => random.normal());
    const length = Math.hypot(...u);
    u.forEach((x, i) => u[i] = x / length);
    for (const [step, other] of [[1, n], [n, 1]]) {
      for (let i = 0; i < n; i++) {
        const dot = u.reduce((sum, x, k) => sum + x * matrix[i * other + k * step], 0);
        for (let k = 0; k < n; k++) matrix[i * other + k * step] -= 2 * dot * u[k];
      }
    }
  }
  const found = symmetricEigenvalues(matrix, n);
  found.forEach((value, i) => assertAlmostEquals(value, wanted[i], 1e6 * FLOAT64_TOLERANCE));
  assertEquals([...symmetricEigenvalues(Float64Array.of(5), 1)], [5]);
});

Deno.test("factorize() ends at the rank, and its product is the matrix", () => {
  const random = draws(9);
  const [size, rank] = [12, 5];
  const half = Float64Array.from({ length: rank * size }, () => random.normal());
  const at = (m: Float64Array, i: number, j: number) => m[i * size + j];
  const matrix = Float64Array.from({ length: size * size }, (_, place) => {
    const [i, j] = [Math.floor(place / size), place % size];
    return Array.from({ length: rank }, (_, r) => at(half, r, i) * at(half, r, j)).reduce((a, b) => a + b);
  });
  const factor = factorize(matrix, size);
  assertEquals(factor.rank, rank);
  const { values, permutation } = factor;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const dot = Array.from({ length: rank }, (_, r) => at(values, r, i) * at(values, r, j)).reduce((a, b) => a + b);
      assertAlmostEquals(dot, at(matrix, permutation[i], permutation[j]), 100 * FLOAT64_TOLERANCE);
    }
  }
  // F S Fᵀ for S = FᵀF has the squares of its eigenvalues.
  const [eigenvalues, squares] = [matrix.slice(), sandwich(factor, matrix)];
  const top = symmetricEigenvalues(eigenvalues, size).slice(size - rank);
  symmetricEigenvalues(squares, rank).forEach((value, i) =>
    assert(Math.abs(value - top[i] ** 2) <= 1e3 * FLOAT64_TOLERANCE * Math.max(1, value))
  );
});
