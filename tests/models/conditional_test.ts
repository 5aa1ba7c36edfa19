import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { ATTEMPTS, drawFromRegion } from "../../core/models/conditional.ts";
import { generator } from "../../core/models/generator.ts";
import { PRESETS } from "../../core/models/presets.ts";
import { leavesUnder, softTree } from "../../core/models/soft_tree.ts";
import { initializer } from "../../core/nn/init.ts";
import { linear } from "../../core/nn/linear.ts";
import { normal, randomKey, uniform } from "../../core/ops/random.ts";
import { normalRows, uniformRows } from "../../core/ops/random_rows.ts";
import { reshape } from "../../core/ops/movement.ts";
import { constant } from "../../core/ops/source.ts";
import { onGpu } from "./golden.ts";

const [DEPTH, LATENT, LEAVES] = [2, 4, 4];
const DRAWN = 8192; // latents drawn by rejection
const WEIGHED = 2 ** 16; // latents of the prior, weighed by p_l(z)
const BINS = [-Infinity, -2, -1, -0.5, 0, 0.5, 1, 2, Infinity];
/**
 * Standard deviations a bin's share may be off: 2·24 bins, each beyond it once in 1.7 million draws of a true sampler;
 * the seeds are fixed, so the test never fails by chance, and a false sampler is off by more than POWER of them.
 */
const SIGNIFICANCE = 5;
const POWER = 15;
const PIXEL_TOLERANCE = 1e-6; // products of other sizes may add up in another order

const tree = softTree({ latent: LATENT, depth: DEPTH, leaves: "constant", featureShape: [1, 1, 1] });
const init = initializer(20);
const parameters = { ...tree.parameters(init), gates: { weight: init.normal([LATENT, 3]), bias: init.normal([3]) } };

/** Shares of the bins, and their variances, of numbers with weights. */
function shares(numbers: readonly number[], weights: readonly number[]): { share: number; variance: number }[] {
  const whole = weights.reduce((a, b) => a + b);
  return BINS.slice(1).map((to, bin) => {
    const inside = numbers.map((x) => Number(x >= BINS[bin] && x < to));
    const share = inside.reduce((sum, hit, i) => sum + hit * weights[i], 0) / whole;
    const variance = inside.reduce((sum, hit, i) => sum + (weights[i] * (hit - share)) ** 2, 0) / whole ** 2;
    return { share, variance };
  });
}

/** The farthest any bin of any gate is off, in standard deviations. */
function farthest(logits: Float32Array, prior: Float32Array, weights: readonly number[]): number {
  const column = (values: Float32Array, gate: number) => [...values].filter((_, i) => i % 3 === gate);
  const distances = [0, 1, 2].flatMap((gate) => {
    const expected = shares(column(prior, gate), weights);
    const found = column(logits, gate);
    return shares(found, found.map(() => 1)).map(({ share }, bin) => {
      const { share: p, variance } = expected[bin];
      return Math.abs(share - p) / Math.sqrt(p * (1 - p) / found.length + variance);
    });
  });
  return Math.max(...distances);
}

/** The logits of the samples for which a candidate was taken; whether one was says nothing about which. */
function foundRows(logits: Float32Array, found: Float32Array): Float32Array {
  return logits.filter((_, i) => found[Math.floor(i / 3)] === 1);
}

Deno.test("drawFromRegion() follows p(z | leaf) and p(z | node): gates are distributed as under weighed prior draws", async () => {
  const prior = normal(randomKey(1), { shape: [WEIGHED, LATENT], stream: 5 });
  const draw = (node: number, stream: number) =>
    drawFromRegion(tree, parameters, {
      candidates: normal(randomKey(2), { shape: [DRAWN, ATTEMPTS, LATENT], stream }),
      uniforms: uniform(randomKey(2), { shape: [DRAWN, ATTEMPTS], stream: stream + 1 }),
      region: constant(leavesUnder(node, DEPTH), [1, LEAVES]),
    });
  const [leaf, node] = [draw(5, 10), draw(1, 20)]; // leaf 2; the left half
  const [leafLogits, leafFound, nodeLogits, nodeFound, priorLogits, weights] = await onGpu([
    linear(parameters.gates, leaf.z),
    leaf.found,
    linear(parameters.gates, node.z),
    node.found,
    linear(parameters.gates, prior),
    tree.apply(parameters, prior).weights,
  ]);
  const weightUnder = (region: readonly number[]) =>
    Array.from({ length: WEIGHED }, (_, i) => region.reduce((sum, leaf) => sum + weights[i * LEAVES + leaf], 0));
  const [off, offNode] = [
    farthest(foundRows(leafLogits, leafFound), priorLogits, weightUnder([2])),
    farthest(foundRows(nodeLogits, nodeFound), priorLogits, weightUnder([0, 1])),
  ];
  assertGreater(leafFound.reduce((a, b) => a + b), 0.9 * DRAWN);
  assert(off < SIGNIFICANCE && offNode < SIGNIFICANCE, `off by ${off} (leaf) and ${offNode} (node) deviations`);
  assertGreater(farthest(foundRows(nodeLogits, nodeFound), priorLogits, weightUnder([2])), POWER); // the test sees a wrong region
  assertGreater(farthest(priorLogits.subarray(0, 3 * DRAWN), priorLogits, weightUnder([2])), POWER); // and no condition
});

Deno.test("drawFromRegion() gives a sample the same latent and picture alone as among 64, each with its own region", async () => {
  const tiny = generator(PRESETS.tiny);
  const all = tiny.parameters(initializer(1));
  const samples = Array.from({ length: 64 }, (_, sample) => sample);
  const draw = (wanted: readonly number[]) => {
    const keys = constant(Uint32Array.from(wanted.flatMap((sample) => [99, 0, sample, 0])), [wanted.length, 4]);
    const n = wanted.length;
    const region = constant(Float32Array.from(wanted.flatMap((i) => [...leavesUnder(i % 7, DEPTH)])), [n, LEAVES]);
    const latent = PRESETS.tiny.latent;
    const { z } = drawFromRegion(tiny.head, all.head, {
      candidates: reshape(normalRows(keys, { columns: ATTEMPTS * latent, stream: 0 }), [n, ATTEMPTS, latent]),
      uniforms: uniformRows(keys, { columns: ATTEMPTS, stream: 1 }),
      region,
    });
    return [z, tiny.apply(all, z).images];
  };
  const [latents, images] = await onGpu(draw(samples));
  const [latent, image] = await onGpu(draw([17]));
  assertEquals(latent, latents.slice(17 * latent.length, 18 * latent.length));
  const among = images.slice(17 * image.length, 18 * image.length);
  image.forEach((pixel, i) => assertAlmostEquals(pixel, among[i], PIXEL_TOLERANCE));
});

Deno.test("drawFromRegion() takes the first accepted candidate, and says where there is none", async () => {
  const { z, found } = drawFromRegion(tree, parameters, {
    candidates: constant(Array.from({ length: 3 * 4 * LATENT }, (_, i) => i / 10), [3, 4, LATENT]),
    uniforms: constant([0, 0, 0, 0, 2, 2, 0, 0, 2, 2, 2, 2], [3, 4]), // 0 is always taken, 2 never
    region: constant(leavesUnder(0, DEPTH), [1, LEAVES]),
  });
  const [latents, flags] = await onGpu([z, found]);
  assertEquals([...flags], [1, 1, 0]);
  const expected = [0, 1, 2, 3, 24, 25, 26, 27].map((number) => Math.fround(number / 10));
  assertEquals([...latents], [...expected, 0, 0, 0, 0]);
});
