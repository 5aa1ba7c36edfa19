import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { vjp } from "../../core/grad.ts";
import { recogniser } from "../../core/models/recogniser.ts";
import { PRESETS } from "../../core/models/presets.ts";
import { leavesUnder, softTree } from "../../core/models/soft_tree.ts";
import { initializer } from "../../core/nn/init.ts";
import { constant } from "../../core/ops/source.ts";
import { choosers, localizeFor, localizeLoss } from "../../core/train/localize.ts";
import { resolveOptions } from "../../core/train/options.ts";
import { evaluate64, evaluateAll64 } from "../reference/interpreter.ts";

const TOLERANCE = 1e-6; // float64, but for the shares below 1e-12 that are raised to it, and constants rounded to float32

/** A tree of depth 2 at a temperature, the batch of 3 that goes through it, and what a recogniser says. */
const TREE = softTree({ latent: 2, depth: 2, leaves: "constant", featureShape: [1] });
const PARAMETERS = {
  gates: { weight: constant([1, -2, 0.5, 0.25, 1, -1], [2, 3]), bias: constant([0.5, 0, -0.25]) },
  leaves: { bias: constant([1, 2, 3, 4], [4, 1]) },
};
const Z = constant([0.5, -1, 1, 0.75, -2, 0.25], [3, 2]);
const TOLD = [[0.5, -1, 2], [1, 0.25, -0.5], [-2, 0.5, 1]];

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const plogp = (p: number) => p === 0 ? 0 : p * Math.log(p);

/** Both terms from the weights of the leaves alone: information of path and latent, cross entropy of the paths. */
function byLeaves(gates: number[][], told: number[][]) {
  const paths = (g: number[]) => [g[0] * g[1], g[0] * (1 - g[1]), (1 - g[0]) * g[2], (1 - g[0]) * (1 - g[2])];
  const weights = gates.map(paths);
  const seen = told.map((row) => paths(row.map(sigmoid)));
  const n = weights.length;
  const usage = [0, 1, 2, 3].map((leaf) => weights.reduce((sum, row) => sum + row[leaf], 0) / n);
  const entropy = (p: number[]) => -p.reduce((sum, value) => sum + plogp(value), 0);
  const information = entropy(usage) - weights.reduce((sum, row) => sum + entropy(row), 0) / n;
  const crossEntropy = weights.reduce((sum, row, i) => {
    return sum - row.reduce((part, p, leaf) => part + p * Math.log(seen[i][leaf]), 0);
  }, 0) / n;
  return { information, crossEntropy };
}

Deno.test("localizeLoss() is minus the information of path and latent, and the cross entropy of the paths", () => {
  for (const temperature of [1, 0.5]) {
    const mixture = TREE.apply(PARAMETERS, Z, { temperature });
    const { loss, metrics } = localizeLoss(mixture, constant(TOLD.flat(), [3, 3]), { sharpen: 2, recognise: 5 });
    const [found, information, told, gates] = evaluateAll64([
      loss,
      metrics.decisionInformation,
      metrics.recognitionLoss,
      mixture.gates,
    ]);
    const rows = [0, 1, 2].map((i) => [...gates.slice(3 * i, 3 * i + 3)]);
    const expected = byLeaves(rows, TOLD);
    assertAlmostEquals(information[0], expected.information, TOLERANCE);
    assertAlmostEquals(told[0], expected.crossEntropy, TOLERANCE);
    assertAlmostEquals(found[0], 5 * expected.crossEntropy - 2 * expected.information, TOLERANCE);
  }
});

Deno.test("localizeLoss() has finite gradients where every gate is all but certain", () => {
  const weight = constant([400, -400, 400, 400, 400, -400], [2, 3]);
  const gates = { weight, bias: PARAMETERS.gates.bias };
  const mixture = TREE.apply({ ...PARAMETERS, gates }, Z, { temperature: 0.1 });
  const { loss } = localizeLoss(mixture, constant(TOLD.flat(), [3, 3]), { sharpen: 2, recognise: 5 });
  const [gradient] = vjp(loss, [weight]);
  assert(evaluate64(gradient).every(Number.isFinite));
});

Deno.test("choosers() exchanges the first quarter of a batch from an iteration on", () => {
  const z = constant([1, 2, 3, 4, 5, 6, 7, 8], [8, 1]);
  const other = constant([-1, -2, -3, -4, -5, -6, -7, -8], [8, 1]);
  const at = (iteration: number) => [
    ...evaluate64(choosers(z, { other, iteration: constant([iteration]), exchange: 0.25, exchangeFrom: 600 })),
  ];
  assertEquals(at(599), [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(at(600), [-1, -2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("choosers() exchanges no more than its part of a batch, and one image at least", () => {
  const z = constant([1, 2, 3, 4, 5], [5, 1]);
  const other = constant([-1, -2, -3, -4, -5], [5, 1]);
  const exchange = { other, iteration: constant([600]), exchange: 0.5, exchangeFrom: 600 };
  assertEquals([...evaluate64(choosers(z, exchange))], [-1, -2, 3, 4, 5]);
  assertEquals([...evaluate64(choosers(z, { ...exchange, exchange: 0.1 }))], [-1, 2, 3, 4, 5]); // one at least
});

Deno.test("softTree() takes its path from another latent, and its leaves from z", () => {
  const tree = softTree({ latent: 2, depth: 2, leaves: "linear", featureShape: [3] });
  const parameters = tree.parameters(initializer(1));
  const chooser = constant([2, -1, 0, 1, 1, 1], [3, 2]);
  const mixed = tree.apply(parameters, Z, { chooser });
  const [weights, ofChooser, features] = evaluateAll64([
    mixed.weights,
    tree.apply(parameters, chooser).weights,
    mixed.features,
  ]);
  assertEquals([...weights], [...ofChooser]);
  // Forced into one leaf, features are those of that leaf for z: the average of four leaves gives the mixed ones.
  const byLeaf = [0, 1, 2, 3].map((leaf) => {
    const region = constant(leavesUnder(3 + leaf, 2), [1, 4]);
    return evaluate64(tree.apply(parameters, Z, { region }).features);
  });
  features.forEach((value, i) => {
    const row = Math.floor(i / 3);
    const expected = byLeaf.reduce((sum, leaf, l) => sum + weights[4 * row + l] * leaf[i], 0);
    assertAlmostEquals(value, expected, TOLERANCE);
  });
});

Deno.test("recogniser() gives as many logits as are asked for, of images and of points", () => {
  for (const [preset, outputs] of [["tiny", 3], ["toy", 7]] as const) {
    const network = recogniser(PRESETS[preset], { outputs });
    const images = constant(new Float32Array(2 * PRESETS[preset].image.reduce((a, b) => a * b)), [
      2,
      ...PRESETS[preset].image,
    ]);
    assertEquals(network.apply(network.parameters(initializer(1)), images).shape, [2, outputs]);
  }
});

Deno.test("resolveOptions() makes leaves unlike and gates sharp with localize, and refuses it without a tree", () => {
  const context = { traits: { software: true }, count: 1000 };
  const request = { dataset: "mnist", preset: "tiny", iterations: 1000 };
  const { options } = resolveOptions({ ...request, localize: true }, context);
  assertEquals(options.localize, { sharpen: 2, recognise: 5, exchange: 0.375, exchangeFrom: 400 });
  assertEquals(options.localize, localizeFor(1000));
  assertEquals(options.gateTemperature, { from: 1, to: 0.1, over: 500 });
  assertEquals(options.model.leafSpread, 1);
  assertEquals(resolveOptions(request, context).options.model.leafSpread, 0);
  assertThrows(
    () => resolveOptions({ ...request, localize: true, method: "mog" }, context),
    RangeError,
    "Cannot localize mog: it has no tree whose decisions could be told, expected hmog",
  );
  assertThrows(
    () => resolveOptions({ ...request, localize: true, batch: 1 }, context),
    RangeError,
    "Cannot localize with batches of 1: paths of a part of each are exchanged, expected 2 or more",
  );
});
