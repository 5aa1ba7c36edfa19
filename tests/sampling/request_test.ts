import { assert, assertAlmostEquals, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { checkRequest, parseDecisions } from "../../core/sampling/request.ts";
import { openSampler, type SampleRequest, type Samples } from "../../core/sampling/sampler.ts";
import { TINY_RUN, withRuns, withSampler, writeTinyRun } from "./tiny_run.ts";

const ROUNDING = 2e-6; // gates and weights have six decimals
const LOGIT_ROUNDING = 2e-4; // of the logits of such gates, which are near 0
const PIXEL_ROUNDING = 1e-5; // a forced path takes other kernels than a free one

const logitsOf = ({ samples }: Samples): number[] =>
  samples.flatMap(({ gates }) => gates.map((g) => Math.log(g / (1 - g))));

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assertEquals(found.length, expected.length);
  for (let i = 0; i < found.length; i++) assertAlmostEquals(found[i], expected[i], tolerance, `at ${i}`);
}

Deno.test("sample() divides the logits of the gates by the temperature, beside others with their own", () =>
  withSampler({}, async (sampler) => {
    const [free, soft, same] = await Promise.all([
      sampler.sample({ n: 8, seed: 3 }),
      sampler.sample({ n: 8, seed: 3, temperature: 4 }),
      sampler.sample({ n: 8, seed: 3, temperature: 1 }),
    ]);
    assertEquals(same, free);
    assertClose(logitsOf(soft), logitsOf(free).map((logit) => logit / 4), LOGIT_ROUNDING);
    const { samples } = await sampler.sample({ n: 8, seed: 3, temperature: 0.01 });
    const hard = samples.flatMap(({ gates }) => gates);
    assert(hard.filter((g) => g < 0.01 || g > 0.99).length > 0.8 * hard.length, hard.join());
  }));

Deno.test("sample() draws from a region at the temperature asked for", () =>
  withSampler({}, async (sampler) => {
    const mean = async (temperature: number) => {
      const { samples } = await sampler.sample({ n: 256, seed: 5, leaf: 1, temperature });
      return samples.reduce((sum, { weights }) => sum + weights[1], 0) / 256;
    };
    assertGreater(await mean(0.05), await mean(1) + 0.3); // hard gates: the latent of a leaf is all its own
  }));

Deno.test("sample() scales latents by the truncation, those of a region by rejection among scaled ones", () =>
  withSampler({}, async (sampler) => {
    const free = await sampler.sample({ n: 4, seed: 6 });
    const { latents } = await sampler.sample({ n: 4, seed: 6, truncation: 0.5 });
    assertEquals([...latents], [...free.latents].map((value) => value / 2));
    const region = await sampler.sample({ n: 256, seed: 6, leaf: 2, truncation: 0.5 });
    const variance = region.latents.reduce((sum, value) => sum + value * value, 0) / region.latents.length;
    assertAlmostEquals(variance, 0.25, 0.04); // 2048 numbers of variance near 0.25: five standard errors
  }));

Deno.test("sample() forces decisions: p' = p over the gate's part on its side, 0 on the other, elsewhere as it was", () =>
  withSampler({}, async (sampler) => {
    const free = await sampler.sample({ n: 8, seed: 9 });
    const right = await sampler.sample({ n: 8, seed: 9, decisions: { 1: "right" } });
    assertEquals(right.latents, free.latents);
    right.samples.forEach(({ weights, gates }, i) => {
      const { weights: [, second, third, fourth], gates: [root, left, other] } = free.samples[i];
      assertClose(gates, [root, 0, other], ROUNDING);
      assertClose(weights, [0, second / (1 - left), third, fourth], 10 * ROUNDING);
    });
    const both = await sampler.sample({ n: 8, seed: 9, decisions: { 0: "left", 1: "right" } });
    const leaf = await sampler.sample({ n: 8, seed: 9, leaf: 1, mode: "forced" });
    assertEquals(both.samples.map(({ weights }) => weights), Array(8).fill([0, 1, 0, 0]));
    assertClose(both.images, leaf.images, PIXEL_ROUNDING);
  }));

Deno.test("sample() with decisions draws latents as without them: of a region by the free path", () =>
  withSampler({}, async (sampler) => {
    const free = await sampler.sample({ n: 4, seed: 2, node: 2 });
    const forced = await sampler.sample({ n: 4, seed: 2, node: 2, decisions: { 2: "left" } });
    assertEquals(forced.latents, free.latents);
    assert(forced.samples.every(({ weights, gates }) => weights[3] === 0 && gates[2] === 1));
    assert(forced.samples.some(({ weights }) => weights[0] > 0.01)); // the root still decides itself
  }));

Deno.test("sample() makes pictures of given latents, free and forced", () =>
  withSampler({}, async (sampler) => {
    const drawn = await sampler.sample({ n: 3, seed: 4 });
    const given = await sampler.sample({ n: 3, seed: 0, latents: drawn.latents });
    assertEquals(given.latents, drawn.latents);
    assertClose(given.images, drawn.images, PIXEL_ROUNDING);
    const forced = await sampler.sample({ n: 3, seed: 4, leaf: 3, mode: "forced" });
    const again = await sampler.sample({ n: 3, seed: 0, latents: drawn.latents, leaf: 3, mode: "forced" });
    assertClose(again.images, forced.images, PIXEL_ROUNDING);
  }));

Deno.test("sample() begins at the sample asked for, and leaves pictures out", () =>
  withSampler({}, async (sampler) => {
    const all = await sampler.sample({ n: 5, seed: 8, leaf: 1 });
    const last = await sampler.sample({ n: 2, seed: 8, leaf: 1, first: 3, pictures: false });
    assertEquals(all.samples.map(({ index }) => index), [0, 1, 2, 3, 4]);
    assertEquals(last.samples, all.samples.slice(3));
    assertEquals([last.images.length, last.shape[0]], [0, 2]);
  }));

Deno.test("sample() that is aborted leaves the queue; others are answered", () =>
  withSampler({}, async (sampler) => {
    const stop = new AbortController();
    const gone = sampler.sample({ n: 300, seed: 1, signal: stop.signal });
    const stays = sampler.sample({ n: 3, seed: 2, signal: new AbortController().signal });
    assertEquals(sampler.waiting, 303);
    stop.abort(new Error("gone"));
    await assertRejects(() => gone, Error, "gone");
    assertEquals(sampler.waiting, 3);
    assertEquals((await stays).samples.length, 3);
    assertEquals(sampler.waiting, 0);
    await assertRejects(() => sampler.sample({ n: 1, seed: 1, signal: stop.signal }), Error, "gone");
    assertEquals(sampler.waiting, 0);
  }));

Deno.test("openSampler() takes the moving average, or the newest weights where they are asked for", () =>
  withRuns(async (device, runs) => {
    await writeTinyRun(device, runs);
    const draw = async (weights: "ema" | "live") => {
      const sampler = await openSampler(device, TINY_RUN, { runs, weights });
      return await sampler.sample({ n: 1, seed: 1 }).finally(() => sampler.close());
    };
    const [ema, live] = [await draw("ema"), await draw("live")];
    assertEquals(ema.latents, live.latents);
    assert(ema.images.some((pixel, i) => Math.abs(pixel - live.images[i]) > 0.001));
  }));

Deno.test("checkRequest() names what is out of range and what is allowed", () => {
  const limits = { leaves: 4, nodes: 7, decisions: 3, latent: 2 };
  const refusal = (request: Partial<SampleRequest>, against = limits) =>
    assertThrows(() => checkRequest({ n: 2, seed: 1, ...request }, against), RangeError).message;
  assertEquals(
    refusal({ temperature: NaN }),
    "Cannot sample with temperature NaN: expected a number from 0.01 to 100",
  );
  assertEquals(
    refusal({ truncation: 0 }),
    "Cannot sample with truncation 0: expected a number above 0 and at most 1",
  );
  assertEquals(
    refusal({ decisions: { 3: "left" } }),
    "Cannot sample with a forced decision at node 3: expected a whole number from 0 to 2",
  );
  assertEquals(
    refusal({ decisions: { 0: "up" as "left" } }),
    'Cannot force node 0 to "up": expected left or right',
  );
  assertEquals(
    refusal({ decisions: { 0: "left" } }, { ...limits, decisions: 0 }),
    "Cannot force node 0: the model decides nothing step by step, expected a tree",
  );
  assertEquals(
    refusal({ latents: new Float32Array(5) }),
    "Cannot sample with 5 numbers of latents: expected 4, 2 for each of n = 2",
  );
  assertEquals(
    refusal({ latents: Float32Array.of(0, 1, Infinity, 0) }),
    "Cannot sample with latents[2] = Infinity: expected finite numbers",
  );
  assertEquals(
    refusal({ latents: new Float32Array(4), leaf: 1 }),
    "Cannot sample latents of a leaf that are given: expected mode forced, or neither",
  );
  assertEquals(
    refusal({ latents: new Float32Array(4), truncation: 0.5 }),
    "Cannot sample with truncation 0.5: latents are given, expected no truncation",
  );
  assertEquals(refusal({ first: -1 }), "Cannot sample with first -1: expected a whole number from 0 to 2147483648");
});

Deno.test("parseDecisions() reads nodes with a side each and refuses anything else", () => {
  assertEquals(parseDecisions("0:left,12:right"), { 0: "left", 12: "right" });
  for (
    const text of [
      "",
      "0",
      "0:up",
      "a:left",
      "0:left,",
      "0:left;1:right",
      "-1:left",
      "1:left,1:right",
      "1:left,01:right",
    ]
  ) {
    const { message } = assertThrows(() => parseDecisions(text), RangeError);
    assertEquals(message.endsWith("expected nodes with a side each, such as 0:left,4:right"), true, text);
  }
});
