/** Samples of the local generators alone: every path forced into one leaf. */

import type { Sampler, Samples } from "../sampling/sampler.ts";
import { sizeOf } from "../shape.ts";
import { permutation } from "../train/batches.ts";
import { type Drawn, drawSamples } from "./drawn.ts";

/**
 * Samples whose paths are forced, as many into each leaf as its part of the latent space has; latents are those of the
 * prior, so a leaf is also shown latents that its gates would send elsewhere. Leaves come in random order: some metrics take
 * consecutive parts of the samples.
 *
 * @throws {RangeError} If a number is out of range
 * @throws {DeviceError} If the GPU is lost
 * @throws The signal's reason, if it aborts
 */
export async function forcedSamples(
  sampler: Sampler,
  { n, seed, signal }: { n: number; seed: number; signal?: AbortSignal },
): Promise<Drawn> {
  const counts = shares(await sampler.passes.usage(), n);
  const parts = await Promise.all(
    // Other latents for every leaf.
    counts.map((count, leaf) =>
      count === 0 ? null : drawSamples(sampler, {
        n: count,
        seed: (seed + leaf) % Number.MAX_SAFE_INTEGER,
        leaf,
        mode: "forced",
        signal,
      })
    ),
  );
  const drawn = parts.filter((part) => part !== null);
  const [, ...image] = drawn[0].shape;
  const size = sizeOf(image);
  const images = new Float32Array(n * size);
  const samples: Samples["samples"] = [];
  const places = permutation(n, seed, 0);
  let drawnSoFar = 0;
  for (const part of drawn) {
    part.samples.forEach((sample, i) => {
      const place = places[drawnSoFar++];
      images.set(part.images.subarray(i * size, (i + 1) * size), place * size);
      samples[place] = sample;
    });
  }
  return { images, shape: [n, ...image], samples };
}

/**
 * Whole numbers that sum to `n`, in proportion to `parts`: rounded down, the largest remainders up (Hamilton).
 *
 * @param parts At least 0, not all 0
 */
export function shares(parts: Float32Array, n: number): number[] {
  const total = parts.reduce((sum, part) => sum + part, 0);
  const exact = Array.from(parts, (part) => n * part / total);
  const counts = exact.map(Math.floor);
  const remainders = exact.map((value, i) => [value - counts[i], i] as const).sort(([a], [b]) => b - a);
  const missing = n - counts.reduce((sum, count) => sum + count, 0);
  for (const [, i] of remainders.slice(0, missing)) counts[i]++;
  return counts;
}
