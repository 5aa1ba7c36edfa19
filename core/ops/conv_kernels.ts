/** Kernels of the three convolution forms, best first: the partial derivatives of `Σ y[n, oy, ox, o] x[…] w[…]`. */

import type { AdapterTraits, Kernel } from "../tensor.ts";
import { rowBlockKernel, splitRange } from "./row_block.ts";
import conv2d from "../../shaders/conv2d.wgsl" with { type: "text" };
import convTranspose2d from "../../shaders/conv_transpose2d.wgsl" with { type: "text" };
import conv2dWeight from "../../shaders/conv2d_weight.wgsl" with { type: "text" };

/** The trilinear form `Σ y[n, oy, ox, o] x[n, oy·stride − padding + ky, ox·stride − padding + kx, c] w[ky, kx, c, o]`. */
export interface ConvProblem {
  readonly batch: number;
  /** Of `x` in pixels. */
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  /** Of `y` in pixels. */
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  readonly padding: number;
}

/** Candidates for `y [batch, outHeight, outWidth, outChannels]` from `x` and `w [kh, kw, inChannels, outChannels]`. */
export function conv2dKernels(problem: ConvProblem, _adapter: AdapterTraits): Kernel[] {
  const aligned = problem.inChannels % 4 === 0;
  return [rowBlockKernel(conv2d, {
    rows: problem.batch,
    columns: problem.outChannels,
    pixels: problem.outHeight * problem.outWidth,
    repeats: 1,
    rowLoads: aligned ? 1 : 2,
    rowGroup: 1,
    multiplyAdds: multiplyAddsOf(problem),
  }, { ...shapeConstants(problem), ALIGNED: Number(aligned) })];
}

/** Candidates for `x [batch, height, width, inChannels]` from `y` and `w` stored as `[kh, kw, outChannels, inChannels]`. */
export function convTranspose2dKernels(problem: ConvProblem, _adapter: AdapterTraits): Kernel[] {
  const step = problem.outChannels % 4 === 0 ? 4 : 1;
  return [rowBlockKernel(convTranspose2d, {
    rows: problem.batch,
    columns: problem.inChannels,
    pixels: problem.height * problem.width,
    repeats: 1,
    rowLoads: step === 4 ? 1 : 4,
    rowGroup: 1,
    multiplyAdds: multiplyAddsOf(problem),
  }, { ...shapeConstants(problem), STEP: step })];
}

/**
 * Candidates for `dw [splits, kh, kw, inChannels, outChannels]` from `x` and `dy`, the `s`-th part summed over the
 * `s`-th range of output pixels (of all samples).
 */
export function conv2dWeightKernels(problem: ConvProblem, splits: number, _adapter: AdapterTraits): Kernel[] {
  const { batch, inChannels, outChannels, kernelHeight, kernelWidth, outHeight, outWidth } = problem;
  const group = kernelWidth * inChannels % 4 === 0 ? 4 : 1;
  const aligned = inChannels % 4 === 0;
  const pixels = batch * outHeight * outWidth;
  return [rowBlockKernel(conv2dWeight, {
    rows: kernelHeight * kernelWidth * inChannels,
    columns: outChannels,
    pixels: 1,
    repeats: splits,
    rowLoads: aligned ? 1 : group === 4 ? 2 : 4,
    rowGroup: group,
    multiplyAdds: multiplyAddsOf(problem),
  }, {
    ...shapeConstants(problem),
    SPLIT: splitRange(pixels, splits),
    GROUP: group,
    ALIGNED: Number(aligned),
    STEP: pixels % 4 === 0 ? 4 : 1,
  })];
}

/** How many partial sums `conv2dWeightKernels` should make so that every core has work. */
export function conv2dWeightSplits(problem: ConvProblem, adapter: AdapterTraits): number {
  const { batch, kernelHeight, kernelWidth, inChannels, outChannels, outHeight, outWidth } = problem;
  const tile = adapter.software ? 16 * 8 * 16 : 64 * 64;
  const wanted = adapter.software ? 8 : 256;
  const blocks = Math.ceil(kernelHeight * kernelWidth * inChannels * outChannels / tile);
  return Math.max(1, Math.min(Math.ceil(wanted / blocks), Math.ceil(batch * outHeight * outWidth / 64)));
}

function shapeConstants(problem: ConvProblem): Record<string, number> {
  return {
    BATCH: problem.batch,
    HEIGHT: problem.height,
    WIDTH_X: problem.width,
    IN: problem.inChannels,
    OUT_HEIGHT: problem.outHeight,
    OUT_WIDTH: problem.outWidth,
    OUT: problem.outChannels,
    KERNEL_Y: problem.kernelHeight,
    KERNEL_X: problem.kernelWidth,
    STRIDE: problem.stride,
    PADDING: problem.padding,
  };
}

/** Every tap of every pixel counted, those in the padding too. */
function multiplyAddsOf(problem: ConvProblem): number {
  return problem.batch * problem.outHeight * problem.outWidth * problem.outChannels * problem.kernelHeight *
    problem.kernelWidth * problem.inChannels;
}
