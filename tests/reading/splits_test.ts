import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { readSplits } from "../../core/reading/splits.ts";
import type { Change } from "../sampling/tiny_run.ts";
import { byFirstPixel as label, withSampler } from "./tiny_sampler.ts";

const OPTIONS = { samples: 16, seed: 5, pairs: 3 };
const F32 = 1e-6; // of sums over pixels in [-1, 1]

Deno.test("readSplits() forces one gate both ways over the same latents of its node", () =>
  withSampler({}, async (sampler) => {
    const seen: [number, number][] = [];
    const splits = await readSplits(sampler, { ...OPTIONS, label, onProgress: (...progress) => seen.push(progress) });
    assertEquals(seen, [[1, 3], [2, 3], [3, 3]]);
    assertEquals(splits.map(({ node, mode, samples }) => [node, mode, samples]), [
      [0, "region", 16],
      [1, "region", 16],
      [2, "region", 16],
    ]);
    const { left, right, difference, flipDistance, otherDistance, effect, labelDistance } = splits[2];
    const { latents, images } = await sampler.sample({ n: 16, seed: 5 + 2, node: 2 });
    const size = images.length / 16;
    const ask = (side: "left" | "right") => sampler.sample({ n: 16, seed: 0, latents, decisions: { 2: side } });
    const [{ images: l }, { images: r }] = [await ask("left"), await ask("right")];
    const at = 11; // some pixel
    const mean = (x: Float32Array) => x.reduce((sum, value, i) => i % size === at ? sum + value / 16 : sum, 0);
    assertAlmostEquals(left.mean[at], mean(l), F32);
    assertAlmostEquals(difference[at], mean(l) - mean(r), F32);
    assertEquals([...left.pictures], [...l.subarray(0, 3 * size)]);
    assertEquals([...right.pictures], [...r.subarray(0, 3 * size)]);
    let flipped = 0;
    for (let i = 0; i < l.length; i++) flipped += (l[i] - r[i]) ** 2 / l.length;
    assertAlmostEquals(flipDistance, Math.sqrt(flipped), F32);
    let [other, pairs] = [0, 0]; // over all pairs of different latents
    for (let i = 0; i < 16; i++) {
      for (let j = 0; j < i; j++, pairs++) {
        for (let k = 0; k < size; k++) other += (images[i * size + k] - images[j * size + k]) ** 2 / size;
      }
    }
    assertAlmostEquals(otherDistance, Math.sqrt(other / pairs), F32);
    assertEquals(effect, flipDistance / otherDistance);
    const bright = (x: Float32Array) => x.reduce((sum, v, i) => i % size === 0 && v > 0 ? sum + 1 / 16 : sum, 0);
    assertAlmostEquals(left.labels![1], bright(l), F32);
    assertAlmostEquals(labelDistance!, Math.abs(bright(l) - bright(r)), F32);
  }));

Deno.test("readSplits() forces the path into a node that nothing reaches", async () => {
  const change: Change = (tensors) => {
    (tensors["ema/head/gates/bias"].data as Float32Array)[0] = 500; // the root always goes left
  };
  const splits = await withSampler({ change }, (sampler) => readSplits(sampler, OPTIONS));
  assertEquals(splits.map(({ mode }) => mode), ["region", "region", "forced"]);
  assert(splits[2].flipDistance > 0);
  assertEquals([splits[2].left.labels, splits[2].labelDistance], [null, null]);
});

Deno.test("readSplits() reads the upper part of a tree if asked to", () =>
  withSampler({}, async (sampler) => {
    const splits = await readSplits(sampler, { ...OPTIONS, nodes: 1 });
    assertEquals(splits.map(({ node }) => node), [0]);
  }));

Deno.test("readSplits() has nothing to read of what is no tree, nor from one sample", async () => {
  await withSampler({ options: { head: "flat" } }, async (sampler) => assertEquals(await readSplits(sampler), []));
  await withSampler({}, (sampler) =>
    assertRejects(
      () => readSplits(sampler, { samples: 1 }),
      RangeError,
      "Cannot read splits from 1 samples: expected at least 2",
    ));
});
