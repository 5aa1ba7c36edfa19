/** The shape of the kernel of a transposed convolution whose invocations hold blocks of pixels. */

import type { Kernel } from "../tensor.ts";
import type { ConvProblem } from "./conv_kernels.ts";
import { type Place, type Product, rowBlockKernel } from "./row_block.ts";
import blocks from "../../shaders/conv_transpose2d_blocks.wgsl" with { type: "text" };

/** Most results one invocation holds, and most multiply-adds in the text of its loop: compile time grows with both. */
const MOST_FOURS = 32;
const MOST_NARROW = 48;
const MOST_UNROLLED = 800;

/** What one invocation holds: `height` x `width` pixels, of each residue (`narrow`) or of one, and their channels. */
export interface PixelBlock {
  readonly narrow: boolean;
  readonly height: number;
  readonly width: number;
  /** Fours of channels, where it is not narrow. */
  readonly vecs: number;
}

/** Heights and widths to choose from, the best first. */
const NARROW_SHAPES = [[4, 4], [2, 4], [2, 2], [1, 2], [1, 1]] as const;
const SHAPES = [[1, 8], [2, 4], [2, 2], [1, 2], [1, 1]] as const;

/**
 * The block for a problem whose `outChannels` are a multiple of 4: narrow for fewer than four `inChannels`; null where no
 * block is small enough, or the `inChannels` are no multiple of 4.
 */
export function pixelBlockOf(problem: ConvProblem): PixelBlock | null {
  const { height, width, inChannels, stride, kernelHeight, kernelWidth } = problem;
  const narrow = inChannels < 4;
  if (!narrow && inChannels % 4 !== 0) return null;
  const vecs = narrow ? 1 : [4, 2, 1].find((count) => inChannels / 4 % count === 0)!;
  for (const [blockHeight, blockWidth] of narrow ? NARROW_SHAPES : SHAPES) {
    const pixels = blockHeight * blockWidth;
    const small = narrow
      ? pixels * stride ** 2 * inChannels <= MOST_NARROW &&
        pixels * kernelHeight * kernelWidth * inChannels * 4 <= MOST_UNROLLED
      : pixels * vecs <= MOST_FOURS;
    const fits = blockHeight <= Math.ceil(height / stride) && blockWidth <= Math.ceil(width / stride);
    if (small && fits) return { narrow, height: blockHeight, width: blockWidth, vecs };
  }
  return null;
}

/**
 * Whether this kernel is faster than one whose lanes lie along columns, as measured on llvmpipe: always where it is narrow;
 * else where the lanes of a subgroup can share columns and not rows.
 */
export function prefersPixelBlock({ batch, inChannels }: ConvProblem, { narrow }: PixelBlock, place: Place): boolean {
  if (narrow) return true;
  const { operands, subgroup, lanes } = place;
  return operands === "texture" && subgroup > 0 && inChannels / 4 % subgroup !== 0 && batch >= lanes;
}

/** The kernel of a block. Its sums are in the same order for every batch and block. */
export function pixelBlockKernel(
  problem: ConvProblem,
  block: PixelBlock,
  { constants, multiplyAdds }: { constants: Readonly<Record<string, number>>; multiplyAdds: number },
  place: Place,
): Kernel {
  const { batch, inChannels, height, width, kernelHeight, kernelWidth, stride, padding } = problem;
  const { narrow } = block;
  const [blocksY, blocksX] = [Math.ceil(height / stride / block.height), Math.ceil(width / stride / block.width)];
  const lanesAlong = narrow ? largestPower(Math.min(place.lanes, blocksY * blocksX)) : 1;
  const product: Product = {
    rows: batch,
    columns: narrow ? 1 : inChannels,
    pixels: blocksY * blocksX,
    repeats: narrow ? 1 : stride ** 2,
    rowLoads: 1,
    rowShares: 0,
    rowGroup: 1,
    multiplyAdds,
  };
  const tile = { LANES_X: 1, LANES_P: lanesAlong, LANES_Y: place.lanes / lanesAlong, ROWS: 1, VECS: block.vecs };
  const [alongY, alongX] = [reach(kernelHeight, stride, padding), reach(kernelWidth, stride, padding)];
  const kernel = rowBlockKernel(
    blocks,
    product,
    {
      ...constants,
      NARROW: Number(narrow),
      CHANNELS: inChannels,
      BLOCK_Y: block.height,
      BLOCK_X: block.width,
      BLOCKS_X: blocksX,
      TAPS_X: Math.ceil(kernelWidth / stride),
      FIRST_Y: alongY.first,
      FIRST_X: alongX.first,
      REACH_Y: alongY.more,
      REACH_X: alongX.more,
    },
    { ...place, tile },
  );
  const inFours = block.width * stride * inChannels % 4 === 0 && width * inChannels % 4 === 0;
  const results = narrow && !inFours ? 1 : 4;
  return { ...kernel, entryPoint: "pixel_block", width: results, constants: { ...kernel.constants, WIDTH: results } };
}

/** Which y one t of all residues needs along an axis: from t + `first` on, `more` behind that. */
function reach(kernel: number, stride: number, padding: number): { first: number; more: number } {
  const residues = Array.from({ length: stride }, (_, residue) => residue + padding);
  const nearest = residues.map((shifted) => Math.floor(shifted / stride));
  const farthest = residues.map((shifted, i) => nearest[i] - Math.ceil((kernel - shifted % stride) / stride) + 1);
  const first = Math.min(...farthest);
  return { first, more: Math.max(...nearest) - first };
}

/** The largest power of two that is at most `count`. */
function largestPower(count: number): number {
  return 2 ** Math.floor(Math.log2(count));
}
