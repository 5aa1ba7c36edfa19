/** A run that is served: its newest checkpoint that can be read, and what comes after it. */

import { type CheckpointFile, checkpointsOf } from "../core/sampling/run.ts";
import { RequestError } from "./errors.ts";
import { LoadedModel, type Opening } from "./loaded_model.ts";

const RETRY_AFTER = 5; // s until a run in training may have its first checkpoint

/** Where models are opened, and who is told of files that cannot be. */
export interface ServedRunOptions extends Omit<Opening, "run" | "folder"> {
  /** Gets what failed while nobody waited for it. */
  readonly report: (error: unknown) => void;
}

/** One run: holds at most one model that new requests go to. */
export class ServedRun {
  #current: { model: LoadedModel; stamp: string } | null = null;
  #opening: Promise<LoadedModel | null> | null = null;
  readonly #refused = new Set<string>(); // stamps of files that could not be opened
  #used = 0;

  constructor(
    readonly name: string,
    /** Folder of the run; null for a checkpoint file that lies alone. */
    readonly folder: string | null,
    /** The only checkpoint that is served; null: the newest of the folder. */
    readonly checkpoint: CheckpointFile | null,
    readonly options: ServedRunOptions,
  ) {}

  /** The model that new requests go to, if one is open. */
  get model(): LoadedModel | null {
    return this.#current?.model ?? null;
  }

  /** When the model was last asked for, in ms of `performance.now()`. */
  get used(): number {
    return this.#used;
  }

  /**
   * The model that new requests go to; opened if none is.
   *
   * @throws {RequestError} 503 `no_checkpoint` where there is none that can be read
   */
  async open(): Promise<LoadedModel> {
    this.#used = performance.now();
    const model = this.model ?? await this.refresh();
    if (model !== null) return model;
    throw noCheckpoint(this.name);
  }

  /**
   * Opens the newest checkpoint that can be read beside the one in use, if it is another, and takes it instead.
   *
   * @returns The model that new requests go to then, if there is one
   */
  refresh(): Promise<LoadedModel | null> {
    return this.#opening ??= this.#openNewest().then(() => this.model).finally(() => this.#opening = null);
  }

  /** Closes the model when its users are done. */
  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    const current = this.#current;
    this.#current = null;
    await current?.model.retire();
  }

  async #openNewest(): Promise<void> {
    if (this.checkpoint !== null) {
      if (this.#current === null) await this.#take(this.checkpoint.path, "");
      return;
    }
    for (const { path } of (await checkpointsOf(this.folder!).catch(() => [])).reverse()) {
      const stamp = await stampOf(path);
      if (stamp === null || this.#refused.has(stamp)) continue;
      if (stamp === this.#current?.stamp) return;
      try {
        return await this.#take(path, stamp);
      } catch (error) {
        this.options.device.check(); // a lost GPU says nothing about the file
        this.#refused.add(stamp);
        this.options.report(error);
      }
    }
  }

  async #take(path: string, stamp: string): Promise<void> {
    const { name: run, folder, options } = this;
    const model = await LoadedModel.open(path, { ...options, run, folder });
    const before = this.#current;
    this.#current = { model, stamp };
    before?.model.retire().catch(options.report);
  }
}

/** Names a file and what is in it, as far as the file system tells; null where there is none. */
async function stampOf(path: string): Promise<string | null> {
  const info = await Deno.stat(path).catch(() => null);
  return info && `${path} ${info.size} ${info.mtime?.getTime()}`;
}

/** What is answered while a run has nothing to sample from; null: while there is no run. */
export function noCheckpoint(run: string | null): RequestError {
  const found = run === null ? "no run is there yet" : `run ${run} has no checkpoint that can be read`;
  const message = `Cannot sample: ${found}, expected one once training has saved it`;
  return new RequestError(503, "no_checkpoint", message, "run", { "retry-after": String(RETRY_AFTER) });
}
