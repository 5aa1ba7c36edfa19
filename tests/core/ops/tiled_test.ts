/** Which kernels of a product an adapter may run. */

import { assert, assertEquals } from "@std/assert";
import { conv2dKernels, conv2dWeightKernels, convTranspose2dKernels } from "../../../core/ops/conv_kernels.ts";
import { matmulKernels } from "../../../core/ops/matmul_kernels.ts";
import type { AdapterTraits, Kernel } from "../../../core/tensor.ts";

/** The least that an adapter of WebGPU has. */
const LEAST: AdapterTraits = {
  software: false,
  maxInvocations: 256,
  maxWorkgroupMemory: 16384,
  maxStorageBuffers: 8,
  maxStorageTextures: 4,
  maxTextureSide: 8192,
};
/** Enough workgroups for the larger tile. */
const LARGE = { batches: 1, m: 2 ** 14, n: 64, k: 2 ** 15, a: "mk", splits: 1 } as const;
const SMALL = { batches: 1, m: 64, n: 64, k: 64, a: "mk", splits: 1 } as const;

/** Rows and vectors of the tiled candidates. */
function tilesOf(kernels: readonly Kernel[]): number[][] {
  return kernels.filter(({ constants }) => constants.TILED).map(({ constants }) => [constants.ROWS, constants.VECS]);
}

Deno.test("tiledKernels() offer only tiles whose workgroup fits the adapter", () => {
  assertEquals(tilesOf(matmulKernels(SMALL, LEAST)), [[4, 1], [8, 2]]);
  assertEquals(tilesOf(matmulKernels(LARGE, LEAST)), [[8, 2], [4, 1]]);
  assertEquals(tilesOf(matmulKernels(LARGE, { ...LEAST, integrated: true })), [[4, 1], [8, 2]]);
  assertEquals(tilesOf(matmulKernels(LARGE, { ...LEAST, maxWorkgroupMemory: 16383 })), [[4, 1]]);
  assertEquals(tilesOf(matmulKernels(SMALL, { ...LEAST, maxWorkgroupMemory: 8191 })), []);
  assertEquals(tilesOf(matmulKernels(SMALL, { ...LEAST, maxInvocations: 255 })), []);
});

Deno.test("every product has a kernel on the smallest adapter, with textures and without", () => {
  const problem = {
    batch: 8,
    height: 16,
    width: 16,
    inChannels: 3,
    outHeight: 8,
    outWidth: 8,
    outChannels: 16,
    kernelHeight: 4,
    kernelWidth: 4,
    stride: 2,
    padding: 1,
  };
  for (const software of [false, true]) {
    for (const maxTextureSide of [8192, 0]) {
      const adapter = { ...LEAST, software, maxTextureSide };
      const candidates = [
        matmulKernels(SMALL, adapter),
        matmulKernels(LARGE, adapter),
        conv2dKernels(problem, adapter),
        convTranspose2dKernels(problem, adapter),
        conv2dWeightKernels(problem, 2, adapter),
      ];
      for (const kernels of candidates) assert(kernels.length > 0, `${JSON.stringify(adapter)} has no kernel`);
    }
  }
});
