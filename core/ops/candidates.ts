/** Which kernels a product has on which kind of adapter, best first. */

import type { AdapterTraits, Kernel } from "../tensor.ts";
import { fitTextures, type Place } from "./row_block.ts";

/** A CPU: two vectors of AVX2 or one of AVX-512, loads from storage textures, which are vector code there. */
const CPU = { lanes: 16, operands: "texture" } as const;
/** A GPU: two to eight of its vectors; loads from buffers, which have caches of their own. */
const GPU = { lanes: 64, operands: "buffer" } as const;
/** Columns below which most of a tile through workgroup memory, 64 wide at least, would be for nothing. */
const FEW_COLUMNS = 16;

/** A product and its kernels of both kinds. */
export interface ProductKernels {
  readonly columns: number;
  /** Floats of the operands. */
  readonly sizes: readonly number[];
  rowBlocks(place: Place): Kernel[];
  tiles(): Kernel[];
}

/**
 * The candidates. On a CPU register blocks, in one way of reading operands, since values may live in textures alone;
 * tiles through workgroup memory are four times slower there and take half a minute to compile for `small`: they come
 * where nothing else does. On a GPU tiles, unless the result has few columns.
 */
export function productKernels(adapter: AdapterTraits, product: ProductKernels): Kernel[] {
  const lastResort = (kernel: Kernel): Kernel => ({ ...kernel, lastResort: true });
  const { software, subgroup = 0 } = adapter;
  if (software) {
    const place: Place = { ...CPU, subgroup, together: subgroup }; // a subgroup is a vector: lanes side by side
    if (fitTextures(adapter, ...product.sizes)) return product.rowBlocks(place);
    return [...product.rowBlocks({ ...place, operands: "buffer" }), ...product.tiles().map(lastResort)];
  }
  // Which lanes of a workgroup are a subgroup is the GPU's affair: only what is the same for all can be shared.
  const rowBlocks = product.rowBlocks({ ...GPU, subgroup, together: GPU.lanes });
  return product.columns < FEW_COLUMNS ? [...rowBlocks, ...product.tiles()] : [...product.tiles(), ...rowBlocks];
}
