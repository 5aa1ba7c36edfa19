import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { isTensor, type Tensors, vjp } from "../../core/grad.ts";
import { disjoint, gumbel, gumbelMixture, latentMixture, oneHotOfLargest } from "../../core/models/choice.ts";
import { type HeadOptions, type MixtureHead, softmax } from "../../core/models/mixture.ts";
import { initializer } from "../../core/nn/init.ts";
import { add, mul } from "../../core/ops/elementwise.ts";
import { slice } from "../../core/ops/movement.ts";
import { normal, randomKey } from "../../core/ops/random.ts";
import { mean, sum } from "../../core/ops/reduce.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leavesOf, mapTree } from "../../core/tree.ts";
import { device } from "../gpu.ts";
import { evaluate } from "../../core/compile/program.ts";
import { evaluate64, evaluateAll64 } from "../reference/interpreter.ts";
import { assertGolden, assertGolden64, constants, onGpu } from "./golden.ts";
import golden from "../golden/methods.json" with { type: "json" };

const HEADS: Record<string, (options: HeadOptions) => MixtureHead> = {
  disjoint: (options) => disjoint(options),
  prior: (options) => disjoint(options, { learnedPrior: true }),
  gumbel: gumbelMixture,
  latents: latentMixture,
};
const OPTIONS: HeadOptions = { latent: 5, depth: 2, leaves: "linear", featureShape: [2, 1, 3] };
const [LEAVES, DRAWS] = [4, 2 ** 16];
/** Standard deviations that a share or a mean may be off; the seed is fixed, so a true one never fails by chance. */
const SIGNIFICANCE = 4;
const FLOAT64_TOLERANCE = 1e-12;

/** `[batch, head.latent]`. */
const latents = (head: MixtureHead, batch: number) => normal(randomKey(11), { shape: [batch, head.latent], stream: 3 });

for (const [name, values] of Object.entries(golden.heads)) {
  Deno.test(`${name} agrees with looking up one generator per sample in PyTorch, with all gradients`, async () => {
    const head = HEADS[values.head](values.options as HeadOptions);
    const inputs = {
      parameters: constants(values.parameters) as Tensors,
      z: constants(values.z),
    };
    const temperature = "temperature" in values ? values.temperature : undefined;
    const { features, weights } = head.apply(inputs.parameters, inputs.z, { temperature });
    const leaves = leavesOf<Tensor>(inputs, isTensor).map(([, leaf]) => leaf);
    const gradients = vjp(features, leaves, constants(values.dy));
    const check = name === "a choice by a gate" ? assertGolden : assertGolden64; // whose kernels are those of the others
    await check({
      features: { computed: features, expected: values.features },
      weights: { computed: weights, expected: values.weights },
      gradients: {
        computed: mapTree<Tensor, Tensor>(inputs, isTensor, (leaf) => gradients[leaves.indexOf(leaf)]),
        expected: values.gradients,
      },
    });
  });
}

Deno.test("gumbel() of normal numbers has the mean, the variance and the median of Gumbel's distribution", async () => {
  const [numbers] = await onGpu([gumbel(normal(randomKey(5), { shape: [DRAWS / 8, 16], stream: 2 }))]);
  assertEquals(numbers.length, DRAWS);
  const average = numbers.reduce((a, b) => a + b) / DRAWS;
  const variance = numbers.reduce((sum, x) => sum + (x - average) ** 2, 0) / DRAWS;
  const below = numbers.filter((x) => x < -Math.log(Math.log(2))).length / DRAWS;
  const [wanted, euler] = [Math.PI ** 2 / 6, 0.5772156649];
  assertAlmostEquals(average, euler, SIGNIFICANCE * Math.sqrt(wanted / DRAWS));
  assertAlmostEquals(variance, wanted, SIGNIFICANCE * wanted * Math.sqrt(4.4 / DRAWS)); // kurtosis 5.4
  assertAlmostEquals(below, 0.5, SIGNIFICANCE * 0.5 / Math.sqrt(DRAWS));
});

Deno.test("gumbel() is finite where both normal numbers are 0", () => {
  assertAlmostEquals(evaluate64(gumbel(constant([0, 0], [1, 2])))[0], 20 * Math.log(10), 1e-6);
});

/** `log(1, 2, 3, 4)`: shares of a tenth, two, three and four. */
const PRIOR = constant([1, 2, 3, 4].map(Math.log));
const SHARES = { disjoint: [1, 1, 1, 1], latents: [1, 1, 1, 1], prior: [1, 2, 3, 4], gumbel: [1, 2, 3, 4] };

Deno.test("choices are one-hot and as frequent as the prior says; in a region they are of it, in proportion", async () => {
  const region = constant([0, 1, 0, 1], [1, LEAVES]);
  const heads = Object.entries(SHARES).map(([name, shares]) => {
    const head = HEADS[name](OPTIONS);
    const parameters = head.parameters(initializer(1)) as Record<string, Tensor>;
    const { weight } = parameters.gates as unknown as { weight: Tensor } ?? {};
    const own = {
      ...parameters,
      ..."prior" in parameters && { prior: PRIOR },
      ...weight && { gates: { weight: mul(weight, 0), bias: PRIOR } },
    };
    const z = latents(head, DRAWS);
    return { name, shares, free: head.apply(own, z).weights, forced: head.apply(own, z, { region }).weights };
  });
  // Only totals come back; a row is one-hot exactly where its squares sum to 1 as its elements do.
  const totals = (weights: Tensor) => ({
    shares: mean(weights, { axes: [0] }),
    ones: sum(mul(weights, weights)),
  });
  const computed = heads.flatMap(({ name, free, forced }) =>
    [[`${name} free`, totals(free)], [
      `${name} forced`,
      totals(forced),
    ]] as const
  );
  const found = await evaluate(
    device,
    Object.fromEntries(
      computed.flatMap(([name, { shares, ones }]) => [[`${name} shares`, shares], [`${name} ones`, ones]]),
    ),
  );
  for (const { name, shares } of heads) {
    for (const [kind, mask] of [["free", [1, 1, 1, 1]], ["forced", [0, 1, 0, 1]]] as const) {
      const whole = shares.reduce((sum, share, l) => sum + share * mask[l], 0);
      assertEquals(found[`${name} ${kind} ones`][0], DRAWS, `${name} ${kind}: not one-hot`);
      found[`${name} ${kind} shares`].forEach((share, l) => {
        const p = shares[l] * mask[l] / whole;
        const allowed = SIGNIFICANCE * Math.sqrt(p * (1 - p) / DRAWS);
        assert(
          Math.abs(share - p) <= allowed,
          `${name} ${kind}, leaf ${l}: share ${share}, expected ${p} ± ${allowed}`,
        );
      });
    }
  }
});

Deno.test("choices forced into a leaf that is all but impossible take it, row by row", () => {
  for (const name of ["prior", "gumbel"]) {
    const head = HEADS[name](OPTIONS);
    const parameters = head.parameters(initializer(1)) as Record<string, Tensor>;
    const against = constant([90, 90, -90, 90]);
    const own = name === "prior"
      ? { ...parameters, prior: against }
      : { ...parameters, gates: { ...parameters.gates as unknown as Record<string, Tensor>, bias: against } };
    const region = constant([0, 0, 1, 0, 1, 0, 0, 0], [2, LEAVES]);
    const { weights } = head.apply(own as Record<string, Tensor>, latents(head, 2), { region });
    assertEquals([...evaluate64(weights)], [0, 0, 1, 0, 1, 0, 0, 0], name);
  }
});

Deno.test("gumbelMixture(): the gradient of the one-hot weights is that of the soft ones", () => {
  const head = gumbelMixture(OPTIONS);
  const parameters = head.parameters(initializer(3));
  const z = latents(head, 6);
  const temperature = 0.7;
  const { weights, logits } = head.apply(parameters, z, { temperature });
  const noise = gumbel(slice(z, { start: [0, 5], shape: [6, 2 * LEAVES] }));
  const soft = softmax(mul(add(logits, noise), 1 / temperature));
  const dy = normal(randomKey(1), { shape: [6, LEAVES], stream: 0 });
  const wanted = [parameters.gates.weight, parameters.gates.bias, z];
  const [hard, expected] = [weights, soft].map((y) => evaluateAll64(vjp(y, wanted, dy)));
  hard.forEach((gradient, i) => {
    assert(expected[i].some((g: number) => Math.abs(g) > 1e-3));
    gradient.forEach((g, j) => assertAlmostEquals(g, expected[i][j], FLOAT64_TOLERANCE));
  });
  for (const row of [0, 1, 2, 3, 4, 5]) {
    const values = [...evaluate64(weights).subarray(4 * row, 4 * row + 4)];
    assertEquals(values.toSorted(), [0, 0, 0, 1]);
  }
});

Deno.test("gumbelMixture() chooses the largest noisy logit at any temperature", () => {
  const head = gumbelMixture(OPTIONS);
  const parameters = head.parameters(initializer(3));
  const z = latents(head, 64);
  const { logits } = head.apply(parameters, z);
  const noisy = evaluate64(add(logits, gumbel(slice(z, { start: [0, 5], shape: [64, 2 * LEAVES] }))));
  const largest = Array.from({ length: 64 }, (_, row) => {
    const values = [...noisy.subarray(LEAVES * row, LEAVES * (row + 1))];
    return values.map((value) => Number(value === Math.max(...values)));
  }).flat();
  for (const temperature of [1e-6, 1, 1e6]) {
    const { weights } = head.apply(parameters, z, { temperature });
    assertEquals([...evaluate64(weights)], largest, `temperature ${temperature}`);
  }
});

Deno.test("disjoint() learns nothing of its prior from pictures", () => {
  const head = disjoint(OPTIONS, { learnedPrior: true });
  const parameters = head.parameters(initializer(3));
  const [gradient] = vjp(sum(head.apply(parameters, latents(head, 6)).features), [parameters.prior!]);
  assertEquals([...evaluate64(gradient)].map((g) => g + 0), [0, 0, 0, 0]);
});

Deno.test("oneHotOfLargest() has one 1 in every row: the first of equal numbers, and of those that rounding tells apart", () => {
  const rows = [[1, 3, 2], [5, 5, 5], [-1e30, -7, -1e30], [100, 1, 100.00001], [0.5, 0.499, 0]];
  const hot = evaluate64(oneHotOfLargest(constant(rows.flat(), [5, 3])));
  assertEquals([...hot], [0, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0]);
});

Deno.test("latentMixture() starts with normal means and deviations of 0.2; its only leaves are latents", () => {
  const head = latentMixture({ ...OPTIONS, latent: 500 });
  const { mean, deviation, dense } = head.parameters(initializer(2));
  const means = [...evaluate64(mean)];
  const variance = means.reduce((sum, x) => sum + x ** 2, 0) / means.length;
  assertAlmostEquals(variance, 1, SIGNIFICANCE * Math.sqrt(2 / means.length));
  assert(evaluate64(deviation).every((x: number) => Math.abs(x - 0.2) < 1e-7));
  assertEquals([mean.shape, dense.weight.shape], [[4, 500], [500, 6]]);
});

Deno.test("choices take two numbers of the latent for each generator, and have at most 1024 of them", () => {
  for (const head of Object.values(HEADS)) {
    const { latent, leaves, gates } = head(OPTIONS);
    assertEquals([latent, leaves, gates], [5 + 2 * LEAVES, LEAVES, LEAVES]);
    assertThrows(
      () => head({ ...OPTIONS, depth: 11 }),
      RangeError,
      "Cannot build a choice of generators of depth 11: expected a whole number from 1 to 10",
    );
  }
});
