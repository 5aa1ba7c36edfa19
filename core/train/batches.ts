/** Which images make which batch: all of them once an epoch, in an order that depends on seed and epoch alone. */

import { draws } from "../draws.ts";

/** Batches of an epoch; the images that do not fill one are left out until the next order. */
export function batchesPerEpoch(count: number, batch: number): number {
  return Math.floor(count / batch);
}

/** @throws {RangeError} If a batch is larger than the data set */
export function checkBatch(count: number, batch: number): void {
  if (batch <= count) return;
  throw new RangeError(`Cannot draw batches of ${batch} from ${count} images: expected a batch of at most ${count}`);
}

/** The indices of batches by number, without end. */
export class Batches {
  #epoch = -1;
  #order = new Uint32Array(0);

  /** @throws {RangeError} If a batch is larger than the data set */
  constructor(readonly count: number, readonly batch: number, readonly seed: number) {
    checkBatch(count, batch);
  }

  /** Indices `[batch]` of batch `number`, counted from 0 over the whole run. */
  indices(number: number): Uint32Array<ArrayBuffer> {
    const perEpoch = batchesPerEpoch(this.count, this.batch);
    const epoch = Math.floor(number / perEpoch);
    if (epoch !== this.#epoch) [this.#epoch, this.#order] = [epoch, permutation(this.count, this.seed, epoch)];
    const start = (number % perEpoch) * this.batch;
    return Uint32Array.from(this.#order.subarray(start, start + this.batch));
  }
}

/** The numbers below `count` in random order (Fisher and Yates; Durstenfeld 1964), a function of its arguments. */
export function permutation(count: number, seed: number, epoch: number): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const random = draws(seed, epoch);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
