import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { PRESETS } from "../../core/models/presets.ts";
import { initializer } from "../../core/nn/init.ts";
import { exp } from "../../core/ops/elementwise.ts";
import { normal, randomKey } from "../../core/ops/random.ts";
import { sum } from "../../core/ops/reduce.ts";
import { pathNetwork } from "../../core/recognition/path_network.ts";
import { evaluate } from "../../core/compile/program.ts";
import { device } from "../gpu.ts";

const F32 = 1e-5; // sums of a few f32

Deno.test("pathNetwork() gives path weights that sum to 1, of a tree as of a flat mixture and of points", async () => {
  const models = [PRESETS.tiny, { ...PRESETS.tiny, head: "flat" as const }, PRESETS.toy];
  const tensors = Object.fromEntries(models.map((model, i) => {
    const network = pathNetwork(model);
    const images = normal(randomKey(3), { shape: [4, ...model.image], stream: 0 });
    const weights = exp(network.logWeights(network.parameters(initializer(i)), images));
    assertEquals([weights.shape, network.leaves], [[4, 2 ** model.depth], 2 ** model.depth]);
    return [i, sum(weights, { axes: [1] })];
  }));
  for (const sums of Object.values(await evaluate(device, tensors))) {
    sums.forEach((total) => assertAlmostEquals(total, 1, F32));
  }
});

Deno.test("pathNetwork() has a logit for every gate of a tree, for every generator of another mixture", () => {
  const outputs = (head: "tree" | "flat") => {
    const { paths } = pathNetwork({ ...PRESETS.tiny, head }).parameters(initializer(0));
    return paths.bias?.shape;
  };
  assertEquals([outputs("tree"), outputs("flat")], [[3], [4]]);
});

Deno.test("pathNetwork() refuses a model with one leaf", () => {
  assertThrows(
    () => pathNetwork({ ...PRESETS.tiny, head: "single" }),
    RangeError,
    "Cannot recognise the paths of a model with 1 leaf: expected at least 2",
  );
});
