import { valueAndGrad } from "../../core/grad.ts";
import { critic as criticOf, type CriticParameters } from "../../core/models/critic.ts";
import { generator as generatorOf, type GeneratorParameters } from "../../core/models/generator.ts";
import type { ModelOptions } from "../../core/models/presets.ts";
import type { Tensor } from "../../core/tensor.ts";
import { OBJECTIVES } from "../../core/train/objectives.ts";
import { assertGolden, constants, golden } from "./golden.ts";

const { model } = golden;
const generator = generatorOf(model.options as unknown as ModelOptions);
const critic = criticOf(model.options as unknown as ModelOptions);
const [z, real, epsilon, fake] = [model.z, model.real, model.epsilon, model.images].map((value) => constants(value));
const generatorParameters = constants(model.generator) as unknown as GeneratorParameters;
const criticParameters = constants(model.critic) as unknown as CriticParameters;

Deno.test("generator() and critic() agree with PyTorch", async () => {
  await assertGolden({
    images: { computed: generator.apply(generatorParameters, z).images, expected: model.images },
    real: { computed: critic.apply(criticParameters, real), expected: model.scores.real },
    fake: { computed: critic.apply(criticParameters, fake), expected: model.scores.fake },
  });
});

for (const name of ["wgan-gp", "non-saturating"] as const) {
  const expected = model.objectives[name];

  Deno.test(`${name}: loss and gradients of the critic agree with PyTorch`, async () => {
    let metrics: Record<string, Tensor> = {};
    const [loss, gradients] = valueAndGrad((parameters: CriticParameters) => {
      const value = OBJECTIVES[name].critic({ critic: (x) => critic.apply(parameters, x), real, fake, epsilon });
      metrics = value.metrics;
      return value.loss;
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
      OBJECTIVES[name].generator({
        critic: (x) => critic.apply(criticParameters, x),
        fake: generator.apply(parameters, z).images,
      })
    )(generatorParameters);
    await assertGolden({ generator: { computed: { loss, gradients }, expected: expected.generator } });
  });
}
