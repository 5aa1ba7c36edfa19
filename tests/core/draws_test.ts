import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { draws } from "../../core/draws.ts";
import golden from "../golden/toys.json" with { type: "json" };

const COUNT = 100_000;
/** Five standard errors of a mean of `COUNT` numbers of deviation 1; a fixed seed, so it holds always or never. */
const TOLERANCE = 5 / Math.sqrt(COUNT);

Deno.test("draws() gives the words of sfc32", () => {
  for (const [i, [seed, stream]] of [[0, 0], [golden.seed, 7]].entries()) {
    const { uniform } = draws(seed, stream);
    assertEquals(Array.from({ length: 4 }, () => uniform() * 2 ** 32), golden.words[i]);
  }
});

Deno.test("draws() gives normal numbers with the moments of N(0, 1), one after the other uncorrelated", () => {
  const { normal } = draws(3);
  const numbers = Float64Array.from({ length: COUNT }, normal);
  const mean = (value: (x: number, i: number) => number) => numbers.reduce((sum, x, i) => sum + value(x, i), 0) / COUNT;
  assertAlmostEquals(mean((x) => x), 0, TOLERANCE);
  assertAlmostEquals(mean((x) => x ** 2), 1, TOLERANCE * Math.sqrt(2)); // the variance of x² is 2, of x⁴ 96
  assertAlmostEquals(mean((x) => x ** 4), 3, TOLERANCE * Math.sqrt(96));
  assertAlmostEquals(mean((x, i) => x * numbers[(i + 1) % COUNT]), 0, TOLERANCE);
});

Deno.test("draws() gives every whole number below a bound as often", () => {
  const { below } = draws(4);
  const counts = new Array<number>(5).fill(0);
  for (let i = 0; i < COUNT; i++) counts[below(5)]++;
  for (const count of counts) assertAlmostEquals(count / COUNT, 1 / 5, TOLERANCE * Math.sqrt(0.2 * 0.8));
});

Deno.test("draws() takes seeds of 53 bits and refuses others", () => {
  const first = [1, 1 + 2 ** 32, Number.MAX_SAFE_INTEGER].map((seed) => draws(seed).uniform());
  assert(new Set(first).size === 3);
  for (const seed of [-1, 0.5, 2 ** 53, NaN]) {
    assertThrows(() => draws(seed), RangeError, `with seed ${seed}: expected`);
  }
  assertThrows(() => draws(0, 2 ** 32), RangeError, "Cannot draw with stream 4294967296: expected a whole number from");
});
