import { valueAndGrad } from "../../core/grad.ts";
import { critic as criticOf, type CriticParameters } from "../../core/models/critic.ts";
import { generator as generatorOf, type GeneratorParameters } from "../../core/models/generator.ts";
import type { ModelOptions } from "../../core/models/presets.ts";
import { add, neg } from "../../core/ops/elementwise.ts";
import { zeros } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { type Objective, OBJECTIVES } from "../../core/train/objectives.ts";
import { penalties } from "../../core/train/regularizers.ts";
import { assertGolden, constants, golden } from "./golden.ts";

const { model } = golden;
const generator = generatorOf(model.options as unknown as ModelOptions);
const critic = criticOf(model.options as unknown as ModelOptions);
const [z, real, epsilon, fake] = [model.z, model.real, model.epsilon, model.images].map((value) => constants(value));
const generatorParameters = constants(model.generator) as unknown as GeneratorParameters;
const criticParameters = constants(model.critic) as unknown as CriticParameters;

const noise = () => zeros(real.shape); // of no penalty here

Deno.test("generator() and critic() agree with PyTorch", async () => {
  await assertGolden({
    images: { computed: generator.apply(generatorParameters, z).images, expected: model.images },
    real: { computed: critic.apply(criticParameters, real), expected: model.scores.real },
    fake: { computed: critic.apply(criticParameters, fake), expected: model.scores.fake },
  });
});

for (const name of ["wgan-gp", "non-saturating"] as const) {
  const expected = model.objectives[name];
  const objective: Objective = OBJECTIVES[name];

  Deno.test(`${name}: loss and gradients of the critic agree with PyTorch`, async () => {
    let metrics: Readonly<Record<string, Tensor>> = {};
    const [loss, gradients] = valueAndGrad((parameters: CriticParameters) => {
      const score = (x: Tensor) => critic.apply(parameters, x);
      const game = objective.critic({ real: score(real), fake: score(fake) });
      const penalty = penalties(objective.regularizers ?? {}, { critic: score, real, fake, epsilon, noise });
      metrics = { ...penalty.metrics, wasserstein: neg(game) };
      return penalty.loss === undefined ? game : add(game, penalty.loss);
    })(criticParameters);
    await assertGolden({
      critic: { computed: { loss, gradients }, expected: expected.critic },
      ..."wasserstein" in expected && {
        metrics: {
          computed: { wasserstein: metrics.wasserstein, gradientNorm: metrics.gradientNorm },
          expected: { wasserstein: expected.wasserstein, gradientNorm: expected.gradientNorm },
        },
      },
    });
  });

  Deno.test(`${name}: loss and gradients of the generator agree with PyTorch`, async () => {
    const [loss, gradients] = valueAndGrad((parameters: GeneratorParameters) =>
      objective.generator({
        real: critic.apply(criticParameters, real),
        fake: critic.apply(criticParameters, generator.apply(parameters, z).images),
      })
    )(generatorParameters);
    await assertGolden({ generator: { computed: { loss, gradients }, expected: expected.generator } });
  });
}
