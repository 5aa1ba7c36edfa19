/** The bounded queue in front of the GPU: what would wait too long is refused at once. */

import type { Sampler } from "../core/sampling/sampler.ts";
import { RequestError } from "./errors.ts";

/** Most samples that wait unless told otherwise: a few seconds of work for a small model on a CPU. */
export const USUAL_QUEUE = 4096;
const RETRY_AFTER = 1; // s, in which a full queue gets room

/** A sampler as the queue sees it. */
type Queue = Pick<Sampler, "waiting">;

/** The queue that a sampler's requests are in: all samplers of a server share its GPU, hence its bound. */
const ADMISSIONS = new WeakMap<Queue, Admission>();

/** One bound for the samples that wait or are under way on all samplers of a server. */
export class Admission {
  readonly #queues = new Set<Queue>();
  #admitted = 0;

  constructor(readonly most: number = USUAL_QUEUE) {}

  /** Samples that wait or are under way. */
  get waiting(): number {
    let waiting = 0;
    for (const queue of this.#queues) waiting += queue.waiting;
    return waiting;
  }

  /** Samples that were let in since the start. */
  get admitted(): number {
    return this.#admitted;
  }

  /** From now on the sampler's requests count. */
  add(queue: Queue): void {
    this.#queues.add(queue);
    ADMISSIONS.set(queue, this);
  }

  /** The sampler is closed. */
  remove(queue: Queue): void {
    this.#queues.delete(queue);
  }

  /** See `admit`. */
  admit(n: number): void {
    const { waiting } = this;
    if (waiting > 0 && waiting + n > this.most) {
      throw new RequestError(
        503,
        "busy",
        `Cannot sample now: ${waiting} samples wait, expected room for ${n} among ${this.most}; try again in ` +
          `${RETRY_AFTER} s`,
        null,
        { "retry-after": String(RETRY_AFTER) },
      );
    }
    this.#admitted += n;
  }
}

/**
 * Lets a request for `n` samples in; to be called right before it is made. Into an empty queue every request goes, however
 * large. A sampler that no server opened has no bound.
 *
 * @throws {RequestError} 503 `busy` where more samples would wait than the server was told to let
 */
export function admit(sampler: Queue, n: number): void {
  ADMISSIONS.get(sampler)?.admit(n);
}
