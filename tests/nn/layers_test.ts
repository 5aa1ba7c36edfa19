import { isTensor, vjp } from "../../core/grad.ts";
import { activations } from "../../core/nn/activation.ts";
import { type Conv, conv2d, convTranspose2d } from "../../core/nn/conv.ts";
import { linear } from "../../core/nn/linear.ts";
import { batchNorm, batchNormInference, layerNorm, type Norm, updateMoments } from "../../core/nn/norm.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leavesOf, mapTree, type Tree } from "../../core/tree.ts";
import { assertGolden, type Claim, constants, type Golden, golden } from "../models/golden.ts";

interface Case {
  inputs: { x: Golden; parameters: Record<string, Golden> };
  dy: Golden;
  y: Golden;
  gradients: Tree<Golden>;
}

/** Value of a layer and its gradients in `x` and all parameters. */
function layerClaim<P>(layer: (parameters: P, x: Tensor) => Tensor, values: Case): Claim {
  const inputs = constants(values.inputs);
  const y = layer(inputs.parameters as unknown as P, inputs.x);
  const leaves = leavesOf<Tensor>(inputs, isTensor).map(([, leaf]) => leaf);
  const gradients = vjp(y, leaves, constants(values.dy));
  return {
    computed: { y, gradients: mapTree<Tensor, Tensor>(inputs, isTensor, (leaf) => gradients[leaves.indexOf(leaf)]) },
    expected: { y: values.y, gradients: values.gradients },
  };
}

Deno.test("linear(), conv2d() and convTranspose2d() agree with PyTorch, with all their gradients", async () => {
  const cases = golden.layers;
  await assertGolden({
    linear: layerClaim(linear, cases.linear),
    conv2d: layerClaim((p: Conv, x) => conv2d(p, x, { stride: 2, padding: 1 }), cases.conv2d),
    conv2dSame: layerClaim(
      (p: Conv, x) => conv2d(p, x, { stride: 1, padding: 1 }),
      cases.conv2dSame,
    ),
    convTranspose2d: layerClaim(
      (p: Conv, x) => convTranspose2d(p, x, { stride: 2, padding: 1 }),
      cases.convTranspose2d,
    ),
  });
});

Deno.test("layerNorm() and batchNorm() agree with PyTorch, with all their gradients and running statistics", async () => {
  const { layerNorm: layerCase, batchNorm: batchCase } = golden.layers;
  const { x, parameters } = constants(batchCase.inputs);
  const running = constants(batchCase.running.before);
  const samples = x.size / x.shape[3];
  const after = updateMoments(running, batchNorm(parameters, x).batch, { samples });
  await assertGolden({
    layerNorm: layerClaim(layerNorm, layerCase),
    batchNorm: layerClaim((p: Norm, x) => batchNorm(p, x).y, batchCase),
    updateMoments: { computed: after, expected: batchCase.running.after },
    batchNormInference: { computed: batchNormInference(parameters, after, x), expected: batchCase.inference },
  });
});

Deno.test("activations agree with PyTorch", async () => {
  const { x, ...expected } = golden.layers.activations;
  const computed = Object.fromEntries(Object.entries(activations).map(([name, f]) => [name, f(constants(x))]));
  await assertGolden({ activations: { computed, expected } });
});
