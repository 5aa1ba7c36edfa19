/** The shape of a kernel that goes through workgroup memory: 16 x 16 invocations of `ROWS` x `4 · VECS` results. */

import type { AdapterTraits, Kernel } from "../tensor.ts";
import { fold } from "./workgroups.ts";
import tiled from "../../shaders/tiled.wgsl" with { type: "text" };

/** A product of `[rows, depth]` by `[depth, columns]`, repeated `repeats` times. */
export interface TiledProduct {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly repeats: number;
  readonly multiplyAdds: number;
}

/** Workgroups below which a smaller tile is better, since part of a GPU would have nothing to do; else if it is small. */
const FEW_WORKGROUPS = 128;

/** Invocations of a workgroup. */
const INVOCATIONS = 256;

/** What one invocation holds: `ROWS` x `4 · VECS` results. */
interface Tile {
  readonly ROWS: number;
  readonly VECS: number;
}

/** Both fit what every adapter of WebGPU has: 256 invocations, 16 KiB. */
const SMALL: Tile = { ROWS: 4, VECS: 1 };
const LARGE: Tile = { ROWS: 8, VECS: 2 };

/** Whether an adapter has the invocations and the workgroup memory: 16 depths of the rows and columns, 4 bytes each. */
function fits({ ROWS, VECS }: Tile, { maxInvocations, maxWorkgroupMemory }: AdapterTraits): boolean {
  return INVOCATIONS <= maxInvocations && 16 * (16 * ROWS + 64 * VECS) * 4 <= maxWorkgroupMemory;
}

/** The tiled kernels of a shader for a product of this shape that fit the adapter, best first. */
export function tiledKernels(
  shader: string,
  product: TiledProduct,
  constants: Readonly<Record<string, number>>,
  adapter: AdapterTraits,
): Kernel[] {
  const tiles = [LARGE, SMALL].filter((tile) => fits(tile, adapter));
  const kernels = tiles.map((tile) => tiledKernel(shader, product, constants, tile));
  const smallFirst = adapter.integrated || kernels[0]?.constants.BLOCKS < FEW_WORKGROUPS;
  return smallFirst ? kernels.toReversed() : kernels;
}

function tiledKernel(
  shader: string,
  { rows, columns, depth, repeats, multiplyAdds }: TiledProduct,
  constants: Readonly<Record<string, number>>,
  { ROWS, VECS }: Tile,
): Kernel {
  const width = columns % 4 === 0 ? 4 : 1;
  const rowBlocks = Math.ceil(rows / (16 * ROWS));
  const columnBlocks = Math.ceil(columns / (64 * VECS));
  const blocks = rowBlocks * columnBlocks * repeats;
  const [x, y, z] = fold(blocks);
  return {
    shader: shader + tiled,
    entryPoint: "tiled",
    constants: {
      ...constants,
      TILED: 1,
      TILED_ROWS: rows,
      TILED_COLUMNS: columns,
      TILED_DEPTH: depth,
      ROWS,
      VECS,
      WIDTH: width,
      ROW_BLOCKS: rowBlocks,
      COLUMN_BLOCKS: columnBlocks,
      BLOCKS: blocks,
      FOLD: x,
      FOLDED: Number(blocks !== x * y),
    },
    operands: ["buffer", "buffer"],
    width,
    workgroups: [x, y, z],
    multiplyAdds,
  };
}
