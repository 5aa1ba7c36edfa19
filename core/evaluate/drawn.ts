/** More samples of a run than one request may ask for. */

import { MOST_SAMPLES, type SampleRequest } from "../sampling/request.ts";
import type { Sampler, Samples } from "../sampling/sampler.ts";
import { sizeOf } from "../shape.ts";

/** What a run was asked for, to be scored. */
export type Drawn = Pick<Samples, "images" | "shape" | "samples">;

/**
 * The samples that `Sampler.sample` has, but any number of them: one request after the other.
 *
 * @param most Samples of one request
 * @throws {RangeError} If a number is out of range
 * @throws {DeviceError} If the GPU is lost
 * @throws The signal's reason, if it aborts
 */
export async function drawSamples(
  sampler: Sampler,
  { n, ...rest }: Pick<SampleRequest, "n" | "seed" | "leaf" | "mode" | "signal">,
  most: number = MOST_SAMPLES,
): Promise<Drawn> {
  const part = (first: number) => sampler.sample({ ...rest, n: Math.min(most, n - first), first });
  if (n <= most) return await part(0);
  const image = sampler.options.image;
  const images = new Float32Array(n * sizeOf(image));
  const samples: Samples["samples"] = [];
  for (let first = 0; first < n; first += most) {
    const drawn = await part(first);
    images.set(drawn.images, first * sizeOf(image));
    for (const sample of drawn.samples) samples.push(sample);
  }
  return { images, shape: [n, ...image], samples };
}
