/** Targets and what is said of them. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { shareOf } from "../../bench/kernels.ts";
import { summarize } from "../../bench/measure.ts";
import { originOf } from "../../bench/results.ts";
import { verdict, verdicts } from "../../bench/targets.ts";

const machine = { adapter: "a", adapterInfo: {}, software: true, processor: "p", cores: 2, system: "s" };
const origin = await originOf({ quick: true, tune: false });
const ms = (value: number) => summarize([value]);

Deno.test("verdict() says which target was reached", () => {
  assertEquals(verdict("host ms", "at most", 5, 2.123), "host ms: target at most 5, measured 2.12: reached");
  assertEquals(verdict("share", "at least", 0.4, 0.39), "share: target at least 0.4, measured 0.39: missed");
});

Deno.test("verdicts() compares with each peer that was there", () => {
  const figures = {
    training: { preset: "small", batch: 64 },
    oursMs: ms(500),
    torch: { info: {}, variants: { eager: { ms: ms(250), oursMs: ms(500), ratio: ms(2) }, tf32: { refused: "no" } } },
    jax: { iterationMs: 8000, complete: true },
  };
  const lines = verdicts({ machine, measurements: { peers: { "small 64": { origin, figures } } } });
  assertEquals(lines, [
    "small 64, times PyTorch's time: target at most 2.5, measured 2: reached",
    "small 64, times faster than jax-js: target at least 12, measured 16: reached",
  ]);
  const alone = { ...figures, torch: { refused: "none" }, jax: { refused: "none" } };
  assertEquals(verdicts({ machine, measurements: { peers: { "small 64": { origin, figures: alone } } } }), []);
});

Deno.test("verdicts() holds growth with the depth against that of the arithmetic", () => {
  const point = (depth: number, figures: object) => ({
    axis: "depth",
    training: { preset: "paper", depth },
    ...figures,
  });
  const figures = [
    point(1, { iterationMs: ms(100) }),
    point(2, { iterationMs: ms(130), growth: ms(1.3), arithmetic: 1.1 }),
    point(3, { refused: "too large" }),
  ];
  assertEquals(verdicts({ machine, measurements: { growth: { paper: { origin, figures } } } }), [
    "paper, depth 1 to 2, times the time: target at most 1.16, measured 1.3: missed",
  ]);
});

Deno.test("verdicts() gives every metric a minute", () => {
  const figures = { fid: { wall: ms(20), processor: ms(40) }, knn: { wall: ms(61), processor: ms(44) } };
  assertEquals(verdicts({ machine, measurements: { metrics: { "10000 x 2048": { origin, figures } } } }), [
    "fid of 10000 x 2048, s: target at most 60, measured 20: reached",
    "knn of 10000 x 2048, s: target at most 60, measured 61: missed",
  ]);
});

Deno.test("shareOf() weighs kernels by the time they take in an iteration", () => {
  const kernels = [{ count: 1, ms: ms(30), share: 0.2 }, { count: 5, ms: ms(2), share: 0.6 }];
  assertAlmostEquals(shareOf(kernels), (30 * 0.2 + 10 * 0.6) / 40);
});
