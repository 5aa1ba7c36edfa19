import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { RunError } from "../../core/sampling/run.ts";
import { openSampler, RareRegionError } from "../../core/sampling/sampler.ts";
import { type Change, TINY_RUN, withRuns, withSampler, writeTinyRun } from "./tiny_run.ts";

const ROUNDING = 1e-5; // weights are rounded to six decimals

/** Moves the bias of the root gate, so that next to everything goes left. */
const lopsided = (bias: number): Change => (tensors) => {
  tensors["ema/head/gates/bias"].data[0] = bias;
};

/** Multiplies what the gates see, so that paths become sharp as they do in training. */
const sharp: Change = (tensors) => {
  const { shape, data } = tensors["ema/head/gates/weight"];
  tensors["ema/head/gates/weight"] = { shape, data: Float32Array.from(data, (value) => 4 * value) };
};

const meanWeight = (samples: { weights: number[] }[], leaf: number): number =>
  samples.reduce((sum, { weights }) => sum + weights[leaf], 0) / samples.length;

Deno.test("sample() gives pictures in [-1, 1] with the path of each: weights sum to 1, the largest is the leaf", () =>
  withSampler({}, async (sampler) => {
    const { seed, shape, images, latents, samples } = await sampler.sample({ n: 5, seed: 0 });
    assertEquals([seed, shape, images.length, latents.length], [0, [5, 32, 32, 1], 5 * 1024, 5 * 8]);
    assert(images.every((pixel) => Math.abs(pixel) <= 1) && images.some((pixel) => pixel !== 0));
    for (const { weights, gates, leaf, path, seed } of samples) {
      assertEquals([weights.length, gates.length, path[0], path.at(-1), seed], [4, 3, 0, 3 + leaf, 0]);
      assertAlmostEquals(weights.reduce((a, b) => a + b), 1, ROUNDING);
      assertEquals(weights[leaf], Math.max(...weights));
      assertAlmostEquals(weights[0], gates[0] * gates[1], ROUNDING);
      assertAlmostEquals(weights[3], (1 - gates[0]) * (1 - gates[2]), ROUNDING);
    }
  }));

Deno.test("sample() gives the same samples for the same seed, whatever n and whoever asks at the same time", () =>
  withSampler({}, async (sampler) => {
    for (const request of [{ seed: 3 }, { seed: 3, leaf: 2 }, { seed: 3, leaf: 2, mode: "forced" as const }]) {
      const many = await sampler.sample({ n: 40, ...request });
      const [again, other, one] = await Promise.all([
        sampler.sample({ n: 40, ...request }),
        sampler.sample({ n: 3, seed: 4, leaf: 1 }),
        sampler.sample({ n: 1, ...request }),
      ]);
      assertEquals(again, many);
      assertEquals(one.samples, many.samples.slice(0, 1));
      assertEquals(one.images, many.images.slice(0, 1024));
      assert(other.images.some((pixel, i) => pixel !== many.images[i]));
    }
  }));

Deno.test("sample() lets small requests through while a large one is under way, of the same kind or another", () =>
  withSampler({}, async (sampler) => {
    const order: string[] = [];
    const ask = (name: string, request: { n: number; leaf?: number }) =>
      sampler.sample({ seed: 1, ...request }).then(() => order.push(name));
    await Promise.all([ask("large", { n: 4096 }), ask("same", { n: 2 }), ask("leaf", { n: 2, leaf: 1 })]);
    assertEquals([order.length, order.at(-1)], [3, "large"]);
  }));

Deno.test("sample() joins requests that come one by one while a large pass is under way", () =>
  withSampler({}, async (sampler) => {
    const rows: number[] = [];
    const run = sampler.passes.run.bind(sampler.passes);
    sampler.passes.run = (kind, slots) => {
      rows.push(slots.length);
      return run(kind, slots);
    };
    const answers = [sampler.sample({ n: 128, seed: 1 })];
    for (let seed = 2; seed <= 4; seed++) {
      for (let i = 0; i < 20; i++) await Promise.resolve(); // a lane that does not wait has taken the one before
      answers.push(sampler.sample({ n: 64, seed }));
    }
    await Promise.all(answers);
    assertEquals(rows, [128, 192]);
  }));

Deno.test("sample() answers requests that are made at the moment another one is answered", () =>
  withSampler({}, async (sampler) => {
    await Promise.all([1, 2, 3].map(async (seed) => {
      for (let first = 0; first < 5; first++) await sampler.sample({ n: 1, seed, first });
      await sampler.sample({ n: 1, seed }).then(() => {}).then(() => sampler.sample({ n: 1, seed }));
    }));
    assertEquals(sampler.waiting, 0);
  }));

Deno.test("sample() makes more than one pass holds, and no sample twice", () =>
  withSampler({}, async (sampler) => {
    const { latents } = await sampler.sample({ n: 300, seed: 2 });
    const rows = Array.from({ length: 300 }, (_, i) => latents.slice(8 * i, 8 * i + 8).join());
    assertEquals(new Set(rows).size, 300);
  }));

Deno.test("sample() of a leaf draws latents from its region: its mean weight is clearly higher", () =>
  withSampler({ change: sharp }, async (sampler) => {
    const all = await sampler.sample({ n: 256, seed: 5 });
    for (const leaf of [0, 1, 2, 3]) {
      const { samples } = await sampler.sample({ n: 256, seed: 5, leaf });
      // Under p(z | l) the weight of l has mean E[p²] / E[p], under the prior E[p].
      const expected = all.samples.reduce((sum, { weights }) => sum + weights[leaf] ** 2, 0) / 256 /
        meanWeight(all.samples, leaf);
      assertAlmostEquals(meanWeight(samples, leaf), expected, 0.06); // four standard errors of 256 weights
      assertGreater(meanWeight(samples, leaf), meanWeight(all.samples, leaf) + 0.2);
    }
  }));

Deno.test("sample() of a node draws from all leaves under it, of the root from everything", () =>
  withSampler({}, async (sampler) => {
    const all = await sampler.sample({ n: 256, seed: 6 });
    assertEquals(await sampler.sample({ n: 256, seed: 6, node: 0 }), all);
    const { samples } = await sampler.sample({ n: 256, seed: 6, node: 1 });
    const left = (rows: typeof samples) => meanWeight(rows, 0) + meanWeight(rows, 1);
    assertGreater(left(samples), left(all.samples) + 0.05);
  }));

Deno.test("sample() fails for weights that are no numbers, alone among those it is drawn together with", () =>
  withSampler({ change: (tensors) => tensors["ema/head/gates/bias"].data[2] = NaN }, async (sampler) => {
    const forced = (leaf: number) => sampler.sample({ n: 3, seed: 1, leaf, mode: "forced" });
    const [bad, good] = await Promise.allSettled([forced(2), forced(0)]);
    assertEquals([bad.status, good.status, sampler.waiting], ["rejected", "fulfilled", 0]);
    for (const failed of [forced(2), sampler.sample({ n: 3, seed: 1 }), sampler.sample({ n: 3, seed: 1, leaf: 2 })]) {
      const message = `Cannot sample from ${TINY_RUN}: its weights are no numbers (the training diverged)`;
      await assertRejects(() => failed, RunError, message);
    }
  }));

Deno.test("sample() forces the path: one-hot for a leaf, renormalised under a node, same latents as without", () =>
  withSampler({}, async (sampler) => {
    const free = await sampler.sample({ n: 4, seed: 8 });
    const leaf = await sampler.sample({ n: 4, seed: 8, leaf: 1, mode: "forced" });
    assertEquals(leaf.latents, free.latents);
    assertEquals(leaf.samples.map(({ weights, path }) => [weights, path]), Array(4).fill([[0, 1, 0, 0], [0, 1, 4]]));
    const node = await sampler.sample({ n: 4, seed: 8, node: 2, mode: "forced" });
    node.samples.forEach(({ weights }, i) => {
      const [, , left, right] = free.samples[i].weights;
      assertEquals(weights.slice(0, 2), [0, 0]);
      assertAlmostEquals(weights[2], left / (left + right), 2 * ROUNDING);
    });
  }));

Deno.test("sample() tries again until rare latents are found", () =>
  withSampler({ change: lopsided(4) }, async (sampler) => {
    const [both, one] = await Promise.all([
      sampler.sample({ n: 20, seed: 1, leaf: 3 }),
      sampler.sample({ n: 1, seed: 1, leaf: 3 }),
    ]);
    assertEquals(one.samples[0], both.samples[0]);
    assertEquals(one.latents, both.latents.slice(0, 8));
    assertEquals(new Set(both.latents).size, 20 * 8);
    const all = await sampler.sample({ n: 256, seed: 1 });
    assertGreater(meanWeight(both.samples, 3), 2 * meanWeight(all.samples, 3));
  }));

Deno.test("sample() refuses a leaf that next to nothing belongs to, with its share; other requests go on", () =>
  withSampler({ change: lopsided(20) }, async (sampler) => {
    const rare = sampler.sample({ n: 20, seed: 1, leaf: 3 });
    const fine = sampler.sample({ n: 20, seed: 1, leaf: 0 });
    const { message } = await assertRejects(() => rare, RareRegionError);
    assertStringIncludes(message, "Cannot draw latents of leaf 3: about ");
    assertStringIncludes(message, "expected at least 0.001");
    assertEquals((await fine).samples.length, 20);
    const forced = await sampler.sample({ n: 2, seed: 1, leaf: 3, mode: "forced" });
    assertEquals(forced.samples[0].weights, [0, 0, 0, 1]);
  }));

/** Makes the root's gate hard: right where a component of the latent is below -2.75, in 0.00298 of the latent space. */
const RARE_SHARE = 0.00298;
const rare: Change = (tensors) => {
  const [weight, bias] = ["weight", "bias"].map((name) => tensors[`ema/head/gates/${name}`].data);
  for (let i = 0; i < weight.length; i += 3) weight[i] = i === 0 ? 1e4 : 0;
  bias[0] = 2.75e4;
};

Deno.test("sample() knows the share of a rare region well enough not to refuse it", () =>
  withSampler({ change: rare }, async (sampler) => {
    const [, , ...right] = await sampler.passes.usage();
    assertAlmostEquals(right[0] + right[1], RARE_SHARE, 0.0017); // four standard errors of 16384 latents
    for (const seed of [1, 2, 3, 4]) {
      const { samples } = await sampler.sample({ n: 1, seed, node: 2 });
      assertEquals(samples[0].path[1], 2);
    }
  }));

Deno.test("sample() tells where a truncation leaves nothing of a region, and not its share without one", () =>
  withSampler({ change: rare }, async (sampler) => {
    const truncated = () => sampler.sample({ n: 1, seed: 1, node: 2, truncation: 0.1 });
    const { message } = await assertRejects(truncated, RareRegionError);
    assertEquals(
      message,
      "Cannot draw latents of node 2: at this temperature and truncation next to nothing belongs to it, expected " +
        "others; use another node, or force the path",
    );
  }));

Deno.test("sample() takes the gates' temperature at the iteration of its checkpoint", async () => {
  const logits: number[][] = [];
  for (const run of [{ gateTemperature: { from: 1, to: 0.25, over: 1000 } }, {}]) { // 0.5 after 500 iterations
    await withSampler({ run }, async (sampler) => {
      const { samples } = await sampler.sample({ n: 40, seed: 3 });
      logits.push(samples.flatMap(({ gates }) => gates.map((g) => Math.log(g / (1 - g)))));
    });
  }
  logits[0].forEach((logit, i) => assertAlmostEquals(logit, 2 * logits[1][i], 1e-3)); // gates have six decimals
});

Deno.test("sample() of a choice of generators: one makes each picture, and a leaf's pictures are its own", async () => {
  for (const head of ["disjoint", "gumbel"] as const) {
    await withSampler({ options: { head } }, async (sampler) => {
      const free = await sampler.sample({ n: 16, seed: 1 });
      assert(free.samples.every(({ weights }) => weights.toSorted().join() === "0,0,0,1"));
      assertEquals(free.latents.length, 16 * (8 + 8)); // the model's, and two for every generator
      const { samples } = await sampler.sample({ n: 16, seed: 1, leaf: 2 });
      assert(samples.every(({ weights, path }) => weights.join() === "0,0,1,0" && path.join() === "0,3"));
    });
  }
});

Deno.test("sample() of a flat mixture and of a single generator", async () => {
  await withSampler({ options: { head: "flat" } }, async (sampler) => {
    assertEquals([sampler.structure.leaves, sampler.structure.nodes], [4, 5]);
    const { samples } = await sampler.sample({ n: 2, seed: 1, leaf: 2, mode: "forced" });
    assertEquals([samples[0].weights, samples[0].path], [[0, 0, 1, 0], [0, 3]]);
  });
  await withSampler({ options: { head: "single" } }, async (sampler) => {
    const { samples } = await sampler.sample({ n: 2, seed: 1, leaf: 0 });
    assertEquals([samples[0].weights, samples[0].path], [[1], [0]]);
  });
});

Deno.test("sample() names a number that is out of range", () =>
  withSampler({}, (sampler) => {
    const refusal = (request: Record<string, number>) =>
      assertThrows(() => sampler.sample({ n: 1, seed: 1, ...request }), RangeError).message;
    assertEquals(refusal({ leaf: 4 }), "Cannot sample with leaf 4: expected a whole number from 0 to 3");
    assertEquals(refusal({ node: 7 }), "Cannot sample with node 7: expected a whole number from 0 to 6");
    assertStringIncludes(refusal({ n: 0 }), "n 0: expected a whole number from 1 to 16384");
    assertStringIncludes(refusal({ seed: -1 }), "seed -1: expected a whole number from 0 to 9007199254740991");
    assertStringIncludes(refusal({ leaf: 1, node: 1 }), "expected at most one");
    return Promise.resolve();
  }));

Deno.test("openSampler() refuses a checkpoint of another configuration, naming the tensor", () =>
  withRuns(async (device, runs) => {
    const refusal = async (change: Change, options = {}) => {
      await writeTinyRun(device, runs, { change, options });
      return (await assertRejects(() => openSampler(device, TINY_RUN, { runs }), RunError)).message;
    };
    const missing = await refusal((tensors) => delete tensors["ema/body/0/bias"]);
    assertStringIncludes(missing, "found no tensor ema/body/0/bias, expected that of the model in its options");
    const reshaped = await refusal((tensors) => {
      tensors["ema/head/gates/bias"] = { shape: [7], data: new Float32Array(7) };
    });
    assertStringIncludes(reshaped, "found ema/head/gates/bias of shape [7], expected [3]");
    const whole = await refusal((tensors) => {
      tensors["ema/head/gates/bias"] = { shape: [3], data: new Uint32Array(3) };
    });
    assertStringIncludes(whole, "found ema/head/gates/bias of type U32, expected F32, as all weights are");
  }));

Deno.test("close() answers what was asked and gives all memory back", () =>
  withRuns(async (device, runs) => {
    await writeTinyRun(device, runs);
    const before = device.bytes;
    const sampler = await openSampler(device, TINY_RUN, { runs });
    const asked = sampler.sample({ n: 2, seed: 1 });
    await sampler.close();
    assertEquals((await asked).samples.length, 2);
    assertEquals(device.bytes, before);
  }));
