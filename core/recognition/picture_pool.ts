/** Pictures that a model has made, to find the nearest of them. */

import type { Sample, Sampler } from "../sampling/sampler.ts";
import { sizeOf } from "../shape.ts";

/** Generated pictures, how they were made and from what. */
export interface PicturePool {
  /** Of all of them. */
  readonly seed: number;
  /** `[n, height, width, channels]`. */
  readonly shape: readonly number[];
  readonly images: Float32Array;
  /** `[n, latent]`. */
  readonly latents: Float32Array;
  readonly samples: readonly Sample[];
}

/** Pictures of a pool: two passes of a sampler. */
export const POOL = 512;

/**
 * A pool of samples from the prior.
 *
 * @throws {RangeError} If a number is out of range
 * @throws {DeviceError} If the GPU is lost
 */
export function drawPool(sampler: Sampler, { n = POOL, seed = 0 } = {}): Promise<PicturePool> {
  return sampler.sample({ n, seed });
}

/** `E ‖x − E x‖²` over the pictures of a pool. */
export function spreadOf({ images, shape: [count, ...shape] }: PicturePool): number {
  const size = sizeOf(shape);
  const mean = new Float64Array(size);
  images.forEach((pixel, i) => mean[i % size] += pixel / count);
  return images.reduce((sum, pixel, i) => sum + (pixel - mean[i % size]) ** 2, 0) / count;
}

/** A picture of a pool and how far it is from another picture. */
export interface NearPicture {
  /** Its number in the pool, which is that of its seed. */
  readonly index: number;
  /** Root mean square difference of the pixels, 0 to 2. */
  readonly distance: number;
}

/**
 * The pictures of a pool that are nearest to one, nearest first.
 *
 * @param image `[height, width, channels]`
 * @param count At most so many
 */
export function nearestPictures(pool: PicturePool, image: Float32Array, count: number): NearPicture[] {
  return ranked(pool, image).slice(0, count);
}

/** The nearest pictures of as many leaves as are asked for, nearest first; then, where there are fewer leaves, any others. */
export function nearestOfLeaves(pool: PicturePool, image: Float32Array, count: number): number[] {
  const order = ranked(pool, image).map(({ index }) => index);
  const seen = new Set<number>();
  const first = order.filter((index) => {
    const { leaf } = pool.samples[index];
    return !seen.has(leaf) && seen.add(leaf);
  });
  const chosen = new Set(first);
  const others = order.filter((index) => !chosen.has(index));
  const all = [...first, ...others].slice(0, count);
  while (all.length < count) all.push(all[all.length % order.length]);
  return all;
}

function ranked({ images, shape: [, ...shape] }: PicturePool, image: Float32Array): NearPicture[] {
  const size = sizeOf(shape);
  const near = Array.from({ length: images.length / size }, (_, index) => {
    let sum = 0;
    for (let i = 0, at = index * size; i < size; i++, at++) {
      const difference = images[at] - image[i];
      sum += difference * difference;
    }
    return { index, distance: Math.sqrt(sum / size) };
  });
  return near.sort((a, b) => a.distance - b.distance || a.index - b.index);
}
