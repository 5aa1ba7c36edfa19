/**
 * The shape of a register-blocked kernel: one invocation holds `ROWS` rows x `VECS` groups of columns, one workgroup is
 * `LANES_X` (columns) x `LANES_P` (pixels) x `LANES_Y` (rows) invocations.
 */

import { type AdapterTraits, type Kernel, TEXTURE_PITCH } from "../tensor.ts";
import { fold } from "./workgroups.ts";
import operands from "../../shaders/operands.wgsl" with { type: "text" };

/** A product of `[rows, depth]` by `[depth, columns]`, for each of some pixels and `repeats` times. */
export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly pixels: number;
  readonly repeats: number;
  /** Texel loads for four values of a row. */
  readonly rowLoads: number;
  /** Rows of an invocation are a multiple of this. */
  readonly rowGroup: number;
  readonly multiplyAdds: number;
}

/** What one invocation and one workgroup hold. */
export interface Tile {
  readonly LANES_X: number;
  readonly LANES_P: number;
  readonly LANES_Y: number;
  readonly ROWS: number;
  readonly VECS: number;
}

/** Where a kernel runs: lanes of a workgroup, and how it reads its operands. */
export interface Place {
  readonly lanes: number;
  readonly operands: "texture" | "buffer";
}

/** Largest rows x column groups: compile time grows with it, 8 x 4 takes llvmpipe about 0.2 s. */
const MOST_REGISTERS = 32;
/** Instructions of llvmpipe for a texel load, for the multiply-adds of four depths, and for going round the loop. */
const LOAD_COST = 62;
const FMA_COST = 12;
const LOOP_COST = 80;
/** For every row and column of a workgroup: a square one takes the least from memory. */
const SIDE_COST = 0.5;
/** Tiles to have, and how far above the least estimate one may be so that it is worth measuring. */
const MOST_TILES = 2;
const NEARLY_BEST = 1.15;
/** Terms of one invocation's sum: llvmpipe ends its loops after 65535 rounds without a word. */
export const LONGEST_SUM = 2 ** 15;

/** Tiles by estimated work, least first: wasted lanes and edges against loads that many products share. */
function tilesByCost(product: Product, lanes: number): [cost: number, Tile][] {
  const { rows, columns, pixels, rowLoads, rowGroup } = product;
  const width = widthOf(product);
  const groups = columns / width;
  const powers = [1, 2, 4, 8, 16, 32, 64].filter((count) => count <= lanes);
  const tiles: [number, Tile][] = [];
  for (const ROWS of [1, 2, 4, 8, 16].filter((count) => count % rowGroup === 0)) {
    for (const VECS of [1, 2, 4].filter((count) => count * ROWS <= MOST_REGISTERS)) {
      for (const LANES_X of powers.toReversed()) {
        for (const LANES_P of powers.filter((count) => count * LANES_X <= lanes && count <= pixels)) {
          const LANES_Y = lanes / LANES_X / LANES_P;
          const blocks = Math.ceil(groups / (LANES_X * VECS)) * Math.ceil(rows / (LANES_Y * ROWS)) *
            Math.ceil(pixels / LANES_P);
          const loads = ROWS * rowLoads + VECS * 4;
          const side = LANES_X * VECS * width + LANES_P * LANES_Y * ROWS;
          const cost = blocks * (loads * LOAD_COST + ROWS * VECS * width * FMA_COST + side * SIDE_COST + LOOP_COST);
          tiles.push([cost, { LANES_X, LANES_P, LANES_Y, ROWS, VECS }]);
        }
      }
    }
  }
  return tiles.sort(([a], [b]) => a - b);
}

/** The register-blocked kernels of a shader for a product of this shape, in the tiles estimated best. */
export function rowBlockKernels(
  shader: string,
  product: Product,
  constants: Readonly<Record<string, number>>,
  place: Place,
): Kernel[] {
  const tiles = tilesByCost(product, place.lanes).slice(0, MOST_TILES);
  const [[least]] = tiles;
  return tiles.map(([cost, tile]) => ({
    ...rowBlockKernel(shader, product, constants, { ...place, tile }),
    lastResort: cost > least * NEARLY_BEST,
  }));
}

/** The register-blocked kernel of a shader for a product of this shape in a tile. */
export function rowBlockKernel(
  shader: string,
  product: Product,
  constants: Readonly<Record<string, number>>,
  { operands: kind, tile }: Place & { tile: Tile },
): Kernel {
  const width = widthOf(product);
  const rowBlocks = Math.ceil(product.rows / (tile.ROWS * tile.LANES_Y));
  const columnBlocks = Math.ceil(product.columns / (width * tile.VECS * tile.LANES_X));
  const pixelBlocks = Math.ceil(product.pixels / tile.LANES_P);
  const blocks = rowBlocks * columnBlocks * pixelBlocks * product.repeats;
  const [x, y, z] = fold(blocks);
  return {
    shader: operands + shader,
    entryPoint: "row_block",
    constants: {
      ...constants,
      ...tile,
      WIDTH: width,
      TILED: 0,
      TEXTURES: Number(kind === "texture"),
      PITCH: TEXTURE_PITCH,
      ROW_BLOCKS: rowBlocks,
      COLUMN_BLOCKS: columnBlocks,
      PIXEL_BLOCKS: pixelBlocks,
      BLOCKS: blocks,
      FOLD: x,
      FOLDED: Number(blocks !== x * y),
    },
    operands: [kind, kind],
    width,
    workgroups: [x, y, z],
    multiplyAdds: product.multiplyAdds,
  };
}

/** Results written at once: a vec4 where they fill the row. */
function widthOf(product: Product): 1 | 4 {
  return product.columns % 4 === 0 ? 4 : 1;
}

/** Length of one of `splits` consecutive ranges of `depth`: a multiple of 4, so the last may be shorter or empty. */
export function splitRange(depth: number, splits: number): number {
  return Math.ceil(depth / splits / 4) * 4;
}

/** Whether operands of these sizes in floats fit textures of this adapter. */
export function fitTextures(adapter: AdapterTraits, ...sizes: readonly number[]): boolean {
  return sizes.every((size) => Math.ceil(size / 4 / TEXTURE_PITCH) <= adapter.maxTextureSide);
}
