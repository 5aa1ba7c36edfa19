/** Latents between two latents. */

import { ShapeError } from "../shape.ts";

const PARALLEL = 1e-6; // rad from 0 or π: sines would be divided by next to nothing

/**
 * Spherical interpolation: `sin((1 - t) θ) / sin θ · a + sin(t θ) / sin θ · b` with the angle `θ` between `a` and `b`, for
 * `t = 0, 1/(steps - 1), …, 1`. Latents of many dimensions lie near a sphere; on a straight line between two of them would
 * be latents that are never drawn (White, "Sampling Generative Networks", 2016). Parallel ones are interpolated linearly.
 *
 * @param from `[latent]`
 * @param to `[latent]`
 * @param steps At least 2, both ends included
 * @returns `[steps, latent]`, row-major; the ends are exact
 * @throws {ShapeError} If the ends have different lengths
 * @throws {RangeError} If there are fewer than 2 steps
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { interpolateLatents } from "./interpolation.ts";
 *
 * const latents = interpolateLatents(Float32Array.of(1, 0), Float32Array.of(0, 1), 3);
 * assertAlmostEquals(latents[2], Math.SQRT1_2, 1e-6); // halfway on the circle, not on the chord
 * ```
 */
export function interpolateLatents(from: Float32Array, to: Float32Array, steps: number): Float32Array<ArrayBuffer> {
  if (from.length !== to.length) {
    throw new ShapeError(`Cannot interpolate from [${from.length}] to [${to.length}]: expected latents of one length`);
  }
  if (!Number.isInteger(steps) || steps < 2) {
    throw new RangeError(`Cannot interpolate in ${steps} steps: expected a whole number from 2 on`);
  }
  const angle = angleBetween(from, to);
  const latents = new Float32Array(steps * from.length);
  for (let step = 0; step < steps; step++) {
    const [a, b] = shares(step / (steps - 1), angle);
    for (let i = 0; i < from.length; i++) latents[step * from.length + i] = a * from[i] + b * to[i];
  }
  return latents;
}

function shares(t: number, angle: number): [number, number] {
  if (t === 0 || t === 1 || Math.min(angle, Math.PI - angle) < PARALLEL) return [1 - t, t];
  return [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
}

function angleBetween(a: Float32Array, b: Float32Array): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    squareA += a[i] ** 2;
    squareB += b[i] ** 2;
  }
  const cosine = product / Math.sqrt(squareA * squareB); // NaN where one is 0, whose every direction is parallel
  return Number.isNaN(cosine) ? 0 : Math.acos(Math.min(Math.max(cosine, -1), 1));
}
