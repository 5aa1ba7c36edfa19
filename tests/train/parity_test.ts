/**
 * A training run against the same run in PyTorch: equal random numbers, so equal losses until rounding has grown
 * (tests/golden/training.py).
 */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluate } from "../../core/compile/program.ts";
import type { Device } from "../../core/gpu/device.ts";
import { initializer } from "../../core/nn/init.ts";
import { normal, randomKey, uniform } from "../../core/ops/random.ts";
import type { Shape } from "../../core/shape.ts";
import { permutation } from "../../core/train/batches.ts";
import { resolveOptions } from "../../core/train/options.ts";
import { Trainer } from "../../core/train/trainer.ts";
import { leavesOf } from "../../core/tree.ts";
import { asHardware, device } from "../gpu.ts";
import golden from "../golden/training.json" with { type: "json" };

const [LATENT_STREAM, EPSILON_STREAM] = [1, 2]; // core/train/steps.ts
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
 * has another slope, and Adam makes whole steps of the signs of tiny gradients.
 */
const LOSS_TOLERANCE = { first: 1e-5, later: 2e-2 };
const FIRST = 4; // iterations
const AVERAGE_TOLERANCE = 1e-5; // of the sum of all parameters' sizes

const DEVICES: Record<string, Device> = { "as it is": device, "as a graphics card": asHardware };
for (const [kind, on] of Object.entries(DEVICES)) {
  Deno.test(`Trainer.run() has the losses of PyTorch with the same random numbers, on the adapter ${kind}`, async () => {
    const { seed, training } = golden;
    const shape: Shape = [training.images, 32, 32, 1];
    const { pixels } = await evaluate(on, {
      pixels: uniform(randomKey(seed), { shape, stream: training.pictureStream }),
    });
    const images = Uint8Array.from(pixels, (value) => value * 256);
    const iterations = training.criticLoss.length;
    const request = { dataset: "noise", preset: "tiny", batch: training.batch, iterations, seed };
    const { options } = resolveOptions(request, { traits: on.traits, count: training.images });
    const trainer = await Trainer.create(on, options, { images, shape: [training.images, 32, 32, 1] });
    try {
      for await (const { iteration, criticLoss, generatorLoss } of trainer.run(iterations)) {
        const tolerance = iteration <= FIRST ? LOSS_TOLERANCE.first : LOSS_TOLERANCE.later;
        const near = (found: number, expected: number, what: string) =>
          assertAlmostEquals(found, expected, tolerance * Math.max(1, Math.abs(expected)), `${what} ${iteration}`);
        near(criticLoss, training.criticLoss[iteration - 1], "critic's loss");
        near(generatorLoss, training.generatorLoss[iteration - 1], "generator's loss");
      }
      const { ema } = (await trainer.read()) as { ema: Record<string, never> };
      const sizes = leavesOf<Float32Array>(ema, (value): value is Float32Array => value instanceof Float32Array)
        .map(([, values]) => values.reduce((sum, value) => sum + Math.abs(value), 0));
      const sum = sizes.reduce((a, b) => a + b);
      assert(Math.abs(sum - training.average) < AVERAGE_TOLERANCE * training.average, `${sum}, ${training.average}`);
    } finally {
      trainer.destroy();
    }
  });
}
