/** Kernels of the three convolution forms, best first: the partial derivatives of `Σ y[n, oy, ox, o] x[…] w[…]`. */

import type { AdapterTraits, Kernel } from "../tensor.ts";
import { productKernels } from "./candidates.ts";
import { pixelBlockKernel, pixelBlockOf, prefersPixelBlock } from "./pixel_blocks.ts";
import { LONGEST_SUM, rowBlockKernels, splitRange } from "./row_block.ts";
import { tiledKernels } from "./tiled.ts";
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
export function conv2dKernels(problem: ConvProblem, adapter: AdapterTraits): Kernel[] {
  const { batch, inChannels, outChannels, outHeight, outWidth, kernelHeight, kernelWidth } = problem;
  const sizes = sizesOf(problem);
  const pixels = outHeight * outWidth;
  const aligned = inChannels % 4 === 0;
  const constants = { ...shapeConstants(problem), ALIGNED: Number(aligned) };
  const product = { rows: batch, columns: outChannels, repeats: 1, multiplyAdds: multiplyAddsOf(problem) };
  return productKernels(adapter, {
    columns: outChannels,
    sizes: [sizes.x, sizes.w],
    rowBlocks: (place) =>
      rowBlockKernels(
        conv2d,
        { ...product, pixels, rowLoads: aligned ? 1 : 2, rowGroup: 1, rowShares: 1 },
        constants,
        place,
      ),
    tiles: () => {
      const depth = kernelHeight * kernelWidth * inChannels;
      return tiledKernels(conv2d, { ...product, rows: batch * pixels, depth }, constants, adapter);
    },
  });
}

/** Candidates for `x [batch, height, width, inChannels]` from `y` and `w` stored as `[kh, kw, outChannels, inChannels]`. */
export function convTranspose2dKernels(problem: ConvProblem, adapter: AdapterTraits): Kernel[] {
  const { batch, height, width, inChannels, outChannels, kernelHeight, kernelWidth, stride, padding } = problem;
  const sizes = sizesOf(problem);
  const aligned = outChannels % 4 === 0;
  const constants = { ...shapeConstants(problem), STEP: aligned ? 4 : 1 };
  const product = { rows: batch, columns: inChannels, repeats: 1, multiplyAdds: multiplyAddsOf(problem) };
  const block = aligned ? pixelBlockOf(problem) : null;
  return productKernels(adapter, {
    columns: inChannels,
    sizes: [sizes.y, sizes.w],
    rowBlocks: (place) => {
      const rows = rowBlockKernels(
        convTranspose2d,
        { ...product, pixels: height * width, rowLoads: aligned ? 1 : 4, rowGroup: 1, rowShares: aligned ? 1 : 0 },
        constants,
        place,
      );
      if (block === null || !prefersPixelBlock(problem, block, place)) return rows;
      const { multiplyAdds } = product;
      const kernel = pixelBlockKernel(problem, block, { constants: shapeConstants(problem), multiplyAdds }, place);
      return [kernel, ...rows.map((row) => ({ ...row, lastResort: true }))];
    },
    tiles: () => {
      // With i + padding = q · stride + phase for a row or column i of x, the number of q and the most taps of a phase.
      const blockHeight = Math.floor((height - 1 + padding) / stride) + 1;
      const blockWidth = Math.floor((width - 1 + padding) / stride) + 1;
      const tapsX = Math.ceil(kernelWidth / stride);
      const rows = batch * blockHeight * blockWidth;
      const depth = Math.ceil(kernelHeight / stride) * tapsX * outChannels;
      return tiledKernels(
        convTranspose2d,
        { ...product, rows, depth, repeats: stride ** 2 },
        { ...constants, BLOCK_HEIGHT: blockHeight, BLOCK_WIDTH: blockWidth, TAPS_X: tapsX },
        adapter,
      );
    },
  });
}

/**
 * Candidates for `dw [splits, kh, kw, inChannels, outChannels]` from `x` and `dy`, the `s`-th part summed over the
 * `s`-th range of output pixels (of all samples).
 */
export function conv2dWeightKernels(problem: ConvProblem, splits: number, adapter: AdapterTraits): Kernel[] {
  const { batch, inChannels, outChannels, kernelHeight, kernelWidth, outHeight, outWidth } = problem;
  const sizes = sizesOf(problem);
  const pixels = batch * outHeight * outWidth;
  const depth = splitRange(pixels, splits);
  const step = pixels % 4 === 0 ? 4 : 1;
  const aligned = inChannels % 4 === 0;
  const group = kernelWidth * inChannels % 4 === 0 ? 4 : 1;
  const constants = {
    ...shapeConstants(problem),
    SPLIT: depth,
    GROUP: group,
    ALIGNED: Number(aligned),
    STEP: step,
  };
  const rows = kernelHeight * kernelWidth * inChannels;
  const product = { rows, columns: outChannels, repeats: splits, multiplyAdds: multiplyAddsOf(problem) };
  const rowLoads = aligned ? 1 : group === 4 ? 2 : 4;
  return productKernels(adapter, {
    columns: outChannels,
    sizes: [sizes.x, sizes.y],
    rowBlocks: (place) =>
      rowBlockKernels(
        conv2dWeight,
        { ...product, pixels: 1, rowLoads, rowGroup: group, rowShares: step / group },
        constants,
        place,
      ),
    tiles: () => tiledKernels(conv2dWeight, { ...product, depth }, constants, adapter),
  });
}

/** How many partial sums `conv2dWeightKernels` should make so that every core has work. */
export function conv2dWeightSplits(problem: ConvProblem, adapter: AdapterTraits): number {
  const { batch, kernelHeight, kernelWidth, inChannels, outChannels, outHeight, outWidth } = problem;
  const tile = adapter.software ? 16 * 8 * 16 : 64 * 64;
  const wanted = adapter.software ? 8 : 256;
  const blocks = Math.ceil(kernelHeight * kernelWidth * inChannels * outChannels / tile);
  const terms = batch * outHeight * outWidth;
  return Math.max(Math.ceil(terms / LONGEST_SUM), Math.min(Math.ceil(wanted / blocks), Math.ceil(terms / 64)));
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

/** Floats in each of the three tensors. */
function sizesOf(problem: ConvProblem): { x: number; w: number; y: number } {
  const { batch, height, width, inChannels, outHeight, outWidth, outChannels, kernelHeight, kernelWidth } = problem;
  return {
    x: batch * height * width * inChannels,
    w: kernelHeight * kernelWidth * inChannels * outChannels,
    y: batch * outHeight * outWidth * outChannels,
  };
}

/** Every tap of every pixel counted, those in the padding too. */
function multiplyAddsOf(problem: ConvProblem): number {
  return problem.batch * problem.outHeight * problem.outWidth * problem.outChannels * problem.kernelHeight *
    problem.kernelWidth * problem.inChannels;
}
