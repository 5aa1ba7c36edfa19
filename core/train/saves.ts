/** What a run in training has on disk: checkpoints, autosaves between them, and what can be saved after a failure. */

import { DeviceError } from "../gpu/device.ts";
import { type CheckpointFile, type CheckpointKind, checkpointsOf } from "../sampling/run.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { removeAutosaves } from "./run_folder.ts";
import { NonFiniteError, type Trainer } from "./trainer.ts";

/** Longest time without a checkpoint, in ms: what a lost adapter may cost. */
export const AUTOSAVE_EVERY = 5 * 60_000;
const SECOND_AUTOSAVE = 30_000; // ms behind the first, which is made at once: what fails, fails early

/** Writes the checkpoints of a run and knows the last. */
export class Saves {
  #last: CheckpointFile | null;
  #checkpoint: number;
  #time = performance.now();
  #wait: number;

  constructor(
    readonly folder: string,
    readonly trainer: Trainer,
    /** What training goes on from. */
    resumed: CheckpointFile | null,
    readonly options: { autosaveEvery: number; resumeCommand: (run: string) => string },
  ) {
    this.#last = resumed && { iteration: resumed.iteration, path: resumed.path };
    this.#checkpoint = trainer.iteration;
    this.#wait = resumed ? this.#secondWait : 0;
  }

  /** The iteration of the last checkpoint that stays; where there is none, that which training began from. */
  get checkpoint(): number {
    return this.#checkpoint;
  }

  /** Whether there is something to save, and nothing has been saved for long. */
  get autosaveDue(): boolean {
    return this.#unsaved > 0 && performance.now() - this.#time >= this.#wait;
  }

  /** Iterations since the last was saved. */
  get #unsaved(): number {
    return this.trainer.iteration - (this.#last?.iteration ?? 0);
  }

  get #secondWait(): number {
    return Math.min(SECOND_AUTOSAVE, this.options.autosaveEvery);
  }

  /**
   * Writes the state after the iterations so far; autosaves before it are removed.
   *
   * @returns The path of the file
   * @throws {NonFiniteError} If a value is no finite number
   * @throws {RunError} If the file cannot be written
   */
  async save(kind: CheckpointKind): Promise<string> {
    return await this.#write(kind, await this.trainer.read());
  }

  /**
   * The error with what can be gone on from. After an error that was only reported the state is saved first: the GPU
   * still has it. Of a lost one nothing can be read.
   */
  async rescue(error: unknown): Promise<unknown> {
    if (error instanceof NonFiniteError) {
      const last = this.#last ? `the last good checkpoint is ${this.#last.path}` : "there is no checkpoint yet";
      error.message += `; ${last}, and a lower --lr may help`;
      return error;
    }
    try {
      this.trainer.device.check();
    } catch (failure) {
      error = failure; // whatever came of it first
    }
    if (!(error instanceof DeviceError)) return error;
    await this.#saveWhatIsThere().catch(() => {}); // the message says what there is instead
    error.message += `; ${await this.#advice()}`;
    return error;
  }

  /** What a run is gone on with from here: its folder, or the last file where the folder has one of later iterations. */
  async resumable(): Promise<string> {
    const newest = (await checkpointsOf(this.folder).catch(() => [])).at(-1);
    return this.#last === null || newest?.path === this.#last.path ? this.folder : this.#last.path;
  }

  async #saveWhatIsThere(): Promise<void> {
    const { device, iteration, options } = this.trainer;
    if (this.#unsaved === 0 || !device.forgive()) return;
    const values = await this.trainer.read();
    const [steps] = (values as { step: Uint32Array }).step;
    if (steps === iteration * (options.criticSteps + 1)) await this.#write("checkpoint", values); // else one did not run
  }

  async #advice(): Promise<string> {
    const last = this.#last;
    if (last === null) return "no iteration was done; the same call begins the run again";
    const lost = this.trainer.measured - last.iteration;
    const command = this.options.resumeCommand(await this.resumable());
    return `iteration ${last.iteration} is saved as ${last.path}` +
      `${lost > 0 ? `, ${iterations(lost)} after it ${lost === 1 ? "is" : "are"} lost` : ""}; go on with: ${command}`;
  }

  async #write(kind: CheckpointKind, values: Awaited<ReturnType<Trainer["read"]>>): Promise<string> {
    const { iteration, options, state } = this.trainer;
    const path = await writeCheckpoint(this.folder, iteration, { kind, options, leaves: state.leaves(), values });
    this.#last = { iteration, path };
    if (kind === "checkpoint") this.#checkpoint = iteration;
    this.#wait = this.#wait === 0 ? this.#secondWait : this.options.autosaveEvery;
    this.#time = performance.now();
    await removeAutosaves(this.folder, path);
    return path;
  }
}

const iterations = (count: number): string => `${count} iteration${count === 1 ? "" : "s"}`;
