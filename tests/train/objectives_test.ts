import { assertAlmostEquals, assertThrows } from "@std/assert";
import { vjp } from "../../core/grad.ts";
import { add, mul } from "../../core/ops/elementwise.ts";
import { sum } from "../../core/ops/reduce.ts";
import { reshape } from "../../core/ops/movement.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { nonSaturating, objectiveName, wassersteinPenalty } from "../../core/train/objectives.ts";
import { evaluate64, evaluateAll64 } from "../reference/interpreter.ts";

const TOLERANCE = 1e-9; // float64, but for the 1e-12 under the root

/** Images `[2, 1, 2, 1]`. */
const REAL = constant([1, 2, 3, 4], [2, 1, 2, 1]);
const FAKE = constant([0, 1, -1, 2], [2, 1, 2, 1]);
const EPSILON = constant([0.25, 0.75], [2, 1, 1, 1]);

/** `D(x) = a · x + b (a · x)²`, whose gradient is `a (1 + 2b a·x)`. */
function criticOf(weights: Tensor, b: number) {
  return (images: Tensor) => {
    const linear = reshape(sum(mul(images, weights), { axes: [1, 2, 3] }), [images.shape[0], 1]);
    return add(linear, mul(mul(linear, linear), b));
  };
}

Deno.test("wgan-gp: losses, penalty and its gradient in the weights are those worked out by hand", () => {
  const weights = constant([3, 4], [1, 1, 2, 1]);
  const [b, critic] = [0.125, criticOf(weights, 0.125)];
  const { loss, metrics } = wassersteinPenalty.critic({ critic, real: REAL, fake: FAKE, epsilon: EPSILON });
  const score = (x: number, y: number) => 3 * x + 4 * y + b * (3 * x + 4 * y) ** 2;
  const distance = (score(1, 2) + score(3, 4) - score(0, 1) - score(-1, 2)) / 2;
  const between = [[0.25, 1.25], [2, 3.5]];
  const norms = between.map(([x, y]) => 5 * (1 + 2 * b * (3 * x + 4 * y)));
  const penalty = 10 * norms.reduce((total, norm) => total + (norm - 1) ** 2, 0) / 2;
  const [found, wasserstein, norm] = evaluateAll64([loss, metrics.wasserstein, metrics.gradientNorm]);
  assertAlmostEquals(wasserstein[0], distance, TOLERANCE);
  assertAlmostEquals(norm[0], (norms[0] + norms[1]) / 2, TOLERANCE);
  assertAlmostEquals(found[0], penalty - distance, TOLERANCE);

  // The penalty alone in a linear critic: d/da 10 (|a| - 1)² = 20 (|a| - 1) a / |a|.
  const linear = criticOf(weights, 0);
  const flat = wassersteinPenalty.critic({ critic: linear, real: FAKE, fake: FAKE, epsilon: EPSILON });
  const gradient = evaluate64(vjp(flat.loss, [weights])[0]);
  assertAlmostEquals(gradient[0], 20 * 4 * 3 / 5, TOLERANCE);
  assertAlmostEquals(gradient[1], 20 * 4 * 4 / 5, TOLERANCE);
});

Deno.test("wgan-gp: the gradient is finite where the critic is flat", () => {
  const weights = constant([0, 0], [1, 1, 2, 1]);
  const critic = criticOf(weights, 0);
  const { loss } = wassersteinPenalty.critic({ critic, real: REAL, fake: FAKE, epsilon: EPSILON });
  const gradient = evaluate64(vjp(loss, [weights])[0]);
  assertAlmostEquals(gradient[0], -(4 - -1) / 2, TOLERANCE); // that of the distance alone
});

Deno.test("wgan-gp: the generator's loss is minus its mean score", () => {
  const critic = criticOf(constant([1, 1], [1, 1, 2, 1]), 0);
  assertAlmostEquals(evaluate64(wassersteinPenalty.generator({ critic, fake: FAKE }))[0], -1, TOLERANCE);
});

Deno.test("non-saturating: losses are the logarithms of the logistic function", () => {
  const critic = criticOf(constant([1, 1], [1, 1, 2, 1]), 0);
  const minusLog = (logit: number) => -Math.log(1 / (1 + Math.exp(-logit)));
  const batch = { critic, real: REAL, fake: FAKE, epsilon: EPSILON };
  const { loss } = nonSaturating.critic(batch);
  const apart = nonSaturating.critic({ ...batch, apart: true });
  const real = (minusLog(3) + minusLog(7)) / 2;
  const fake = minusLog(-1); // log(1 - σ(s)) = log σ(-s)
  assertAlmostEquals(evaluate64(loss)[0], real + fake, TOLERANCE);
  assertAlmostEquals(evaluate64(apart.loss)[0], real + fake, TOLERANCE);
  assertAlmostEquals(evaluate64(nonSaturating.generator({ critic, fake: FAKE }))[0], minusLog(1), TOLERANCE);
});

Deno.test("objectiveName() names the nearest objective", () => {
  assertThrows(
    () => objectiveName("wgan"),
    RangeError,
    "Cannot find objective wgan: it is unknown, expected one of wgan-gp, non-saturating (the nearest is wgan-gp)",
  );
});
