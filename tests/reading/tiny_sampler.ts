/** A sampler of an untrained generator. */

import type { ModelOptions } from "../../core/models/presets.ts";
import type { Labeller } from "../../core/reading/reading.ts";
import { openSampler, type Sampler } from "../../core/sampling/sampler.ts";
import { device } from "../gpu.ts";
import { type Change, writeTinyRun } from "../sampling/tiny_run.ts";

/** What `use` makes of a sampler of the tiny preset; the sampler and its run are gone afterwards. */
export async function withSampler<T>(
  setup: { options?: Partial<ModelOptions>; change?: Change },
  use: (sampler: Sampler) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    const sampler = await openSampler(device, await writeTinyRun(device, folder, setup));
    return await use(sampler).finally(() => sampler.close());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Two labels by the first pixel of a picture: dark, bright. */
export const byFirstPixel: Labeller = (images, [n]) => {
  const size = images.length / n;
  return Promise.resolve(Float32Array.from({ length: 2 * n }, (_, i) => {
    const bright = images[Math.floor(i / 2) * size] > 0 ? 1 : 0;
    return i % 2 === 0 ? 1 - bright : bright;
  }));
};
