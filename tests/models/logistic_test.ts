import { assert, assertAlmostEquals, assertGreater, assertLess } from "@std/assert";
import { draws } from "../../core/draws.ts";
import { climbLogistic, logisticLikelihood, type LogisticProblem, logSumExp } from "../../core/models/logistic.ts";

/** A problem of three classes; the inputs of the second are in other units. */
function problem(unit = 1): LogisticProblem {
  const random = draws(5);
  const [count, features, classes] = [50, 3, 3];
  const x = Float64Array.from({ length: count * features }, (_, at) => {
    return [unit * random.normal(), random.normal() / unit, 1][at % features];
  });
  return { x, counts: Float64Array.from({ length: count * classes }, () => random.uniform() ** 4), features, classes };
}

Deno.test("climbLogistic() ends where the slope is 0, from wherever it starts", () => {
  const random = draws(6);
  for (const scale of [0, 1, 30]) {
    const start = Float64Array.from({ length: 6 }, () => scale * random.normal());
    const w = climbLogistic(problem(), start, 100);
    const top = logisticLikelihood(problem(), w);
    for (let i = 0; i < 6; i++) {
      const [above, below] = [1e-4, -1e-4].map((step) => logisticLikelihood(problem(), w.with(i, w[i] + step)));
      assertAlmostEquals((above - below) / 2e-4, 0, 1e-6); // central difference, error 1e-8 of a third derivative
      assertLess(Math.max(above, below), top);
    }
  }
});

Deno.test("climbLogistic() gains with every step, in whatever units", () => {
  for (const unit of [1, 1e4]) {
    const random = draws(7);
    let w: Float64Array = Float64Array.from({ length: 6 }, () => 5 * random.normal() / unit);
    for (let step = 0, before = -Infinity; step < 20; step++) {
      const now = logisticLikelihood(problem(unit), w);
      assert(now >= before, `falls from ${before} to ${now}`);
      [w, before] = [climbLogistic(problem(unit), w, 1), now];
    }
    assertAlmostEquals(
      logisticLikelihood(problem(unit), w),
      logisticLikelihood(problem(), climbLogistic(problem(), new Float64Array(6), 50)),
      1e-9,
    );
  }
});

Deno.test("climbLogistic() stays finite where the classes can be separated, or nothing counts", () => {
  const x = Float64Array.of(-2, 1, -1, 1, 1, 1, 2, 1);
  const separable = { x, counts: Float64Array.of(1, 0, 1, 0, 0, 1, 0, 1), features: 2, classes: 2 };
  const w = climbLogistic(separable, new Float64Array(2), 200);
  assert(w.every(Number.isFinite));
  assertGreater(logisticLikelihood(separable, w), -1e-6);
  const nothing = climbLogistic({ ...separable, counts: new Float64Array(8) }, Float64Array.of(3, 4), 5);
  assert(nothing[0] === 3 && nothing[1] === 4);
});

Deno.test("logSumExp() neither overflows nor underflows", () => {
  assertAlmostEquals(logSumExp([1000, 1000]), 1000 + Math.log(2), 1e-12);
  assertAlmostEquals(logSumExp([-1000, -1001]), -1000 + Math.log1p(Math.exp(-1)), 1e-12);
  assert(logSumExp([-Infinity, -Infinity]) === -Infinity);
});
