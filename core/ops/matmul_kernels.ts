/** Kernels of the batched matrix product, best first. */

import type { AdapterTraits, Kernel } from "../tensor.ts";
import { productKernels } from "./candidates.ts";
import { rowBlockKernels, splitRange } from "./row_block.ts";
import { tiledKernels } from "./tiled.ts";
import shader from "../../shaders/matmul.wgsl" with { type: "text" };

/** `C[s, b] = A[b] B[b]` summed over the `s`-th range of `k`: A as `[m, k]` or `[k, m]`, B as `[k, n]`. */
export interface MatmulProblem {
  readonly batches: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: "mk" | "km";
  readonly splits: number;
}

/** Candidates for `C [splits, batches, m, n]` from A and B. */
export function matmulKernels({ batches, m, n, k, a, splits }: MatmulProblem, adapter: AdapterTraits): Kernel[] {
  const transposed = a === "km";
  const vectorRows = (transposed ? m : k) % 4 === 0;
  const depth = splitRange(k, splits);
  const step = k % 4 === 0 ? 4 : 1;
  const constants = {
    BATCHES: batches,
    M: m,
    N: n,
    K: k,
    SPLIT: depth,
    TRANSPOSED: Number(transposed),
    VECTOR_ROWS: Number(vectorRows),
    STEP: step,
  };
  const product = { rows: m, columns: n, repeats: batches * splits, multiplyAdds: batches * m * n * k };
  return productKernels(adapter, {
    columns: n,
    sizes: [batches * m * k, batches * k * n],
    rowBlocks: (place) => {
      const loads = {
        pixels: 1,
        rowLoads: vectorRows ? 1 : 4,
        rowGroup: transposed ? 4 : 1,
        rowShares: !vectorRows ? 0 : transposed ? step / 4 : 1,
      };
      return rowBlockKernels(shader, { ...product, ...loads }, constants, place);
    },
    tiles: () => tiledKernels(shader, { ...product, depth }, constants, adapter),
  });
}
