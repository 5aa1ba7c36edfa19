/** Distribution and bits of draws; `ops_test.ts` holds the GPU to the very same numbers. */

import { assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { keyWords, normal, randomKey, stepKey, uniform } from "../../../core/ops/random.ts";
import { constant } from "../../../core/ops/source.ts";
import { evaluate64 } from "../../reference/interpreter.ts";

const SAMPLES = 20_000;
/** Four standard errors: the seeds are fixed, so a correct generator either passes always or was unlucky once. */
const SIGMAS = 4;

function momentsOf(x: ArrayLike<number>) {
  const moment = (power: number) => Array.from(x).reduce((total, value) => total + value ** power, 0) / x.length;
  return [1, 2, 3, 4].map(moment);
}

Deno.test("uniform() has the moments of the uniform distribution on [0, 1)", () => {
  const x = evaluate64(uniform(randomKey(1), { shape: [SAMPLES], stream: 0 }));
  momentsOf(x).forEach((moment, i) => {
    const power = i + 1;
    const variance = 1 / (2 * power + 1) - 1 / (power + 1) ** 2;
    assertAlmostEquals(moment, 1 / (power + 1), SIGMAS * Math.sqrt(variance / SAMPLES), `moment ${power}`);
  });
  assertEquals(x.every((value) => value >= 0 && value < 1 && Number.isInteger(value * 2 ** 24)), true);
});

Deno.test("normal() has the moments of the normal distribution", () => {
  const moments = momentsOf(evaluate64(normal(randomKey(2), { shape: [SAMPLES], stream: 0 })));
  const expected = [0, 1, 0, 3];
  const variances = [1, 2, 15, 96]; // E x²ᵏ - (E xᵏ)²
  moments.forEach((moment, i) =>
    assertAlmostEquals(moment, expected[i], SIGMAS * Math.sqrt(variances[i] / SAMPLES), `moment ${i + 1}`)
  );
});

Deno.test("a draw depends on key and stream, an element not on how many there are", () => {
  const draw = (seed: number, step: number, round: number, stream: number, size: number) => [
    ...evaluate64(uniform(randomKey(seed, step, round), { shape: [size], stream })),
  ];
  const first = draw(5, 0, 0, 0, 8);
  assertEquals(draw(5, 0, 0, 0, 19).slice(0, 8), first);
  for (
    const [seed, step, round, stream] of [[6, 0, 0, 0], [5 + 2 ** 32, 0, 0, 0], [5, 1, 0, 0], [5, 0, 1, 0], [
      5,
      0,
      0,
      1,
    ]]
  ) {
    assertNotEquals(draw(seed, step, round, stream, 8), first);
  }
});

Deno.test("keyWords() splits a seed into two words", () => {
  assertEquals([...keyWords(0)], [0, 0, 0, 0]);
  assertEquals([...keyWords(2 ** 32 + 7, 3, 4)], [7, 1, 3, 4]);
  assertEquals([...keyWords(Number.MAX_SAFE_INTEGER)], [0xffffffff, 0x1fffff, 0, 0]);
});

Deno.test("keyWords() says which seeds there are", () => {
  for (const seed of [-1, 0.5, NaN, 2 ** 53]) {
    assertThrows(() => keyWords(seed), RangeError, `Cannot use seed ${seed}: expected a whole number from 0 to`);
  }
});

Deno.test("stepKey() is the key of a seed and a step", () => {
  const key = stepKey(constant(keyWords(9 + 2 ** 33).slice(0, 2)), constant(Uint32Array.of(11)));
  assertEquals([...evaluate64(key)], [...keyWords(9 + 2 ** 33, 11)]);
});
