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
  /** How many of these, a row, the lanes of a subgroup can do for each other; 0 where the shader has no such loads. */
  readonly rowShares: number;
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
  /** Lanes that can do loads for each other; 0 where they cannot. */
  readonly subgroup: number;
  /** So many lanes side by side are whole subgroups. */
  readonly together: number;
}

/** Largest rows x column groups: compile time grows with it, 8 x 4 takes llvmpipe about 0.2 s. */
const MOST_REGISTERS = 32;
/** Instructions of llvmpipe for a texel load, for the multiply-adds of four depths, and for going round the loop. */
const LOAD_COST = 62;
const FMA_COST = 12;
/** For a texel that another lane has loaded. */
const BROADCAST_COST = 12;
const LOOP_COST = 80;
/** For every row and column of a workgroup: a square one takes the least from memory. */
const SIDE_COST = 0.5;
/** Tiles to have, and how far above the least estimate one may be so that it is worth measuring. */
const MOST_TILES = 2;
const NEARLY_BEST = 1.15;
/** Terms of one invocation's sum: llvmpipe ends its loops after 65535 rounds without a word. */
export const LONGEST_SUM = 2 ** 15;

/** A tile with its estimated work, and the lanes that share loads in it. */
interface Estimate {
  readonly cost: number;
  readonly subgroup: number;
  readonly tile: Tile;
}

/** Tiles of all shapes: wasted lanes and edges against loads that many products share. */
function estimates(product: Product, { lanes, subgroup, together }: Place): Estimate[] {
  const { rows, columns, pixels, rowLoads, rowShares, rowGroup } = product;
  const width = widthOf(product);
  const groups = columns / width;
  const powers = [1, 2, 4, 8, 16, 32, 64].filter((count) => count <= lanes);
  const result: Estimate[] = [];
  for (const ROWS of [1, 2, 4, 8, 16].filter((count) => count % rowGroup === 0)) {
    const rowCost = subgroup === 0
      ? ROWS * rowLoads * LOAD_COST
      : sharedLoads(product, ROWS, subgroup) * rowLoads / rowShares * LOAD_COST + ROWS * rowShares * BROADCAST_COST;
    for (const VECS of [1, 2, 4].filter((count) => count * ROWS <= MOST_REGISTERS)) {
      const stepCost = rowCost + VECS * 4 * LOAD_COST + ROWS * VECS * width * FMA_COST + LOOP_COST;
      for (const LANES_X of powers.filter((count) => subgroup === 0 || count % together === 0)) {
        for (const LANES_P of powers.filter((count) => count * LANES_X <= lanes && count <= pixels)) {
          const LANES_Y = lanes / LANES_X / LANES_P;
          const blocks = Math.ceil(groups / (LANES_X * VECS)) * Math.ceil(rows / (LANES_Y * ROWS)) *
            Math.ceil(pixels / LANES_P);
          const side = LANES_X * VECS * width + LANES_P * LANES_Y * ROWS;
          const cost = blocks * (stepCost + side * SIDE_COST);
          result.push({ cost, subgroup, tile: { LANES_X, LANES_P, LANES_Y, ROWS, VECS } });
        }
      }
    }
  }
  return result;
}

/** Loads of each lane for all of a subgroup. */
function sharedLoads({ rowShares }: Product, rows: number, subgroup: number): number {
  return subgroup === 0 ? 0 : Math.ceil(rows * rowShares / subgroup);
}

/**
 * The register-blocked kernels of a shader for a product of this shape in the tiles estimated best, with one at least
 * that does without subgroups.
 */
export function rowBlockKernels(
  shader: string,
  product: Product,
  constants: Readonly<Record<string, number>>,
  place: Place,
): Kernel[] {
  const byCost = (list: Estimate[]) => list.sort((a, b) => a.cost - b.cost);
  const alone = byCost(estimates(product, { ...place, subgroup: 0 }));
  const shared = place.subgroup > 0 && product.rowShares > 0 ? estimates(product, place) : [];
  const best = byCost([...alone, ...shared]).slice(0, MOST_TILES);
  if (best.every(({ subgroup }) => subgroup > 0)) best.push(alone[0]);
  return best.map(({ cost, subgroup, tile }) => ({
    ...rowBlockKernel(shader, product, constants, { ...place, subgroup, tile }),
    lastResort: cost > best[0].cost * NEARLY_BEST,
  }));
}

/** The register-blocked kernel of a shader for a product of this shape in a tile. */
export function rowBlockKernel(
  shader: string,
  product: Product,
  constants: Readonly<Record<string, number>>,
  { operands: kind, subgroup, tile }: Place & { tile: Tile },
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
      ROW_BASE: 0,
      COLUMN_BASE: 0,
      SUBGROUP: subgroup,
      SHARED_LOADS: sharedLoads(product, tile.ROWS, subgroup),
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
