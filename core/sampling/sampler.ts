/** Samples of a trained generator, on request. */

import type { Device } from "../gpu/device.ts";
import type { ModelOptions } from "../models/presets.ts";
import { trainedGenerator } from "./model.ts";
import { attemptsFor, type Kind, MOST_ROWS, Passes, type Rows, sizeFor, type Slot } from "./passes.ts";
import { type Checkpoint, findCheckpoint, readCheckpoint, RUNS_FOLDER } from "./run.ts";
import { type Structure, structureOf } from "./structure.ts";

/** How a leaf or node is asked for: latents from its region of the latent space, or the path forced into it. */
export type SampleMode = "region" | "forced";

/** What is asked for; at most one of `leaf` and `node`. */
export interface SampleRequest {
  /** Number of samples, 1 to 16384. */
  n: number;
  /** From 0 to 2⁵³ - 1; sample `i` of a seed is the same whatever `n`. */
  seed: number;
  /** A leaf, counted from 0. */
  leaf?: number;
  /** Any node, in level order from the root, 0. */
  node?: number;
  /** `region` unless given. */
  mode?: SampleMode;
}

/** The path of one sample; numbers are rounded to six decimals. */
export interface Sample {
  seed: number;
  /** The most likely leaf. */
  leaf: number;
  /** Path weight of every leaf; they sum to 1. */
  weights: number[];
  /** Part that goes left at every decision node, in level order; a flat mixture has its weights here. */
  gates: number[];
  /** The nodes from the root to the most likely leaf. */
  path: number[];
}

/** What was asked for. */
export interface Samples {
  seed: number;
  /** `[n, height, width, channels]`. */
  shape: [n: number, height: number, width: number, channels: number];
  /** Pixels in [-1, 1], in the order of `shape`. */
  images: Float32Array;
  /** `[n, latent]`. */
  latents: Float32Array;
  samples: Sample[];
}

/** A region that so little of the latent space belongs to that no latent was found; the message tells its share. */
export class RareRegionError extends Error {
  override name = "RareRegionError";
}

/** Most samples of one request. */
export const MOST_SAMPLES = 16384;

/** After so many rounds without success the share of the region is estimated; below `LEAST_SHARE` nothing more is tried. */
const PATIENCE = 4;
const LEAST_SHARE = 1 / 1000;
/** Candidates after which a sample is given up: all of them miss a region of the least share once in 10¹⁴ times. */
const MOST_CANDIDATES = 32768;
/** Least rows of a pass that tries again, so that one sample gets many rounds at once. */
const RETRY_ROWS = 64;

/** A sample under way. */
interface Row {
  readonly job: Job;
  readonly index: number; // in its request
  round: number;
}

/** A request under way. */
interface Job {
  readonly kind: Kind;
  readonly region: Float32Array;
  readonly name: string; // of the region, for errors
  readonly result: Samples;
  missing: number; // samples; 0 when answered or failed
  plausible: boolean; // the share of the region was found large enough
  resolve(result: Samples): void;
  reject(error: unknown): void;
}

/**
 * Draws samples. Requests wait in one queue; samples that wait at the same time share a pass over the GPU, and each comes
 * out as if it had been drawn alone.
 */
export class Sampler {
  readonly options: ModelOptions;
  readonly structure: Structure;
  readonly #queue: Row[] = [];
  #working: Promise<void> = Promise.resolve();
  #busy = false;

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

  /**
   * The samples of a request: the same request gives the same samples.
   *
   * @throws {RangeError} If a number is out of range; the message names it and what is allowed
   * @throws {RareRegionError} If next to nothing of the latent space belongs to the leaf or node
   * @throws {DeviceError} If the GPU is lost
   */
  sample(request: SampleRequest): Promise<Samples> {
    const { n, seed, mode = "region" } = request;
    checkRequest(request, this.structure);
    const node = this.#nodeOf(request);
    const [height, width, channels] = this.options.image;
    return new Promise((resolve, reject) => {
      const job: Job = {
        kind: node === 0 ? "prior" : mode,
        region: this.structure.region(node),
        name: request.leaf === undefined ? `node ${node}` : `leaf ${request.leaf}`,
        result: {
          seed,
          shape: [n, height, width, channels],
          images: new Float32Array(n * height * width * channels),
          latents: new Float32Array(n * this.passes.trained.generator.head.latent),
          samples: new Array(n),
        },
        missing: n,
        plausible: false,
        resolve,
        reject,
      };
      for (let index = 0; index < n; index++) this.#queue.push({ job, index, round: 0 });
      if (!this.#busy) this.#working = this.#work();
    });
  }

  /** Answers what was asked so far, then gives the memory back. */
  async close(): Promise<void> {
    while (this.#busy) await this.#working;
    await this.passes.destroy();
  }

  #nodeOf({ leaf, node }: SampleRequest): number {
    return leaf === undefined ? node ?? 0 : this.structure.nodeOf(leaf);
  }

  async #work(): Promise<void> {
    this.#busy = true;
    await Promise.resolve(); // requests made in the same turn join the first pass
    while (this.#queue.length > 0) {
      const rows = this.#take();
      if (rows.length === 0) continue;
      try {
        await this.#pass(rows);
      } catch (error) {
        for (const { job } of rows) fail(job, error);
      }
    }
    this.#busy = false;
  }

  /** The rows of the next pass: those in front that are of one kind, without those of failed requests. */
  #take(): Row[] {
    const { kind } = this.#queue[0].job;
    const rows: Row[] = [];
    let taken = 0;
    while (taken < this.#queue.length && rows.length < MOST_ROWS && this.#queue[taken].job.kind === kind) {
      const row = this.#queue[taken++];
      if (row.job.missing > 0) rows.push(row);
    }
    this.#queue.splice(0, taken);
    return rows;
  }

  /** One pass. Rows that are left over in its program try further rounds of the same samples. */
  async #pass(rows: Row[]): Promise<void> {
    const { kind } = rows[0].job;
    const least = rows.some((row) => row.round > 0) ? RETRY_ROWS : 1;
    const rounds = kind === "region" ? Math.floor(sizeFor(Math.max(rows.length, least)) / rows.length) : 1;
    const slots = rows.flatMap((row) => Array.from({ length: rounds }, (_, i) => slotOf(row, row.round + i)));
    const drawn = await this.passes.run(kind, slots);
    const retried: Row[] = [];
    rows.forEach((row, i) => {
      const first = drawn.found.subarray(i * rounds, (i + 1) * rounds).indexOf(1);
      if (first >= 0) return this.#deliver(row, drawn, i * rounds + first);
      row.round += rounds;
      retried.push(row);
    });
    for (const job of new Set(retried.map((row) => row.job))) await this.#judge(job, retried);
    this.#queue.unshift(...retried);
  }

  /** Fails a request whose region is too rare to go on. */
  async #judge(job: Job, rows: readonly Row[]): Promise<void> {
    const round = Math.max(...rows.filter((row) => row.job === job).map((row) => row.round));
    const spent = round * attemptsFor(this.structure.leaves) >= MOST_CANDIDATES;
    if (round < PATIENCE || job.plausible && !spent) return;
    const share = await this.#share(job.region);
    if (share >= LEAST_SHARE && !spent) {
      job.plausible = true;
      return;
    }
    fail(
      job,
      new RareRegionError(
        `Cannot draw latents of ${job.name}: about ${
          share.toPrecision(2)
        } of the latent space belongs to it, expected at ` +
          `least ${LEAST_SHARE}; use another one, or force the path`,
      ),
    );
  }

  /** The part of the latent space that belongs to a region. */
  async #share(region: Float32Array): Promise<number> {
    return (await this.passes.usage()).reduce((sum, usage, leaf) => sum + usage * region[leaf], 0);
  }

  #deliver({ job, index }: Row, drawn: Rows, row: number): void {
    const { result } = job;
    const { head } = this.passes.trained.generator;
    const pixels = result.images.length / result.shape[0];
    result.images.set(rowOf(drawn.images, row, pixels), index * pixels);
    result.latents.set(rowOf(drawn.latents, row, head.latent), index * head.latent);
    const weights = rowOf(drawn.weights, row, head.leaves);
    const leaf = weights.indexOf(Math.max(...weights));
    result.samples[index] = {
      seed: result.seed,
      leaf,
      weights: rounded(weights),
      gates: rounded(rowOf(drawn.gates, row, head.gates)),
      path: this.structure.pathTo(leaf),
    };
    if (--job.missing === 0) job.resolve(result);
  }
}

/**
 * A sampler of the newest checkpoint of a run (a path, a name in `runs`, its number there) or of a checkpoint file.
 *
 * @throws {RunError} If there is none, it is damaged, or it holds another model than its options say
 */
export async function openSampler(device: Device, run: string, { runs = RUNS_FOLDER } = {}): Promise<Sampler> {
  const { tensors, ...source } = await readCheckpoint(await findCheckpoint(run, runs));
  return new Sampler(source, await Passes.create(device, trainedGenerator({ tensors, ...source })));
}

function slotOf({ job, index }: Row, round: number): Slot {
  return { seed: job.result.seed, sample: index, round, region: job.region };
}

function fail(job: Job, error: unknown): void {
  job.missing = 0;
  job.reject(error);
}

const rowOf = (values: Float32Array, row: number, length: number): Float32Array =>
  values.subarray(row * length, (row + 1) * length);

const rounded = (values: Float32Array): number[] => Array.from(values, (value) => Math.round(value * 1e6) / 1e6);

/**
 * Checks a request, before a model is at hand as far as that goes.
 *
 * @throws {RangeError} If a number is out of range; the message names it and what is allowed
 */
export function checkRequest(
  { n, seed, leaf, node }: SampleRequest,
  { leaves, nodes }: Pick<Structure, "leaves" | "nodes"> = { leaves: Infinity, nodes: Infinity },
): void {
  checkWhole("n", n, 1, MOST_SAMPLES);
  checkWhole("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  if (leaf !== undefined && node !== undefined) {
    throw new RangeError(`Cannot sample leaf ${leaf} and node ${node}: two were given, expected at most one`);
  }
  checkWhole("leaf", leaf ?? 0, 0, leaves - 1);
  checkWhole("node", node ?? 0, 0, nodes - 1);
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const allowed = most === Infinity ? `${least} on` : `${least} to ${most}`;
  throw new RangeError(`Cannot sample with ${name} ${value}: expected a whole number from ${allowed}`);
}
