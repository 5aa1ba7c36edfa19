/** What every command of a submission took, from timestamps that the GPU writes. */

import type { Device } from "./device.ts";
import { type Command, copyBuffer, copyToTexture, encode, Readback } from "./executor.ts";

/** What the adapter needs to be opened with. */
export const TIMESTAMPS: GPUFeatureName = "timestamp-query";

/** When the host, in ms of its clock, began to encode commands, had encoded and had submitted them. */
export interface HostTimes {
  begin: number;
  encoded: number;
  submitted: number;
}

/** A submission; when each of its commands began and ended, in ns of the GPU's clock. */
export interface Timed {
  host: HostTimes;
  begins: Float64Array;
  ends: Float64Array;
}

const MOST_QUERIES = 4096; // of a query set
const COMMANDS_IN_A_SET = MOST_QUERIES / 2;
const BYTES = 8; // of a timestamp
const CLOCK_GAP = 100; // ms between the two looks at both clocks
const SAME_CLOCK = 0.1; // relative: nearer to 1 than this is jitter of the host

/** Submits as `submit` does, and says when. */
export function timedSubmit(device: Device, commands: readonly Command[]): HostTimes {
  const begin = performance.now();
  const buffer = encode(device, commands);
  const encoded = performance.now();
  device.gpu.queue.submit([buffer]);
  return { begin, encoded, submitted: performance.now() };
}

/**
 * Submits commands with a timestamp before and one behind each: a dispatch is a compute pass of its own; a copy, which
 * no pass can hold, lies between two empty passes.
 */
export class Recorder {
  readonly #sets: GPUQuerySet[] = [];
  readonly #resolved: GPUBuffer[] = [];
  readonly #readback: Readback;
  #origin: bigint | null = null;

  private constructor(readonly device: Device, /** ns of a unit of the GPU's clock. */ readonly period: number) {
    this.#readback = new Readback(device);
  }

  /** A recorder that knows how fast the GPU's clock goes; null if the device was opened without `TIMESTAMPS`. */
  static async open(device: Device): Promise<Recorder | null> {
    if (!device.gpu.features.has(TIMESTAMPS)) return null;
    const clock = new Recorder(device, 1);
    try {
      return new Recorder(device, await clock.#measuredPeriod());
    } finally {
      clock.destroy();
    }
  }

  /** Encodes and submits the commands; the promise resolves when they have run. */
  submit(commands: readonly Command[]): Promise<Timed> {
    this.device.check();
    const begin = performance.now();
    const sets = Math.ceil(commands.length / COMMANDS_IN_A_SET);
    while (this.#sets.length < sets) this.#addSet();
    const encoder = this.device.gpu.createCommandEncoder();
    const pass = (set: number, beginningOfPassWriteIndex?: number, endOfPassWriteIndex?: number) =>
      encoder.beginComputePass({
        timestampWrites: { querySet: this.#sets[set], beginningOfPassWriteIndex, endOfPassWriteIndex },
      });
    for (const [i, command] of commands.entries()) {
      const set = Math.floor(i / COMMANDS_IN_A_SET);
      const query = 2 * (i % COMMANDS_IN_A_SET);
      if (command.kind === "dispatch") {
        const own = pass(set, query, query + 1);
        own.setPipeline(command.pipeline);
        own.setBindGroup(0, command.bindGroup);
        own.dispatchWorkgroups(...command.workgroups);
        own.end();
        continue;
      }
      pass(set, undefined, query).end();
      if (command.kind === "buffer") copyBuffer(encoder, command);
      else copyToTexture(encoder, command);
      pass(set, query + 1).end();
    }
    const counts = this.#sets.slice(0, sets).map((_, set) => {
      return 2 * Math.min(COMMANDS_IN_A_SET, commands.length - set * COMMANDS_IN_A_SET);
    });
    for (const [set, count] of counts.entries()) {
      encoder.resolveQuerySet(this.#sets[set], 0, count, this.#resolved[set], 0);
    }
    const buffer = encoder.finish();
    const encoded = performance.now();
    this.device.gpu.queue.submit([buffer]);
    const host = { begin, encoded, submitted: performance.now() };
    const parts = this.#readback.read(
      counts.map((count, set) => ({ buffer: this.#resolved[set], bytes: count * BYTES })),
    );
    return parts.then((parts) => ({ host, ...this.#times(commands.length, parts) }));
  }

  /** Frees the query sets. */
  destroy(): void {
    this.#readback.destroy();
    for (const set of this.#sets) set.destroy();
    for (const buffer of this.#resolved) buffer.destroy();
  }

  #addSet(): void {
    const { gpu } = this.device;
    this.#sets.push(gpu.createQuerySet({ type: "timestamp", count: MOST_QUERIES }));
    this.#resolved.push(gpu.createBuffer({
      label: "timestamps",
      size: MOST_QUERIES * BYTES,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    }));
  }

  #times(count: number, parts: readonly ArrayBuffer[]): Pick<Timed, "begins" | "ends"> {
    const stamps = parts.flatMap((part) => [...new BigUint64Array(part)]);
    const origin = this.#origin ??= stamps[0] ?? null;
    const time = (stamp: bigint) => Number(stamp - origin!) * this.period;
    return {
      begins: Float64Array.from({ length: count }, (_, i) => time(stamps[2 * i])),
      ends: Float64Array.from({ length: count }, (_, i) => time(stamps[2 * i + 1])),
    };
  }

  /** WebGPU promises ns, but Deno hands on what the driver counts in, which differs from GPU to GPU. */
  async #measuredPeriod(): Promise<number> {
    const look = async () => {
      const host = performance.now();
      const gpu = await this.#now();
      return { host, gpu };
    };
    await look(); // a GPU that slept
    const first = await look();
    await new Promise((resolve) => setTimeout(resolve, CLOCK_GAP));
    const second = await look();
    const period = (second.host - first.host) * 1e6 / (second.gpu - first.gpu);
    return Math.abs(period - 1) < SAME_CLOCK || !Number.isFinite(period) ? 1 : period;
  }

  /** The GPU's clock when it gets to an empty pass. */
  async #now(): Promise<number> {
    if (this.#sets.length === 0) this.#addSet();
    const encoder = this.device.gpu.createCommandEncoder();
    encoder.beginComputePass({ timestampWrites: { querySet: this.#sets[0], beginningOfPassWriteIndex: 0 } }).end();
    encoder.resolveQuerySet(this.#sets[0], 0, 1, this.#resolved[0], 0);
    this.device.gpu.queue.submit([encoder.finish()]);
    const parts = await this.#readback.read([{ buffer: this.#resolved[0], bytes: BYTES }]);
    return this.#times(1, [...parts, new ArrayBuffer(BYTES)]).begins[0];
  }
}
