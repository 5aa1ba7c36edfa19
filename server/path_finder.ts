/** Finds the path of a picture in a model: by the recogniser of its run if there is one, else by latent inversion. */

import { type Inversion, LatentInverter } from "../core/recognition/inversion.ts";
import { drawPool, nearestPictures, type PicturePool } from "../core/recognition/picture_pool.ts";
import type { Recogniser } from "../core/recognition/recogniser.ts";
import { openRecogniser, RECOGNISER_FILE } from "../core/recognition/recogniser_file.ts";
import { RunError } from "../core/sampling/run.ts";
import type { Sample } from "../core/sampling/sampler.ts";
import { sizeOf } from "../core/shape.ts";
import { admit } from "./admission.ts";
import { RequestError } from "./errors.ts";
import type { Model } from "./registry.ts";

/** What was found for a picture. */
export interface FoundPath {
  readonly method: "recogniser" | "inversion";
  /** Path weight of every leaf. */
  readonly weights: Float32Array;
  /** Of an inversion: the latent, and the root mean square difference of its picture. */
  readonly latent: Float32Array | null;
  readonly distance: number | null;
}

/** A generated picture that is near. */
export interface NearSample {
  readonly sample: Sample;
  /** `[height, width, channels]`, pixels in [-1, 1]. */
  readonly image: Float32Array;
  /** Root mean square difference of the pixels. */
  readonly distance: number;
}

const POOL = { n: 512, seed: 0 }; // generated pictures among which the nearest are
const INVERSION = { pictures: 1, starts: 16, steps: 150 };
const MOST_WAITING = 16; // pictures that wait for an inversion, some seconds' work on a CPU
const RETRY_AFTER = 2; // s
const MOST_FINDERS = 4;

/** Path finders of models. They are kept for as long as nobody needs the room, and closed when their last user is done. */
export class PathFinders {
  readonly #finders = new Map<string, PathFinder>();

  /** @param report Gets why a recogniser that is there cannot be used, once for each */
  constructor(readonly report: (error: unknown) => void) {}

  /** Runs `action` with the finder of a model: another one for another checkpoint or recogniser. */
  async use<T>(model: Model, action: (finder: PathFinder) => Promise<T>): Promise<T> {
    const file = model.folder === null ? null : `${model.folder}/${RECOGNISER_FILE}`;
    const written = file && await Deno.stat(file).then(({ mtime }) => mtime?.getTime(), () => undefined);
    const version = `${model.iteration} ${written}`;
    let finder = this.#finders.get(model.run);
    if (finder?.version !== version || finder.model.sampler !== model.sampler) {
      finder?.retire();
      finder = new PathFinder(model, version, written === undefined ? null : file, this.report);
    } else this.#finders.delete(model.run);
    this.#finders.set(model.run, finder); // as the newest
    for (const [run, old] of this.#finders) {
      if (this.#finders.size <= MOST_FINDERS) break;
      old.retire();
      this.#finders.delete(run);
    }
    return await finder.use(action);
  }
}

/** The path finder of one model. What it needs is made when it is first needed. */
export class PathFinder {
  #users = 0;
  #retired = false;
  #pool: Promise<PicturePool> | undefined;
  #recogniser: Promise<Recogniser | null> | undefined;
  #inverter: Promise<LatentInverter> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(
    readonly model: Model,
    readonly version: string,
    readonly recogniserFile: string | null,
    readonly report: (error: unknown) => void,
  ) {}

  /** Runs `action`; the finder stays open until it ends. */
  async use<T>(action: (finder: this) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await action(this);
    } finally {
      this.#users--;
      this.#closeIfDone();
    }
  }

  /** Is used no more. */
  retire(): void {
    this.#retired = true;
    this.#closeIfDone();
  }

  /**
   * The path of a picture.
   *
   * @param image `[height, width, channels]`, pixels in [-1, 1]
   * @throws {RequestError} 503 `busy` where many pictures wait for an inversion
   * @throws The signal's reason
   */
  async find(image: Float32Array, signal: AbortSignal): Promise<FoundPath> {
    const recogniser = await once(this.#recogniser ??= this.#openRecogniser(), () => this.#recogniser = undefined);
    if (recogniser !== null) {
      return { method: "recogniser", weights: await recogniser.assign(image), latent: null, distance: null };
    }
    const { weights, latents, distances } = await this.#invert(image, signal);
    return { method: "inversion", weights, latent: latents, distance: distances[0] };
  }

  /** The generated pictures that are nearest, nearest first. */
  async nearest(image: Float32Array, count: number): Promise<NearSample[]> {
    const pool = await this.#drawn();
    const size = sizeOf(pool.shape.slice(1));
    return nearestPictures(pool, image, count).map(({ index, distance }) => ({
      sample: pool.samples[index],
      image: pool.images.subarray(index * size, (index + 1) * size),
      distance,
    }));
  }

  #drawn(): Promise<PicturePool> {
    if (this.#pool === undefined) admit(this.model.sampler, POOL.n);
    return once(this.#pool ??= drawPool(this.model.sampler, POOL), () => this.#pool = undefined);
  }

  /** The recogniser of the run; none if it is that of another checkpoint, or cannot be used. */
  async #openRecogniser(): Promise<Recogniser | null> {
    if (this.recogniserFile === null) return null;
    const { source: { run, iteration }, options: model, device } = this.model.sampler;
    const found = await openRecogniser(device, this.recogniserFile, { run, iteration, model }).catch((error) => {
      if (!(error instanceof RunError)) throw error;
      this.report(error);
    });
    return found ?? null;
  }

  /** One after the other: they share what they search with. */
  async #invert(image: Float32Array, signal: AbortSignal): Promise<Inversion> {
    if (this.#waiting >= MOST_WAITING) {
      const message =
        `Cannot assign the picture now: ${this.#waiting} others wait, expected fewer than ${MOST_WAITING}; ` +
        `try again in ${RETRY_AFTER} s`;
      throw new RequestError(503, "busy", message, null, { "retry-after": String(RETRY_AFTER) });
    }
    this.#waiting++;
    const turn = this.#turn.then(async () => {
      signal.throwIfAborted();
      const pool = await this.#drawn();
      const make = () => LatentInverter.create(this.model.sampler.passes, pool, INVERSION);
      const inverter = await once(this.#inverter ??= make(), () => this.#inverter = undefined);
      return await inverter.invert(image, { signal });
    }).finally(() => this.#waiting--);
    this.#turn = turn.catch(() => {});
    return await turn;
  }

  #closeIfDone(): void {
    if (!this.#retired || this.#users > 0) return;
    for (const part of [this.#recogniser, this.#inverter]) part?.then((part) => part?.destroy(), () => {});
  }
}

/** A promise that is forgotten if it fails, so that the next one who asks tries again. */
function once<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}
