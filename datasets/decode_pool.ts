/** Pictures decoded in parallel: files go to workers as fast as these take them, so few are in memory at once. */

import type { FileContent } from "./picture_files.ts";
import type { ImageFormat } from "./picture.ts";
import type { DecodeAnswer, DecodeFailure, DecodeRequest } from "./picture_worker.ts";

/** Files a worker may have: one that it decodes, and the next one, so that it does not wait. */
const AHEAD = 2;

/** A worker is worth its start, about 0.1 s, from so many pictures on. */
const WORTH_A_WORKER = 32;

/** How pictures are decoded. */
export interface DecodeOptions {
  readonly format: ImageFormat;
  /** How many pictures there will be at most. */
  readonly count: number;
  /** Workers at most; default one for each core. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
}

/**
 * Decodes files in workers and hands each image over as soon as it is ready, in no fixed order; a file that comes with a
 * fault needs no worker.
 *
 * @param onAnswer Called for every file with its image `[size, size, channels]` or its fault; what it throws ends all
 * @throws What `files` or `onAnswer` throw, and the signal's reason, if it aborts
 */
export async function decodeAll(
  files: AsyncIterable<FileContent>,
  { format, count, workers = navigator.hardwareConcurrency, signal }: DecodeOptions,
  onAnswer: (answer: DecodeAnswer) => void,
): Promise<void> {
  const pool = new DecodePool(Math.max(1, Math.min(workers, Math.ceil(count / WORTH_A_WORKER))), onAnswer);
  const abort = () => pool.fail(signal?.reason);
  signal?.addEventListener("abort", abort);
  try {
    signal?.throwIfAborted();
    for await (const file of files) {
      if ("fault" in file) onAnswer(file);
      else await pool.send({ ...file, format });
    }
    await pool.done();
  } finally {
    signal?.removeEventListener("abort", abort);
    pool.terminate();
  }
}

class DecodePool {
  readonly #workers: Worker[];
  /** Workers that can take another file, once for each. */
  readonly #free: Worker[];
  readonly #places: number;
  #failure: { reason: unknown } | null = null;
  #changed = Promise.withResolvers<void>();

  constructor(workers: number, onAnswer: (answer: DecodeAnswer) => void) {
    this.#workers = Array.from({ length: workers }, () => this.#start(onAnswer));
    this.#free = Array.from({ length: AHEAD }, () => this.#workers).flat();
    this.#places = this.#free.length;
  }

  /** Returns when a worker has the file. */
  async send(request: DecodeRequest): Promise<void> {
    await this.#until(() => this.#free.length > 0);
    this.#free.shift()!.postMessage(request, [request.content.buffer]);
  }

  /** Returns when every file is answered. */
  async done(): Promise<void> {
    await this.#until(() => this.#free.length === this.#places);
  }

  /** Ends all waiting with this error. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#change();
  }

  terminate(): void {
    for (const worker of this.#workers) worker.terminate();
  }

  async #until(reached: () => boolean): Promise<void> {
    while (this.#failure === null && !reached()) await this.#changed.promise;
    if (this.#failure !== null) throw this.#failure.reason;
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #start(onAnswer: (answer: DecodeAnswer) => void): Worker {
    const worker = new Worker(new URL("./picture_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<DecodeAnswer | DecodeFailure>) => {
      try {
        if ("failure" in data) throw new Error(`Cannot decode ${data.name}: ${data.failure}, expected no such error`);
        onAnswer(data);
      } catch (error) {
        this.fail(error);
      }
      this.#free.push(worker);
      this.#change();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.fail(new Error(`Cannot decode pictures: a worker stopped with ${event.message}, expected it to go on`));
    };
    return worker;
  }
}
