/** Samples of a trained generator, on request. */

import type { Device } from "../gpu/device.ts";
import type { ModelOptions } from "../models/presets.ts";
import { describe, emptyResult, type Job, type Row, rowOf, slotOf, takePictures } from "./job.ts";
import { trainedGenerator, type WeightsName } from "./model.ts";
import { attemptsFor, MOST_ROWS, Passes, type Rows, sizeFor } from "./passes.ts";
import { checkRequest, type SampleRequest, type Samples } from "./request.ts";
import { RowQueue, SHARE } from "./row_queue.ts";
import { type Checkpoint, findCheckpoint, readCheckpoint, RunError, RUNS_FOLDER } from "./run.ts";
import { type Structure, structureOf } from "./structure.ts";

export type { Sample, SampleMode, SampleRequest, Samples, Side } from "./request.ts";

/** A region that so little of the latent space belongs to that no latent was found; the message tells its share. */
export class RareRegionError extends Error {
  override name = "RareRegionError";
}

/** After so many rounds without success the share of the region is estimated; below `LEAST_SHARE` nothing more is tried. */
const PATIENCE = 4;
const LEAST_SHARE = 1 / 1000;
/** Candidates after which a sample is given up: all of them miss a region of the least share once in 10¹⁴ times. */
const MOST_CANDIDATES = 32768;
/** Least rows of a pass that tries again, so that one sample gets many rounds at once. */
const RETRY_ROWS = 64;

/**
 * Passes under way at once: while the host waits for one and hands out its samples, the GPU works at the next.
 */
const LANES = 2;

/**
 * How long a pass waits for more rows, in ms, while one of at least `SHARE` rows keeps the GPU busy anyway: those who were
 * just answered ask again within this time, and one full pass is faster than two.
 */
const GATHERING = 8;

/**
 * Draws samples. Requests wait in one queue; samples that wait at the same time share a pass over the GPU, and each comes
 * out as if it had been drawn alone.
 */
export class Sampler {
  readonly options: ModelOptions;
  readonly structure: Structure;
  readonly #queue = new RowQueue();
  readonly #working = new Set<Promise<void>>();
  #busy = 0; // lanes that will look at the queue again
  #underWay = 0; // rows in passes
  #goOn = () => {}; // ends gathering
  #waiting = 0;

  constructor(
    /** Where the weights are from. */
    readonly source: Omit<Checkpoint, "tensors">,
    readonly passes: Passes,
  ) {
    this.options = passes.trained.options;
    this.structure = structureOf(this.options);
  }

  /** The adapter that the samples are made on. */
  get device(): Device {
    return this.passes.device;
  }

  /** Of the gates, as they were trained to the iteration of the checkpoint. */
  get temperature(): number {
    return this.passes.trained.temperature;
  }

  /** Samples that were asked for and are not there yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * The samples of a request: the same request gives the same samples.
   *
   * @throws {RangeError} If a number is out of range; the message names it and what is allowed
   * @throws {RareRegionError} If next to nothing of the latent space belongs to the leaf or node
   * @throws {RunError} If the model's path weights are no numbers
   * @throws {DeviceError} If the GPU is lost
   */
  sample(request: SampleRequest): Promise<Samples> {
    const { n, signal } = request;
    checkRequest(request, { ...this.structure, latent: this.#latent });
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const job: Job = {
        ...describe(request, this),
        result: emptyResult(request, this.options, this.#latent),
        missing: n,
        plausible: false,
        resolve,
        reject,
      };
      this.#waiting += n;
      if (signal) this.#failWhenAborted(job, signal);
      for (let index = 0; index < n; index++) this.#queue.push({ job, index, round: 0 });
      if (this.#queue.length >= MOST_ROWS) this.#goOn();
      if (this.#busy < LANES) this.#start();
    });
  }

  /** The part of the latent space that belongs to each leaf: its mean path weight over latents from the prior. */
  usage(): Promise<Float32Array> {
    return this.passes.usage();
  }

  /** Answers what was asked so far, then gives the memory back. */
  async close(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
    await this.passes.destroy();
  }

  /** Numbers of a picture. */
  get #pixels(): number {
    const [height, width, channels] = this.options.image;
    return height * width * channels;
  }

  get #latent(): number {
    return this.passes.trained.generator.head.latent;
  }

  #failWhenAborted(job: Job, signal: AbortSignal): void {
    const fail = () => this.#fail(job, signal.reason);
    signal.addEventListener("abort", fail, { once: true });
    const { resolve, reject } = job;
    const done = <T>(settle: (value: T) => void) => (value: T) => {
      signal.removeEventListener("abort", fail);
      settle(value);
    };
    Object.assign(job, { resolve: done(resolve), reject: done(reject) });
  }

  #start(): void {
    this.#busy++;
    const working = this.#work().finally(() => this.#working.delete(working));
    this.#working.add(working);
  }

  async #work(): Promise<void> {
    await Promise.resolve(); // requests made in the same turn join the first pass
    while (this.#queue.length > 0) {
      if (this.#underWay >= SHARE && this.#queue.length < MOST_ROWS) await this.#gather();
      const rows = this.#queue.take();
      if (rows.length === 0) continue;
      this.#underWay += rows.length;
      try {
        await this.#pass(rows);
      } catch (error) {
        for (const { job } of rows) this.#fail(job, error);
      }
      this.#underWay -= rows.length;
      this.#goOn();
    }
    this.#busy--; // in the same turn as the last look, or a request made meanwhile would wait for ever
  }

  /** Waits until the queue fills a pass, one ends, or `GATHERING` is over. */
  async #gather(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHERING);
      this.#goOn = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** One pass. Rows that are left over in its program try further rounds of the same samples. */
  async #pass(rows: Row[]): Promise<void> {
    const { kind } = rows[0].job;
    const least = rows.some((row) => row.round > 0) ? RETRY_ROWS : 1;
    const rounds = kind.endsWith("region") ? Math.floor(sizeFor(Math.max(rows.length, least)) / rows.length) : 1;
    const slots = rows.flatMap((row) => Array.from({ length: rounds }, (_, i) => slotOf(row, row.round + i)));
    const drawn = await this.passes.run(kind, slots);
    if (rounds === 1) takePictures(rows, drawn.images, drawn.found, this.#pixels);
    const retried: Row[] = [];
    rows.forEach((row, i) => {
      const first = drawn.found.subarray(i * rounds, (i + 1) * rounds).indexOf(1);
      if (first >= 0) return this.#deliver(row, drawn, i * rounds + first);
      row.round += rounds;
      retried.push(row);
    });
    for (const job of new Set(retried.map((row) => row.job))) await this.#judge(job, retried);
    this.#queue.unshift(retried);
  }

  /** Fails a request whose region is too rare to go on. */
  async #judge(job: Job, rows: readonly Row[]): Promise<void> {
    const round = Math.max(...rows.filter((row) => row.job === job).map((row) => row.round));
    const spent = round * attemptsFor(this.structure.leaves) >= MOST_CANDIDATES;
    if (round < PATIENCE || job.plausible && !spent) return;
    const share = await this.#share(job.slot.region!);
    if (Number.isNaN(share)) return this.#fail(job, this.#diverged());
    if (share >= LEAST_SHARE && !spent) {
      job.plausible = true;
      return;
    }
    // The share is that of the trained gates over the whole prior: enough of it says nothing where others were asked for.
    const found = share >= LEAST_SHARE
      ? "at this temperature and truncation next to nothing belongs to it, expected others"
      : `about ${share.toPrecision(2)} of the latent space belongs to it, expected at least ${LEAST_SHARE}`;
    this.#fail(
      job,
      new RareRegionError(
        `Cannot draw latents of ${job.name}: ${found}; use another ${job.name.split(" ")[0]}, or force the path`,
      ),
    );
  }

  /** The part of the latent space that belongs to a region. */
  async #share(region: Float32Array): Promise<number> {
    return (await this.passes.usage()).reduce((sum, usage, leaf) => sum + usage * region[leaf], 0);
  }

  #deliver({ job, index }: Row, drawn: Rows, row: number): void {
    if (job.missing === 0) return; // it failed meanwhile
    const weights = rowOf(drawn.weights, row, this.structure.leaves);
    const leaf = weights.indexOf(Math.max(...weights));
    if (leaf < 0) return this.#fail(job, this.#diverged());
    const { result } = job;
    const { head } = this.passes.trained.generator;
    const pixels = this.#pixels;
    if (job.pictures && result.images.buffer !== drawn.images.buffer) {
      if (result.images.length === 0) result.images = new Float32Array(result.shape[0] * pixels);
      result.images.set(rowOf(drawn.images, row, pixels), index * pixels);
    }
    result.latents.set(rowOf(drawn.latents, row, head.latent), index * head.latent);
    result.samples[index] = {
      seed: result.seed,
      index: job.first + index,
      leaf,
      weights: rounded(weights),
      gates: rounded(rowOf(drawn.gates, row, head.gates)),
      path: this.structure.pathTo(leaf),
    };
    this.#waiting--;
    if (--job.missing === 0) job.resolve(result);
  }

  #diverged(): RunError {
    return new RunError(`Cannot sample from ${this.source.run}: its weights are no numbers (the training diverged)`);
  }

  #fail(job: Job, error: unknown): void {
    this.#waiting -= job.missing;
    job.missing = 0;
    job.reject(error);
  }
}

/**
 * A sampler of the newest checkpoint of a run (a path, a name in `runs`, its number there) or of a checkpoint file.
 *
 * @throws {RunError} If there is none, it is damaged, or it holds another model than its options say
 */
export async function openSampler(
  device: Device,
  run: string,
  { runs = RUNS_FOLDER, weights = "ema" as WeightsName } = {},
): Promise<Sampler> {
  return await samplerOf(device, await readCheckpoint(await findCheckpoint(run, runs)), weights);
}

/**
 * A sampler of a checkpoint that was read.
 *
 * @throws {RunError} If it holds another model than its options say
 */
export async function samplerOf(
  device: Device,
  { tensors, ...source }: Checkpoint,
  weights: WeightsName = "ema",
): Promise<Sampler> {
  return new Sampler(source, await Passes.create(device, trainedGenerator({ tensors, ...source }, weights)));
}

/** `Array.from` with a function would take several times as long. */
function rounded(values: Float32Array): number[] {
  const numbers = new Array<number>(values.length);
  for (let i = 0; i < values.length; i++) numbers[i] = Math.round(values[i] * 1e6) / 1e6;
  return numbers;
}
