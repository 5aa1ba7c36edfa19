/** A checkpoint on the GPU, for as long as someone uses it. */

import type { Device } from "../core/gpu/device.ts";
import { readTree, type TreeReading } from "../core/reading/reading.ts";
import { RunError } from "../core/sampling/run.ts";
import { openSampler, RareRegionError, type Sampler } from "../core/sampling/sampler.ts";
import type { Admission } from "./admission.ts";
import { RequestError } from "./errors.ts";

/** A model that answers: one checkpoint of one run. */
export interface Model {
  /** Name of the run. */
  readonly run: string;
  readonly iteration: number;
  /** Folder of the run, null for a checkpoint file that lies alone. */
  readonly folder: string | null;
  /** Options of the run. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of the average of the weights over the last iterations. */
  readonly sampler: Sampler;
  /** Of the newest weights; opened when first asked for. */
  live(): Promise<Sampler>;
  /** What the tree has learned; computed when first asked for. */
  reading(): Promise<TreeReading>;
}

/** Where a model is opened, and for which run. */
export interface Opening {
  readonly device: Device;
  readonly admission: Admission;
  readonly run: string;
  readonly folder: string | null;
  /** Whether all that is asked for most is compiled before the first request, or one program. */
  readonly warm: boolean;
}

/** A model, closed when it is retired and its last user is done. */
export class LoadedModel implements Model {
  #users = 0;
  #retired = false;
  #live: Promise<Sampler> | undefined;
  #reading: Promise<TreeReading> | undefined;
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<void>();

  private constructor(readonly sampler: Sampler, readonly opening: Opening) {
    opening.admission.add(sampler);
  }

  /**
   * Opens a checkpoint and runs it, so that its kernels are compiled before the first request.
   *
   * @throws {RunError} If the file cannot be used
   */
  static async open(path: string, opening: Opening): Promise<LoadedModel> {
    const sampler = await openSampler(opening.device, path);
    try {
      if (opening.warm) await warm(sampler);
      else await sampler.sample({ n: 1, seed: 0 });
      return new LoadedModel(sampler, opening);
    } catch (error) {
      await sampler.close();
      throw error;
    }
  }

  get run(): string {
    return this.opening.run;
  }

  get folder(): string | null {
    return this.opening.folder;
  }

  get iteration(): number {
    return this.sampler.source.iteration;
  }

  get options(): Readonly<Record<string, unknown>> {
    return this.sampler.source.options;
  }

  live(): Promise<Sampler> {
    this.#live ??= this.#openLive();
    this.#live.catch(() => this.#live = undefined);
    return this.#live;
  }

  reading(): Promise<TreeReading> {
    this.#reading ??= readTree(this.sampler, { signal: this.#closing.signal });
    this.#reading.catch(() => this.#reading = undefined);
    return this.#reading;
  }

  /** Runs `action` with the model; null if it was retired before. */
  async use<T>(action: (model: Model) => Promise<T>): Promise<{ result: T } | null> {
    if (this.#retired) return null;
    this.#users++;
    try {
      return { result: await action(this) };
    } finally {
      this.#users--;
      this.#closeIfDone();
    }
  }

  /** Takes no more users; resolves when the last is done and the memory is given back. */
  retire(): Promise<void> {
    this.#retired = true;
    this.#closeIfDone();
    return this.#closed.promise;
  }

  async #openLive(): Promise<Sampler> {
    const { device, admission } = this.opening;
    const { path } = this.sampler.source;
    const sampler = await openSampler(device, path, { weights: "live" }).catch((error) => {
      if (!(error instanceof RunError)) throw error;
      throw new RequestError(409, "no_live_weights", error.message, "weights"); // the file is gone, or has none
    });
    admission.add(sampler);
    return sampler;
  }

  #closeIfDone(): void {
    if (this.#retired && this.#users === 0) this.#close().then(this.#closed.resolve, this.#closed.reject);
  }

  async #close(): Promise<void> {
    this.#closing.abort(new RunError(`Cannot read the tree of ${this.run}: a newer checkpoint took its place`));
    await this.#reading?.catch(() => {});
    const live = await this.#live?.catch(() => undefined);
    for (const sampler of live === undefined ? [this.sampler] : [this.sampler, live]) {
      await sampler.close();
      this.opening.admission.remove(sampler);
    }
  }
}

/** Few and many samples, of the whole model and of a part of it: other kinds and sizes are other programs. */
async function warm(sampler: Sampler): Promise<void> {
  const places = sampler.structure.nodes === 1 ? [0] : [0, 1];
  for (const node of places) {
    for (const n of [1, 64]) {
      await sampler.sample({ n, seed: 0, node }).catch((error) => {
        if (!(error instanceof RareRegionError)) throw error; // a tree that never goes left there can be served, too
      });
    }
  }
}
