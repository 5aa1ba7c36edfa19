/** A flat list of GPU commands, made once and submitted as often as wanted. */

import { type BufferRange, type Device, DeviceError } from "./device.ts";

/** A kernel run. */
export interface Dispatch {
  kind: "dispatch";
  label: string;
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  workgroups: readonly [x: number, y: number, z: number];
}

/** A copy of the first bytes. */
export interface BufferCopy {
  kind: "buffer";
  from: Source;
  to: Source;
  bytes: number;
}

/** Where something begins in a buffer. */
export type Source = Pick<BufferRange, "buffer" | "offset">;

/** A copy of the first texels (16 bytes each), row after row. */
export interface TextureCopy {
  kind: "texture";
  from: Source;
  to: GPUTexture;
  texels: number;
}

/** A texture that holds a copy of a variable, which is made again only after the variable changed (`Device.changed`). */
export interface CachedTexture {
  readonly copy: TextureCopy;
  fresh: boolean;
}

/** One entry of a list. */
export type Command = Dispatch | BufferCopy | TextureCopy;

/** A way to submit commands: `submit`, or that of a `Recorder`. */
export type Submit = (device: Device, commands: readonly Command[]) => void;

/**
 * Runs that are submitted together: six submissions cost the host about twice what one with all of them does. What is
 * begun must be sent: a run counts as done when it is added.
 */
export class Submission {
  readonly #commands: Command[] = [];
  readonly #runs = new Map<object, number>();

  constructor(readonly device: Device) {}

  /** Adds commands behind those that are there. */
  add(commands: readonly Command[]): void {
    for (const command of commands) this.#commands.push(command);
  }

  /** How often this was asked about the same thing before. */
  turnOf(runner: object): number {
    const turn = this.#runs.get(runner) ?? 0;
    this.#runs.set(runner, turn + 1);
    return turn;
  }

  /** Submits everything; does not wait. */
  send(): void {
    submit(this.device, this.#commands);
  }
}

/** Encodes the commands in their order and submits them; does not wait. */
export function submit(device: Device, commands: readonly Command[]): void {
  device.gpu.queue.submit([encode(device, commands)]);
}

/** The commands in their order, to be submitted once. */
export function encode(device: Device, commands: readonly Command[]): GPUCommandBuffer {
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
    if (command.kind === "buffer") copyBuffer(encoder, command);
    else copyToTexture(encoder, command);
  }
  pass?.end();
  return encoder.finish();
}

/** Encodes a copy between buffers. */
export function copyBuffer(encoder: GPUCommandEncoder, { from, to, bytes }: BufferCopy): void {
  encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, bytes);
}

/** Encodes the copy of whole rows, then of the rest. */
export function copyToTexture(encoder: GPUCommandEncoder, { from, to, texels }: TextureCopy): void {
  const rows = Math.floor(texels / to.width);
  const bytesPerRow = to.width * 16;
  if (rows > 0) encoder.copyBufferToTexture({ ...from, bytesPerRow }, { texture: to }, [to.width, rows]);
  const rest = texels % to.width;
  if (rest > 0) {
    const source = { buffer: from.buffer, bytesPerRow, offset: from.offset + rows * bytesPerRow };
    encoder.copyBufferToTexture(source, { texture: to, origin: [0, rows] }, [rest, 1]);
  }
}

/** Most bytes of a staging buffer unless a reader says otherwise: a quarter of what every adapter allows. */
export const CHUNK = 2 ** 26;
/** Staging buffers up to this size are kept for the next read: losses and pictures are read often, whole states are not. */
const KEPT = 2 ** 22;

/** What is read. */
export interface ReadSource {
  buffer: GPUBuffer;
  offset?: number;
  bytes: number;
}

/** Bytes of a source that go through a staging buffer. */
interface Piece {
  source: number;
  from: number;
  bytes: number;
  /** Where they lie in the staging buffer. */
  at: number;
}

/** A staging buffer and what is copied into it. */
interface Chunk {
  staging: GPUBuffer;
  pieces: readonly Piece[];
}

/** Sources of these sizes one behind the other, cut into staging buffers of at most `chunk` bytes. */
function chunksOf(sizes: readonly { byteLength: number }[], chunk: number): Piece[][] {
  const chunks: Piece[][] = [];
  let room = 0;
  for (const [source, { byteLength: size }] of sizes.entries()) {
    for (let from = 0; from < size;) {
      if (room === 0) {
        chunks.push([]);
        room = chunk;
      }
      const bytes = Math.min(size - from, room);
      chunks[chunks.length - 1].push({ source, from, bytes, at: chunk - room });
      from += bytes;
      room -= bytes;
    }
  }
  return chunks;
}

/** Reads buffers through staging buffers: each read copies now and can be awaited later. */
export class Readback {
  readonly #free: GPUBuffer[] = [];
  #destroyed = false;

  /** @param chunk Most bytes of a staging buffer, a multiple of 4 */
  constructor(readonly device: Device, readonly chunk = CHUNK) {}

  /**
   * The first bytes of each source as they are after everything submitted so far, and after some commands that are
   * submitted along: a second submission would wait on llvmpipe, and the host with it, until the first has run.
   *
   * @throws {DeviceError} If the adapter was lost
   */
  read(sources: readonly ReadSource[], commands: readonly Command[] = []): Promise<ArrayBuffer[]> {
    this.device.check();
    const before = commands.length === 0 ? [] : [encode(this.device, commands)];
    const results = sources.map(({ bytes }) => new ArrayBuffer(bytes));
    const encoder = this.device.gpu.createCommandEncoder();
    const chunks = chunksOf(results, this.chunk).map((pieces) => this.#copy(encoder, pieces, sources));
    this.device.gpu.queue.submit([...before, encoder.finish()]);
    const moved = chunks.map((chunk) => this.#move(chunk, results));
    return this.device.track(Promise.all(moved).then(() => results));
  }

  /**
   * The same for what is large and does not change meanwhile: one staging buffer at a time.
   *
   * @throws {DeviceError} If the adapter was lost
   */
  async readInTurn(sources: readonly ReadSource[]): Promise<ArrayBuffer[]> {
    const results = sources.map(({ bytes }) => new ArrayBuffer(bytes));
    for (const pieces of chunksOf(results, this.chunk)) {
      this.device.check();
      if (this.#destroyed) {
        throw new DeviceError("Cannot read from the GPU: it was freed meanwhile, expected it to stay");
      }
      const encoder = this.device.gpu.createCommandEncoder();
      const chunk = this.#copy(encoder, pieces, sources);
      this.device.gpu.queue.submit([encoder.finish()]);
      await this.device.track(this.#move(chunk, results));
    }
    return results;
  }

  #copy(encoder: GPUCommandEncoder, pieces: readonly Piece[], sources: readonly ReadSource[]): Chunk {
    const staging = this.#staging(pieces.reduce((total, { bytes }) => total + bytes, 0));
    for (const { source, from, bytes, at } of pieces) {
      const { buffer, offset = 0 } = sources[source];
      encoder.copyBufferToBuffer(buffer, offset + from, staging, at, bytes);
    }
    return { staging, pieces };
  }

  #staging(bytes: number): GPUBuffer {
    const known = this.#free.findIndex(({ size }) => size === bytes);
    return known >= 0 ? this.#free.splice(known, 1)[0] : this.device.createStaging(bytes);
  }

  /** Waits for the copies into a staging buffer and takes them out. */
  async #move({ staging, pieces }: Chunk, results: readonly ArrayBuffer[]): Promise<void> {
    try {
      await staging.mapAsync(GPUMapMode.READ);
      const mapped = staging.getMappedRange();
      for (const { source, from, bytes, at } of pieces) {
        new Uint8Array(results[source], from, bytes).set(new Uint8Array(mapped, at, bytes));
      }
      staging.unmap();
    } catch (error) {
      this.device.release(staging);
      await new Promise((resolve) => setTimeout(resolve)); // until a loss is known as such
      this.device.check();
      throw new DeviceError(`Cannot read from the GPU: ${(error as Error).message}, expected an answer`);
    }
    if (this.#destroyed || staging.size > KEPT) this.device.release(staging);
    else this.#free.push(staging);
  }

  /** Frees the staging buffers, those that reads are using as soon as these are done. */
  destroy(): void {
    this.#destroyed = true;
    for (const buffer of this.#free.splice(0)) this.device.release(buffer);
  }
}
