import { assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { initializer } from "../../core/nn/init.ts";
import { evaluateAll64 } from "../reference/interpreter.ts";

const COUNT = 4096;
const FIVE_SIGMA = 5 / Math.sqrt(COUNT); // of a mean of as many normal numbers

Deno.test("initializer() draws normal numbers of the given scale, new ones at each call, the same from the same seed", () => {
  const draw = (seed: number) => {
    const init = initializer(seed);
    return evaluateAll64([init.normal([COUNT], { std: 0.02 }), init.normal([64, 64])]);
  };
  const [scaled, plain] = draw(11);
  const moment = (values: ArrayLike<number>, power: number) =>
    Array.from(values).reduce((sum, value) => sum + value ** power, 0) / COUNT;
  assertAlmostEquals(moment(plain, 1), 0, FIVE_SIGMA);
  assertAlmostEquals(moment(plain, 2), 1, FIVE_SIGMA * Math.SQRT2); // the variance of a square is 2
  assertAlmostEquals(moment(scaled, 2), 0.02 ** 2, 0.02 ** 2 * FIVE_SIGMA * Math.SQRT2);
  assertNotEquals(scaled[0] / 0.02, plain[0]);
  assertEquals(draw(11), [scaled, plain]);
  assertNotEquals(draw(12)[1][0], plain[0]);
  assertNotEquals(draw(11 + 2 ** 40)[1][0], plain[0]);
});
