import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { type ModelOptions, PRESETS } from "../../core/models/presets.ts";
import { type ReadingOptions, readTree } from "../../core/reading/reading.ts";
import type { Change } from "../sampling/tiny_run.ts";
import { byFirstPixel as label, withSampler } from "./tiny_sampler.ts";

const OPTIONS = { samples: 64, seed: 3, pictures: 4 };
const F32 = 1e-5; // weights come rounded to six decimals

const read = (options: ReadingOptions = {}, setup: { options?: Partial<ModelOptions>; change?: Change } = {}) =>
  withSampler(setup, async (sampler) => ({
    drawn: await sampler.sample({ n: OPTIONS.samples, seed: OPTIONS.seed }),
    reading: await readTree(sampler, { ...OPTIONS, ...options }),
  }));

Deno.test("readTree() reads a tree from its samples: numbers, pictures, scores", async () => {
  const { reading, drawn } = await read({ label, labelNames: ["dark", "bright"] });
  const { nodes, image, scores, labelNames, certain, uncertain } = reading;
  const size = image[0] * image[1] * image[2];
  assertEquals([reading.leaves, nodes.length, reading.iteration], [4, 7, 500]);
  assertEquals([labelNames, scores?.map(({ level }) => level)], [["dark", "bright"], [1, 2]]);
  const mean = Array.from({ length: size }, (_, k) => {
    let sum = 0;
    for (let i = 0; i < 64; i++) sum += drawn.images[i * size + k];
    return sum / 64;
  });
  assertAlmostEquals(nodes[0].mean[7], mean[7], F32);
  for (const { node, usage, labels, typical, grid, gridLeaves, examples } of nodes) {
    const [leaves] = [[0, 1, 2, 3], [0, 1], [2, 3], [0], [1], [2], [3]].slice(node);
    const reach = drawn.samples.map(({ weights }) => leaves.reduce((sum, leaf) => sum + weights[leaf], 0));
    const total = reach.reduce((a, b) => a + b, 0);
    assertAlmostEquals(usage, total / 64, F32);
    const bright = reach.reduce((sum, r, i) => drawn.images[i * size] > 0 ? sum + r : sum, 0) / total;
    assertAlmostEquals(labels![1], bright, F32);
    assertAlmostEquals(labels![0] + labels![1], 1, F32);
    assertEquals([typical.length, grid.length, new Set(examples).size], [size, 4 * size, 4]);
    assertEquals(gridLeaves, examples.map((i) => drawn.samples[i].leaf));
    assertEquals([...typical], [...drawn.images.subarray(examples[0] * size, (examples[0] + 1) * size)]);
  }
  const largest = drawn.samples.map(({ weights }) => Math.max(...weights)).sort((a, b) => b - a);
  assertEquals(certain.map(({ weight }) => weight), largest.slice(0, 4));
  assertEquals(uncertain.map(({ weight }) => weight), largest.toReversed().slice(0, 4));
  assertAlmostEquals(reading.largestWeight, largest.reduce((a, b) => a + b, 0) / 64, F32);
  assert(reading.usageEntropy > reading.pathEntropy && reading.pathEntropy > 0 && reading.usageEntropy <= 1);
});

Deno.test("readTree() gives equal readings for equal options, and none of labels without a labeller", async () => {
  const [first, second] = [await read(), await read()];
  assertEquals(first.reading, second.reading);
  const { labelNames, scores, dendrogramPurity, nodes, certain } = first.reading;
  assertEquals([labelNames, scores, dendrogramPurity, nodes[0].labels, certain[0].label], [
    null,
    null,
    null,
    null,
    null,
  ]);
});

Deno.test("readTree() shows what no sample reaches by forcing the path", async () => {
  const change: Change = (tensors) => {
    (tensors["ema/head/gates/bias"].data as Float32Array)[2] = 500; // node 2 always goes left
  };
  const { nodes } = (await read({ label }, { change })).reading;
  const [left, right] = [nodes[5], nodes[6]];
  assertEquals([left.reached, right.reached, right.usage, right.labels, right.examples], [true, false, 0, null, []]);
  assertEquals(right.grid.length, left.grid.length);
  assertEquals(right.gridLeaves, [3, 3, 3, 3]);
  assert(right.typical.every((value) => Number.isFinite(value)) && right.mean.some((value) => value !== 0));
});

Deno.test("readTree() reads flat mixtures, single generators and points", async () => {
  const flat = (await read({ label }, { options: { head: "flat" } })).reading;
  assertEquals([flat.nodes.length, flat.scores?.length, flat.dendrogramPurity], [5, 1, null]);
  assert(flat.nodes[0].decisionEntropy! > 0);
  const single = (await read({ label }, { options: { head: "single" } })).reading;
  assertEquals([single.nodes.length, single.scores, single.usageEntropy, single.pathEntropy], [1, null, 0, 0]);
  const points = (await read({}, { options: PRESETS.toy })).reading;
  assertEquals([points.nodes.length, points.nodes[0].mean.length, points.nodes[14].grid.length], [15, 2, 8]);
});

Deno.test("readTree() has labels and no scores where no two samples are of one label", async () => {
  const ownLabels = (_: Float32Array, [n]: readonly number[]) =>
    Promise.resolve(Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)));
  const { scores, dendrogramPurity, certain } = (await read({ label: ownLabels, samples: 4 })).reading;
  assertEquals([scores, dendrogramPurity], [null, null]);
  assertEquals(new Set(certain.map(({ label }) => label)), new Set([0, 1, 2, 3]));
});

Deno.test("readTree() refuses to read from one sample", async () => {
  const message = "Cannot read a tree from 1 samples: expected at least 2";
  await assertRejects(() => read({ samples: 1 }), RangeError, message);
});
