import { assert, assertAlmostEquals } from "@std/assert";
import { isTensor, vjp } from "../../core/grad.ts";
import { flatMixture } from "../../core/models/flat_mixture.ts";
import { type HeadOptions, leafParameters, type MixtureHead } from "../../core/models/mixture.ts";
import { single } from "../../core/models/single.ts";
import { nodeWeights, softTree } from "../../core/models/soft_tree.ts";
import { initializer } from "../../core/nn/init.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leavesOf, mapTree } from "../../core/tree.ts";
import { evaluate64 } from "../reference/interpreter.ts";
import { assertGolden, constants, golden } from "./golden.ts";

const HEADS: Record<string, (options: HeadOptions) => MixtureHead> = { tree: softTree, flat: flatMixture, single };

for (const [name, values] of Object.entries(golden.heads)) {
  Deno.test(`${name} agrees with the sum over its leaves in PyTorch, with all gradients`, async () => {
    const head = HEADS[values.head](values.options as HeadOptions);
    const inputs = { parameters: constants(values.parameters), z: constants(values.z) };
    const { features, weights, gates } = head.apply(inputs.parameters, inputs.z);
    const leaves = leavesOf<Tensor>(inputs, isTensor).map(([, leaf]) => leaf);
    const gradients = vjp(features, leaves, constants(values.dy));
    await assertGolden({
      features: { computed: features, expected: values.features },
      gradients: {
        computed: mapTree<Tensor, Tensor>(inputs, isTensor, (leaf) => gradients[leaves.indexOf(leaf)]),
        expected: values.gradients,
      },
      ..."weights" in values && {
        weights: { computed: weights, expected: values.weights },
        gates: { computed: gates, expected: values.gates },
      },
      ..."nodes" in values && { nodes: { computed: nodeWeights(weights), expected: values.nodes } },
    });
  });
}

Deno.test("leafParameters() starts biases of linear leaves at N(0, spread²), at 0 unless asked", () => {
  const options = { latent: 4, depth: 3, leaves: "linear", featureShape: [8, 8, 8] } as const;
  const biases = (leafSpread?: number) => [
    ...evaluate64(leafParameters(initializer(1), { ...options, leafSpread }).bias),
  ];
  assert(biases().every((b) => b === 0));
  const spread = biases(0.5);
  const variance = spread.reduce((sum, b) => sum + b * b, 0) / spread.length;
  assertAlmostEquals(variance, 0.25, 4 * 0.25 * Math.sqrt(2 / spread.length)); // four standard errors
});
