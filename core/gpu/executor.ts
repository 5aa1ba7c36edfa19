/** A flat list of GPU commands, made once and submitted as often as wanted. */

import { type Device, DeviceError } from "./device.ts";

/** A kernel run. */
export interface Dispatch {
  kind: "dispatch";
  label: string;
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  workgroups: readonly [x: number, y: number, z: number];
}

/** A copy of the first bytes of a buffer. */
export interface BufferCopy {
  kind: "buffer";
  from: GPUBuffer;
  to: GPUBuffer;
  bytes: number;
}

/** A copy of the first texels (16 bytes each) of a buffer, row after row. */
export interface TextureCopy {
  kind: "texture";
  from: GPUBuffer;
  to: GPUTexture;
  texels: number;
}

/** One entry of a list. */
export type Command = Dispatch | BufferCopy | TextureCopy;

/** Encodes the commands in their order and submits them; does not wait. */
export function submit(device: Device, commands: readonly Command[]): void {
  device.check();
  const encoder = device.gpu.createCommandEncoder();
  let pass: GPUComputePassEncoder | null = null;
  for (const command of commands) {
    if (command.kind === "dispatch") {
      pass ??= encoder.beginComputePass();
      pass.setPipeline(command.pipeline);
      pass.setBindGroup(0, command.bindGroup);
      pass.dispatchWorkgroups(...command.workgroups);
      continue;
    }
    pass?.end();
    pass = null;
    if (command.kind === "buffer") encoder.copyBufferToBuffer(command.from, 0, command.to, 0, command.bytes);
    else copyToTexture(encoder, command);
  }
  pass?.end();
  device.gpu.queue.submit([encoder.finish()]);
}

function copyToTexture(encoder: GPUCommandEncoder, { from, to, texels }: TextureCopy): void {
  const rows = Math.floor(texels / to.width);
  const bytesPerRow = to.width * 16;
  if (rows > 0) encoder.copyBufferToTexture({ buffer: from, bytesPerRow }, { texture: to }, [to.width, rows]);
  const rest = texels % to.width;
  if (rest > 0) {
    const source = { buffer: from, bytesPerRow, offset: rows * bytesPerRow };
    encoder.copyBufferToTexture(source, { texture: to, origin: [0, rows] }, [rest, 1]);
  }
}

/** Staging buffers that are used again: each read copies now and can be awaited later. */
export class Readback {
  readonly #free: GPUBuffer[] = [];
  #destroyed = false;

  constructor(readonly device: Device, readonly bytes: number) {}

  /**
   * The first bytes of each buffer as they are after everything submitted so far.
   *
   * @throws {DeviceError} If the adapter was lost
   */
  read(sources: readonly { buffer: GPUBuffer; bytes: number }[]): Promise<ArrayBuffer[]> {
    const { gpu } = this.device;
    this.device.check();
    const staging = this.#free.pop() ?? gpu.createBuffer({
      label: "readback",
      size: this.bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = gpu.createCommandEncoder();
    let offset = 0;
    for (const { buffer, bytes } of sources) {
      encoder.copyBufferToBuffer(buffer, 0, staging, offset, bytes);
      offset += bytes;
    }
    gpu.queue.submit([encoder.finish()]);
    return this.device.track(this.#map(staging, sources.map(({ bytes }) => bytes)));
  }

  async #map(staging: GPUBuffer, sizes: readonly number[]): Promise<ArrayBuffer[]> {
    try {
      await staging.mapAsync(GPUMapMode.READ);
    } catch (error) {
      this.device.check();
      throw new DeviceError(`Cannot read from the GPU: ${(error as Error).message}`);
    }
    const mapped = staging.getMappedRange();
    let offset = 0;
    const parts = sizes.map((bytes) => mapped.slice(offset, offset += bytes));
    staging.unmap();
    if (this.#destroyed) staging.destroy();
    else this.#free.push(staging);
    return parts;
  }

  /** Frees the staging buffers, those that reads are using as soon as these are done. */
  destroy(): void {
    this.#destroyed = true;
    for (const buffer of this.#free.splice(0)) buffer.destroy();
  }
}
