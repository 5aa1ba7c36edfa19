import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { draws } from "../../core/draws.ts";
import { matrix } from "../../core/metrics/matrix.ts";
import { nodeMeans, nodeReach, nodeStatistics } from "../../core/reading/nodes.ts";
import { structureOf } from "../../core/sampling/structure.ts";

const SAMPLES = 500;
const DEPTH = 3;
const F32 = 1e-6; // path weights are kept in f32, and nothing here is above 3

const TREE = structureOf({ head: "tree", depth: DEPTH });
const random = draws(11);
/** Gates `[samples, 7]` of all kinds: sure, undecided, and some that always go left. */
const gates = Array.from(
  { length: SAMPLES },
  () => Array.from({ length: 7 }, (_, m) => m === 5 ? 1 : 1 / (1 + Math.exp(-6 * random.normal() - m / 2))),
);

/** The path weight of a node, multiplied up from the root. */
function reached(g: readonly number[], node: number): number {
  if (node === 0) return 1;
  const parent = Math.floor((node - 1) / 2);
  return reached(g, parent) * (node === 2 * parent + 1 ? g[parent] : 1 - g[parent]);
}

const leafWeights = matrix(
  Float32Array.from(gates.flatMap((g) => Array.from({ length: 8 }, (_, leaf) => reached(g, 7 + leaf)))),
  8,
);

const bits = (p: number): number => [p, 1 - p].reduce((sum, q) => q > 0 ? sum - q * Math.log2(q) : sum, 0);
const mean = (f: (g: readonly number[]) => number): number => gates.reduce((sum, g) => sum + f(g), 0) / SAMPLES;

Deno.test("nodeReach() is the product of the gates on the way to a node", () => {
  const { values, columns } = nodeReach(TREE, leafWeights);
  gates.forEach((g, row) => {
    for (let node = 0; node < 15; node++) assertAlmostEquals(values[row * columns + node], reached(g, node), F32);
  });
});

Deno.test("nodeStatistics() agrees with sums over gates in float64", () => {
  const nodes = nodeStatistics(TREE, nodeReach(TREE, leafWeights));
  assertEquals(nodes.map(({ node }) => node), Array.from({ length: 15 }, (_, node) => node));
  for (const { node, usage, balance, decisionEntropy, information } of nodes) {
    const share = mean((g) => reached(g, node));
    assertAlmostEquals(usage, share, F32);
    if (node >= 7) {
      assertEquals([balance, decisionEntropy, information], [null, null, null]);
      continue;
    }
    const left = mean((g) => reached(g, node) * g[node]) / share;
    const entropy = mean((g) => reached(g, node) * bits(g[node])) / share;
    assertAlmostEquals(balance!, left, F32);
    assertAlmostEquals(decisionEntropy!, entropy, F32);
    assertAlmostEquals(information!, bits(left) - entropy, 2 * F32);
  }
  const [root, , , , , always, , , , , , , never] = nodes;
  assert(root.information! > 0.1);
  assertEquals([always.balance, always.decisionEntropy, always.information, never.usage], [1, 0, 0, 0]);
});

Deno.test("nodeStatistics() has nothing to say of what no sample reaches", () => {
  const weights = matrix(Float32Array.of(1, 0, 0, 0), 4);
  const tree = structureOf({ head: "tree", depth: 2 });
  const { usage, balance, decisionEntropy, information } = nodeStatistics(tree, nodeReach(tree, weights))[2];
  assertEquals([usage, balance, decisionEntropy, information], [0, null, null, null]);
});

Deno.test("nodeStatistics() takes a flat mixture's softmax as one decision, a single generator as none", () => {
  const flat = structureOf({ head: "flat", depth: 2 });
  // Two samples that are sure of one leaf each, two that know nothing.
  const weights = matrix(Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, ...new Array(8).fill(0.25)), 4);
  const [root, first] = nodeStatistics(flat, nodeReach(flat, weights));
  assertEquals([root.children, root.balance, root.decisionEntropy], [[1, 2, 3, 4], null, 1]);
  const usage = [3 / 8, 3 / 8, 1 / 8, 1 / 8];
  assertAlmostEquals(root.information!, -usage.reduce((sum, u) => sum + u * Math.log2(u), 0) - 1, F32);
  assertEquals([first.usage, first.leaf, first.parent, first.level], [3 / 8, 0, 0, 1]);
  const single = structureOf({ head: "single", depth: 1 });
  const [only] = nodeStatistics(single, nodeReach(single, matrix(Float32Array.of(1, 1), 1)));
  assertEquals([only.usage, only.leaf, only.children, only.information], [1, 0, [], null]);
});

Deno.test("nodeMeans() weighs each row by how much of it gets to the node", () => {
  const rows = matrix(Float32Array.from({ length: SAMPLES * 2 }, () => random.normal()), 2);
  const means = nodeMeans(TREE, nodeReach(TREE, leafWeights), rows);
  for (let node = 0; node < 12; node++) {
    const share = mean((g) => reached(g, node));
    for (const column of [0, 1]) {
      const sum = gates.reduce((sum, g, row) => sum + reached(g, node) * rows.values[row * 2 + column], 0);
      assertAlmostEquals(means[node][column], sum / SAMPLES / share, 1e-5); // a node's share may be a hundredth
    }
  }
  assert(Number.isNaN(means[12][0])); // never reached
});
