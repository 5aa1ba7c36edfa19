/**
 * A training run against the same run in PyTorch: equal random numbers, so equal losses until rounding has grown
 * (tests/golden/training.py).
 */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluate, type HostArray } from "../../core/compile/program.ts";
import type { Device } from "../../core/gpu/device.ts";
import type { Start } from "../../core/models/presets.ts";
import { initializer } from "../../core/nn/init.ts";
import { normal, randomKey, uniform } from "../../core/ops/random.ts";
import { permutation } from "../../core/train/batches.ts";
import { resolveOptions } from "../../core/train/options.ts";
import { EPSILON_STREAM, LATENT_STREAM } from "../../core/train/steps.ts";
import { Trainer } from "../../core/train/trainer.ts";
import { leavesOf, type Tree } from "../../core/tree.ts";
import { asHardware, device } from "../gpu.ts";
import golden from "../golden/training.json" with { type: "json" };

const DRAW_TOLERANCE = 1e-5; // WGSL allows cos an error of 2⁻¹¹ near its zeros, llvmpipe's is some 1e-6

Deno.test("normal(), uniform(), initializer() and permutation() draw what NumPy draws", async () => {
  const { seed, draws } = golden;
  const key = randomKey(seed, 3);
  const init = initializer(seed);
  const drawn = await evaluate(device, {
    weights: init.normal([2, 3], { std: 0.02 }),
    more: init.normal([5]),
    latents: normal(key, { shape: [3, 5], stream: LATENT_STREAM }),
    epsilon: uniform(key, { shape: [7, 1], stream: EPSILON_STREAM }),
  });
  const expected = { weights: draws.start[0], more: draws.start[1], latents: draws.latents, epsilon: draws.epsilon };
  for (const [name, values] of Object.entries(expected)) {
    assertEquals(drawn[name].length, values.length);
    values.forEach((value, i) => assertAlmostEquals(drawn[name][i], value, DRAW_TOLERANCE, `${name} ${i}`));
  }
  draws.orders.forEach((order, epoch) => assertEquals([...permutation(order.length, seed, epoch)], order));
});

/**
 * Relative, of losses of at least 1. Rounding alone makes a few 1e-6 in four iterations; then a value on another side of 0
 * has another slope, and Adam makes whole steps of the signs of tiny gradients: at most 2.1 % in the next four.
 */
const LOSS_TOLERANCE = { first: 1e-5, later: 5e-2 };
const FIRST = 4; // iterations
const AVERAGE_TOLERANCE = 1e-5; // of the sum of all parameters' sizes, which differ by 1e-3 and with either sign

const CASES: { kind: string; on: Device; bodyStart: Start }[] = [
  { kind: "the adapter as it is", on: device, bodyStart: "dcgan" },
  { kind: "the adapter as it is", on: device, bodyStart: "he" },
  { kind: "the adapter as a graphics card", on: asHardware, bodyStart: "he" },
];
for (const { kind, on, bodyStart } of CASES) {
  Deno.test(`Trainer.run() has the losses of PyTorch with the same random numbers: ${kind}, body ${bodyStart}`, async () => {
    const { seed, images: count, batch, pictureStream } = golden;
    const expected = golden.training[bodyStart];
    const iterations = expected.criticLoss.length;
    const { pixels } = await evaluate(on, {
      pixels: uniform(randomKey(seed), { shape: [count, 32, 32, 1], stream: pictureStream }),
    });
    const images = Uint8Array.from(pixels, (value) => value * 256);
    const request = { dataset: "noise", preset: "tiny", batch, iterations, seed };
    const { options } = resolveOptions(request, { traits: on.traits, count });
    const model = { ...options.model, bodyStart };
    const trainer = await Trainer.create(on, { ...options, model }, { images, shape: [count, 32, 32, 1] });
    try {
      for await (const { iteration, criticLoss, generatorLoss } of trainer.run(iterations)) {
        const tolerance = iteration <= FIRST ? LOSS_TOLERANCE.first : LOSS_TOLERANCE.later;
        const near = (found: number, expected: number, what: string) =>
          assertAlmostEquals(found, expected, tolerance * Math.max(1, Math.abs(expected)), `${what} ${iteration}`);
        near(criticLoss, expected.criticLoss[iteration - 1], "critic's loss");
        near(generatorLoss, expected.generatorLoss[iteration - 1], "generator's loss");
      }
      const { ema } = (await trainer.read()) as { ema: Tree<HostArray> };
      const sizes = leavesOf<HostArray>(ema, (value): value is HostArray => ArrayBuffer.isView(value))
        .map(([, values]) => Array.from(values).reduce((sum, value) => sum + Math.abs(value), 0));
      const sum = sizes.reduce((a, b) => a + b);
      assertAlmostEquals(sum, expected.average, AVERAGE_TOLERANCE * expected.average);
    } finally {
      trainer.destroy();
    }
  });
}
