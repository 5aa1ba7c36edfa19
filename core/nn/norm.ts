/** Normalisation layers. */

import { add, mul, reciprocal, sqrt, square, sub } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { mean } from "../ops/reduce.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Initializer } from "./init.ts";

/** Learned scale and shift behind a normalisation. */
export type Norm = { scale: Tensor; shift: Tensor };

const EPSILON = 1e-5; // added to variances, as in PyTorch

/** Scale 1, shift 0. */
export function normParameters(init: Initializer, shape: Shape): Norm {
  return { scale: init.ones(shape), shift: init.zeros(shape) };
}

/**
 * Layer normalisation `y = (x − μ) / √(σ² + ε) · scale + shift`, mean and (biased) variance of each sample over all its
 * other axes (Ba, Kiros & Hinton, "Layer Normalization", arXiv 1607.06450).
 *
 * @param norm Scale and shift of shape `[height, width, channels]`: one number per element, as PyTorch's
 * `LayerNorm([C, H, W])` in the published code has
 * @param x `[batch, height, width, channels]`, or `[batch, ...]` of any rank
 * @returns As `x`
 *
 * @example
 * ```ts
 * import { initializer } from "./init.ts";
 * import { layerNorm, normParameters } from "./norm.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const norm = normParameters(initializer(1), [8, 8, 32]);
 * assertEquals(layerNorm(norm, ones([16, 8, 8, 32])).shape, [16, 8, 8, 32]);
 * ```
 */
export function layerNorm({ scale, shift }: Norm, x: Tensor, { epsilon = EPSILON } = {}): Tensor {
  const axes = x.shape.map((_, axis) => axis).slice(1);
  return add(mul(standardize(x, moments(x, axes), epsilon), scale), shift);
}

/** Mean and variance of the channels, `[channels]` each. */
export type Moments = { mean: Tensor; variance: Tensor };

/** Running statistics before the first batch: mean 0, variance 1. */
export function initialMoments(init: Initializer, channels: number): Moments {
  return { mean: init.zeros([channels]), variance: init.ones([channels]) };
}

/**
 * Batch normalisation while training: mean and (biased) variance of each channel over the batch and all positions
 * (Ioffe & Szegedy, "Batch Normalization", arXiv 1502.03167).
 *
 * @param norm Scale and shift `[channels]`
 * @param x `[batch, ..., channels]`
 * @returns `y`, as `x`, and `batch`, the moments it was normalised with, for `updateMoments`
 */
export function batchNorm(
  { scale, shift }: Norm,
  x: Tensor,
  { epsilon = EPSILON } = {},
): { y: Tensor; batch: Moments } {
  const axes = x.shape.map((_, axis) => axis).slice(0, -1);
  const batch = moments(x, axes);
  const channels = (t: Tensor) => reshape(t, [x.shape[x.shape.length - 1]]);
  return {
    y: add(mul(standardize(x, batch, epsilon), scale), shift),
    batch: { mean: channels(batch.mean), variance: channels(batch.variance) },
  };
}

/**
 * Batch normalisation after training, with running statistics in place of those of a batch.
 *
 * @param norm Scale and shift `[channels]`
 * @param running Running statistics `[channels]`
 * @param x `[batch, ..., channels]`
 * @returns As `x`
 */
export function batchNormInference(
  { scale, shift }: Norm,
  running: Moments,
  x: Tensor,
  { epsilon = EPSILON } = {},
): Tensor {
  return add(mul(standardize(x, running, epsilon), scale), shift);
}

/**
 * Running statistics after a batch, `(1 − momentum)·running + momentum·batch`; the variance of the batch counts with
 * Bessel's correction `n / (n − 1)`, as in PyTorch.
 *
 * @param samples Numbers per channel in the batch, `n = batch·height·width`
 * @param momentum Part of the newest batch, 0.1 unless given
 */
export function updateMoments(
  running: Moments,
  batch: Moments,
  { samples, momentum = 0.1 }: { samples: number; momentum?: number },
): Moments {
  const mix = (old: Tensor, now: Tensor, factor: number) => add(mul(old, 1 - momentum), mul(now, momentum * factor));
  return {
    mean: mix(running.mean, batch.mean, 1),
    variance: mix(running.variance, batch.variance, samples / Math.max(samples - 1, 1)),
  };
}

/** Mean and biased variance over axes, which stay with length 1. */
function moments(x: Tensor, axes: number[]): Moments {
  const average = mean(x, { axes, keepDims: true });
  return { mean: average, variance: mean(square(sub(x, average)), { axes, keepDims: true }) };
}

/** `(x − μ) / √(σ² + ε)`. */
function standardize(x: Tensor, { mean, variance }: Moments, epsilon: number): Tensor {
  return mul(sub(x, mean), reciprocal(sqrt(add(variance, epsilon))));
}
