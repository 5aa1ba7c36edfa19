/** The traits of an adapter that kernels are chosen by. */

/** What kernel choice may depend on: limits as WebGPU names them, bytes of workgroup memory, texels a side. */
export interface AdapterTraits {
  /** Runs on the CPU (llvmpipe, SwiftShader). */
  readonly software: boolean;
  /** Part of a CPU and without memory of its own, as far as its name tells. */
  readonly integrated?: boolean;
  /** Lanes that run together and can read each other's registers; absent where kernels cannot count on it. */
  readonly subgroup?: number;
  readonly maxInvocations: number;
  readonly maxWorkgroupMemory: number;
  readonly maxStorageBuffers: number;
  readonly maxStorageTextures: number;
  readonly maxTextureSide: number;
}

/** Texels in a row of an operand texture: float `i` is component `i % 4` of texel `(i / 4 % pitch, i / 4 / pitch)`. */
export const TEXTURE_PITCH = 4096;
