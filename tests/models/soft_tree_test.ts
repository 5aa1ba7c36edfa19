import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { flatMixture } from "../../core/models/flat_mixture.ts";
import { leavesUnder, logLevelWeights, nodeWeights, softTree } from "../../core/models/soft_tree.ts";
import { linear } from "../../core/nn/linear.ts";
import { initializer } from "../../core/nn/init.ts";
import { exp } from "../../core/ops/elementwise.ts";
import { reshape, slice } from "../../core/ops/movement.ts";
import { normal, randomKey } from "../../core/ops/random.ts";
import { constant } from "../../core/ops/source.ts";
import { evaluate64, evaluateAll64 } from "../reference/interpreter.ts";
import { onGpu } from "./golden.ts";

const FEATURES = [2, 2, 3];
const [BATCH, LATENT] = [6, 5];
const FLOAT64_TOLERANCE = 1e-12;
const FEATURE_TOLERANCE = 1e-5; // sums of 40 products of numbers around 1
const FLOAT32_TOLERANCE = 2e-6; // exp of a sum of up to 10 logarithms, each rounded by 6e-8 of its size

const tree = (depth: number) => softTree({ latent: LATENT, depth, leaves: "linear", featureShape: FEATURES });
const latents = (batch = BATCH) => normal(randomKey(7), { shape: [batch, LATENT], stream: 3 });

function rowsOf(values: ArrayLike<number>, length: number): number[][] {
  return Array.from(
    { length: values.length / length },
    (_, row) => Array.from(values).slice(row * length, (row + 1) * length),
  );
}

const total = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

Deno.test("logLevelWeights() gives weights that sum to 1 on each level, each node's to those of its children", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 126, maxLength: 126 }),
      (depth, numbers) => {
        const gates = 2 ** depth - 1;
        const logits = constant(numbers.slice(0, 2 * gates), [2, gates]);
        const levels = Array.from({ length: depth + 1 }, (_, level) => exp(logLevelWeights(logits, level)));
        const values = evaluateAll64(levels).map((weights, level) => rowsOf(weights, 2 ** level));
        values.forEach((rows, level) =>
          rows.forEach((weights, row) => {
            assertAlmostEquals(total(weights), 1, FLOAT64_TOLERANCE);
            values[level + 1]?.[row].forEach((_, i, children) => {
              if (i % 2 === 0) assertAlmostEquals(children[i] + children[i + 1], weights[i / 2], FLOAT64_TOLERANCE);
            });
          })
        );
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("logLevelWeights() of depth 10, the deepest, sums to 1 on the GPU", async () => {
  const logits = normal(randomKey(1), { shape: [3, 1023], stream: 0 });
  const [weights, nodes] = await onGpu([
    exp(logLevelWeights(logits, 10)),
    nodeWeights(reshape(exp(logLevelWeights(logits, 10)), [3, 1024])),
  ]);
  for (const row of rowsOf(weights, 1024)) assertAlmostEquals(total(row), 1, FLOAT32_TOLERANCE);
  for (const row of rowsOf(nodes, 2047)) {
    assertAlmostEquals(row[0], 1, FLOAT32_TOLERANCE);
    row.slice(0, 1023).forEach((weight, m) =>
      assertAlmostEquals(weight, row[2 * m + 1] + row[2 * m + 2], FLOAT32_TOLERANCE)
    );
  }
});

for (
  const [name, head] of [
    ["softTree()", tree(3)],
    ["flatMixture()", flatMixture({ latent: LATENT, depth: 3, leaves: "linear", featureShape: FEATURES })],
  ] as const
) {
  Deno.test(`${name} forced into a leaf gives that leaf alone, row by row`, async () => {
    const parameters = head.parameters(initializer(3));
    const leaves = parameters.leaves as { weight: ReturnType<typeof constant>; bias: ReturnType<typeof constant> };
    const z = latents(8);
    const oneHot = constant(Array.from({ length: 64 }, (_, i) => Number(i % 9 === 0)), [8, 8]); // row i: leaf i
    const { features, weights } = head.apply(parameters, z, { region: oneHot });
    const alone = Array.from({ length: 8 }, (_, leaf) =>
      linear({
        weight: slice(leaves.weight, { start: [leaf * LATENT, 0], shape: [LATENT, 12] }),
        bias: slice(leaves.bias, { start: [leaf, 0], shape: [1, 12] }),
      }, z));
    const expected = alone.flatMap((y, leaf) => rowsOf(evaluate64(y), 12)[leaf]);
    const [forced, path] = await onGpu([features, weights]);
    assertEquals(path, Float32Array.from({ length: 64 }, (_, i) => Number(i % 9 === 0)));
    expected.forEach((value, i) => assertAlmostEquals(forced[i], value, FEATURE_TOLERANCE));
  });
}

Deno.test("softTree() forced under a node divides its leaves' weights by the node's", () => {
  const head = tree(3);
  const parameters = head.parameters(initializer(4));
  const free = head.apply(parameters, latents()).weights;
  const [weights, nodes] = evaluateAll64([free, nodeWeights(free)]);
  for (let node = 0; node < 15; node++) {
    const under = leavesUnder(node, 3);
    const forced = evaluate64(head.apply(parameters, latents(), { region: constant(under, [1, 8]) }).weights);
    forced.forEach((weight, i) => {
      const whole = nodes[Math.floor(i / 8) * 15 + node];
      assertAlmostEquals(weight, under[i % 8] * weights[i] / whole, FLOAT64_TOLERANCE);
    });
  }
});

Deno.test("softTree() forced into a leaf it all but excludes still gives that leaf the whole weight", async () => {
  const head = tree(3);
  const parameters = head.parameters(initializer(5));
  const gates = { ...parameters.gates, bias: constant(new Float32Array(7).fill(60)) }; // leaf 0: 1, leaf 7: e^-180
  const lastLeaf = constant(leavesUnder(14, 3), [1, 8]);
  const [weights] = await onGpu([head.apply({ ...parameters, gates }, latents(), { region: lastLeaf }).weights]);
  assertEquals(rowsOf(weights, 8), Array(BATCH).fill([0, 0, 0, 0, 0, 0, 0, 1]));
});

Deno.test("softTree() forced into a constant leaf gives it for every latent", () => {
  const head = softTree({ latent: LATENT, depth: 2, leaves: "constant", featureShape: FEATURES });
  const parameters = head.parameters(initializer(6));
  const region = constant(leavesUnder(4, 2), [1, 4]);
  const { features } = head.apply(parameters, latents(), { region });
  const leaf = evaluate64(parameters.leaves.bias).slice(12, 24); // leaf 1
  for (const row of rowsOf(evaluate64(features), 12)) {
    row.forEach((value, i) => assertAlmostEquals(value, leaf[i], FLOAT64_TOLERANCE));
  }
});

Deno.test("leavesUnder() names the leaves under a node in level order", () => {
  assertEquals([...leavesUnder(0, 2)], [1, 1, 1, 1]);
  assertEquals([...leavesUnder(2, 2)], [0, 0, 1, 1]);
  assertEquals([...leavesUnder(4, 2)], [0, 1, 0, 0]);
  assertThrows(
    () => leavesUnder(7, 2),
    RangeError,
    "Cannot use node 7 of a tree of depth 2: expected a whole number from 0 to 6",
  );
});

Deno.test("softTree() refuses depths outside 1 to 10", () => {
  for (const depth of [0, 11, 20, 2.5, NaN]) {
    assertThrows(
      () => tree(depth),
      RangeError,
      `Cannot build a tree of depth ${depth}: expected a whole number from 1 to 10`,
    );
  }
});
