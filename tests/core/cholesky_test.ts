import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { solvePositive } from "../../core/cholesky.ts";
import { draws } from "../../core/draws.ts";

/** Well-conditioned systems of 6 unknowns lose a few of the 16 digits of a float64. */
const TOLERANCE = 1e-12;

Deno.test("solvePositive() solves A x = b for every column of b and reads the lower half of A alone", () => {
  const [n, columns] = [6, 2];
  const random = draws(1);
  const root = Float64Array.from({ length: n * n }, () => random.normal());
  const product = (i: number, j: number) => {
    let sum = i === j ? 1 : 0;
    for (let k = 0; k < n; k++) sum += root[i * n + k] * root[j * n + k];
    return sum;
  };
  const x = Float64Array.from({ length: n * columns }, () => random.normal());
  const b = x.map((_, at) => {
    const [i, c] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let j = 0; j < n; j++) sum += product(i, j) * x[j * columns + c];
    return sum;
  });
  const a = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return j > i ? NaN : product(i, j);
  });
  assert(solvePositive(a, b));
  b.forEach((found, i) => assertAlmostEquals(found, x[i], TOLERANCE));
});

Deno.test("solvePositive() says so where A is not positive definite", () => {
  const systems = [[1, 2, 2, 1], [0, 0, 0, 0], [1, 1, 1, 1], [NaN, 0, 0, 1]];
  assertEquals(systems.map((a) => solvePositive(Float64Array.from(a), Float64Array.of(1, 1))), [
    false,
    false,
    false,
    false,
  ]);
});
