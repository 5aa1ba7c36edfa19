import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { valueAndGrad, vjp } from "../../core/grad.ts";
import { critic as criticOf, type CriticParameters } from "../../core/models/critic.ts";
import type { ModelOptions } from "../../core/models/presets.ts";
import { add, mul } from "../../core/ops/elementwise.ts";
import { reshape } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant, zeros } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { checkRegularizers, penalties, REGULARIZER_NAMES, type Regularizers } from "../../core/train/regularizers.ts";
import { assertGolden64, constants } from "../models/golden.ts";
import { evaluate64, evaluateAll64 } from "../reference/interpreter.ts";
import golden from "../golden/objectives.json" with { type: "json" };

const TOLERANCE = 1e-9; // float64, but for the 1e-12 under the root

Deno.test("penalties: each and its gradient in the critic agree with PyTorch's second backward pass", () => {
  const critic = criticOf(golden.options as unknown as ModelOptions);
  const parameters = constants(golden.critic) as unknown as CriticParameters;
  const [real, fake, epsilon, noise] = [golden.real, golden.fake, golden.epsilon, golden.noise].map((x) =>
    constants(x)
  );
  const claims = REGULARIZER_NAMES.map((name) => {
    let metrics: Readonly<Record<string, Tensor>> = {};
    const [loss, gradients] = valueAndGrad((parameters: CriticParameters) => {
      const score = (x: Tensor) => critic.apply(parameters, x);
      const penalty = penalties({ [name]: 1 }, { critic: score, real, fake, epsilon, noise: () => noise });
      metrics = penalty.metrics;
      return penalty.loss!;
    })(parameters);
    const norms = name in golden.norms && {
      norm: { computed: metrics.gradientNorm, expected: golden.norms[name as keyof typeof golden.norms] },
    };
    return [name, { computed: { loss, gradients }, expected: golden.penalties[name] }, norms] as const;
  });
  assertGolden64({ // the kernels are those of `wgan-gp` in tests/models/objectives_test.ts
    ...Object.fromEntries(claims),
    ...Object.fromEntries(claims.flatMap(([name, , norms]) => norms ? [[`norm of ${name}`, norms.norm]] : [])),
  });
});

/** Images `[2, 1, 2, 1]`. */
const REAL = constant([1, 2, 3, 4], [2, 1, 2, 1]);
const FAKE = constant([0, 1, -1, 2], [2, 1, 2, 1]);
const EPSILON = constant([0.25, 0.75], [2, 1, 1, 1]);

/** `D(x) = a · x + b (a · x)²`, whose gradient is `a (1 + 2b a·x)`. */
function criticOfTwo(weights: Tensor, b: number) {
  return (images: Tensor) => {
    const linear = reshape(sum(mul(images, weights), { axes: [1, 2, 3] }), [images.shape[0], 1]);
    return add(linear, mul(mul(linear, linear), b));
  };
}

function penalty(critic: (images: Tensor) => Tensor, weights: Regularizers, [real, fake] = [REAL, FAKE]) {
  const { loss, metrics } = penalties(weights, {
    critic,
    real,
    fake,
    epsilon: EPSILON,
    noise: () => zeros(REAL.shape),
  });
  return { loss: loss!, metrics };
}

Deno.test("gp: the penalty, the norm and the gradient in the weights are those worked out by hand", () => {
  const weights = constant([3, 4], [1, 1, 2, 1]);
  const b = 0.125;
  const { loss, metrics } = penalty(criticOfTwo(weights, b), { gp: 10 });
  const between = [[0.25, 1.25], [2, 3.5]];
  const norms = between.map(([x, y]) => 5 * (1 + 2 * b * (3 * x + 4 * y)));
  const [found, norm] = evaluateAll64([loss, metrics.gradientNorm]);
  assertAlmostEquals(norm[0], (norms[0] + norms[1]) / 2, TOLERANCE);
  assertAlmostEquals(found[0], 10 * norms.reduce((total, norm) => total + (norm - 1) ** 2, 0) / 2, TOLERANCE);

  // In a linear critic d/da 10 (|a| - 1)² = 20 (|a| - 1) a / |a|.
  const gradient = evaluate64(vjp(penalty(criticOfTwo(weights, 0), { gp: 10 }).loss, [weights])[0]);
  assertAlmostEquals(gradient[0], 20 * 4 * 3 / 5, TOLERANCE);
  assertAlmostEquals(gradient[1], 20 * 4 * 4 / 5, TOLERANCE);
});

Deno.test("gp and dragan: the gradient is finite where the critic is flat", () => {
  const weights = constant([0, 0], [1, 1, 2, 1]);
  for (const name of ["gp", "dragan"] as const) {
    const gradient = evaluate64(vjp(penalty(criticOfTwo(weights, 0), { [name]: 10 }).loss, [weights])[0]);
    assertEquals([...gradient].map((g) => g + 0), [0, 0], name);
  }
});

Deno.test("r1 is taken at real images, r2 at generated ones", () => {
  const critic = criticOfTwo(constant([1, 0], [1, 1, 2, 1]), 0.5); // slope 1 + x
  assertAlmostEquals(evaluate64(penalty(critic, { r1: 1 }).loss)[0], (2 ** 2 + 4 ** 2) / 4, TOLERANCE);
  assertAlmostEquals(evaluate64(penalty(critic, { r2: 1 }).loss)[0], (1 ** 2 + 0 ** 2) / 4, TOLERANCE);
});

Deno.test("penalties() adds up by weight, and is nothing where all weights are 0", () => {
  const critic = criticOfTwo(constant([3, 4], [1, 1, 2, 1]), 0.125);
  const value = (weights: Regularizers) => evaluate64(penalty(critic, weights).loss)[0];
  assertAlmostEquals(
    value({ gp: 10, r1: 0.5, r2: 2 }),
    10 * value({ gp: 1 }) + 0.5 * value({ r1: 1 }) + 2 * value({ r2: 1 }),
    1e-6,
  );
  assertEquals(
    penalties({ gp: 0 }, { critic, real: REAL, fake: FAKE, epsilon: EPSILON, noise: () => REAL }).loss,
    undefined,
  );
});

Deno.test("checkRegularizers() refuses weights that are negative or no finite number", () => {
  for (const weight of [-1, NaN, Infinity]) {
    assertThrows(
      () => checkRegularizers({ gp: 10, r1: weight }),
      RangeError,
      `Cannot use ${weight} as weight of the penalty r1: expected a number of at least 0`,
    );
  }
  checkRegularizers({ gp: 0, r2: 0.5 });
});
