/** Kernels of the batched matrix product, best first. */

import type { AdapterTraits, Kernel } from "../tensor.ts";
import { rowBlockKernel, splitRange } from "./row_block.ts";
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
export function matmulKernels(problem: MatmulProblem, _adapter: AdapterTraits): Kernel[] {
  return [rowBlock(problem)];
}

function rowBlock({ batches, m, n, k, a, splits }: MatmulProblem): Kernel {
  const transposed = a === "km";
  const vectorRows = (transposed ? m : k) % 4 === 0;
  const multiplyAdds = batches * m * n * k;
  return rowBlockKernel(shader, {
    rows: m,
    columns: n,
    pixels: 1,
    repeats: batches * splits,
    rowLoads: vectorRows ? 1 : 4,
    rowGroup: transposed ? 4 : 1,
    multiplyAdds,
  }, {
    BATCHES: batches,
    M: m,
    N: n,
    K: k,
    SPLIT: splitRange(k, splits),
    TRANSPOSED: Number(transposed),
    VECTOR_ROWS: Number(vectorRows),
    STEP: k % 4 === 0 ? 4 : 1,
  });
}
