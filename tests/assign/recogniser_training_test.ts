import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { leavesInTurn, type RecogniserProgress, trainRecogniser } from "../../core/assign/recogniser_training.ts";
import { draws } from "../../core/draws.ts";
import { type Change, withSampler } from "../sampling/tiny_run.ts";
import { vivid } from "../recognition/untrained.ts";

/** Sharp paths, and leaves that make pictures of their own. */
const readable: Change = (tensors) => {
  vivid(tensors);
  const change = (name: string, f: (value: number) => number) => {
    const { shape, data } = tensors[name];
    tensors[name] = { shape, data: Float32Array.from(data, f) };
  };
  const random = draws(2);
  change("ema/head/gates/weight", (value) => 8 * value);
  change("ema/head/leaves/bias", () => 6 * random.normal());
};

const STEPS = 100;
const LEAST_RIGHT = 0.7; // of the leaves; blindly 0.25 to 0.4 of four

Deno.test("leavesInTurn() comes to all leaves equally often, also where there are more of them than rows", () => {
  for (const [rows, leaves, steps] of [[32, 8, 1], [32, 64, 2], [3, 4, 4], [32, 1024, 32]]) {
    const counts = new Array(leaves).fill(0);
    for (let step = 0; step < steps; step++) {
      const regions = leavesInTurn({ step, rows, leaves });
      for (let row = 0; row < rows; row++) {
        const own = [...regions.subarray(row * leaves, (row + 1) * leaves).entries()].filter(([, inside]) =>
          inside === 1
        );
        assertEquals(own.length, 1);
        counts[own[0][0]]++;
      }
    }
    assertEquals(new Set(counts), new Set([rows * steps / leaves]));
  }
});

Deno.test("trainRecogniser() learns to tell the leaves of pictures that it has not seen, and depends on its seed alone", () =>
  withSampler({ change: readable }, async (sampler) => {
    const seen: RecogniserProgress[] = [];
    const options = { steps: STEPS, batch: 32, seed: 3 };
    const recogniser = await trainRecogniser(sampler, { ...options, onProgress: (progress) => seen.push(progress) });
    try {
      const { iteration, seed, steps } = recogniser.source;
      assertEquals([iteration, seed, steps], [500, 3, STEPS]);
      assertEquals([seen[0].step, seen.at(-1)!.step, seen.at(-1)!.steps], [1, STEPS, STEPS]);
      assertLess(seen.at(-1)!.loss, seen[0].loss);
      const { images, samples } = await sampler.sample({ n: 200, seed: 1000 });
      const weights = await recogniser.assign(images);
      const right = samples.filter(({ leaf }, i) => {
        const own = weights.subarray(4 * i, 4 * i + 4);
        return own.indexOf(Math.max(...own)) === leaf;
      });
      assertGreater(right.length / samples.length, LEAST_RIGHT);
      const again = await trainRecogniser(sampler, { ...options, steps: 2 });
      const twice = await trainRecogniser(sampler, { ...options, steps: 2 });
      assertEquals(twice.source, again.source);
      const other = await trainRecogniser(sampler, { ...options, steps: 2, seed: 4 });
      assert(
        other.source.weights["paths/weight"].data.some((value, i) =>
          value !== again.source.weights["paths/weight"].data[i]
        ),
      );
      for (const one of [again, twice, other]) one.destroy();
    } finally {
      recogniser.destroy();
    }
  }));
