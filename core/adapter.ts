/** The traits of an adapter that kernels are chosen by. */

/** What kernel choice may depend on: limits as WebGPU names them, bytes of workgroup memory, texels a side. */
export interface AdapterTraits {
  /** Runs on the CPU (llvmpipe, SwiftShader). */
  readonly software: boolean;
  readonly maxInvocations: number;
  readonly maxWorkgroupMemory: number;
  readonly maxStorageBuffers: number;
  readonly maxTextureSide: number;
}
