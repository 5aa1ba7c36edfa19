/** Precision, recall, density and coverage: how good generated pictures are, and how much of the data they reach. */

import type { Device } from "../gpu/device.ts";
import { exactDistance, type Neighbours, neighboursWithin, type Points, pointsOf, radiiOf } from "./distances.ts";
import { checkCompared, type Compared } from "./matrix.ts";
import { type Block, forEachBlock } from "./products.ts";

/** How near two generated and real pictures have to be. */
export interface PrdcOptions {
  /** Neighbours that make a radius, default 5 (Naeem's; Kynkäänniemi's is 3). */
  readonly k?: number;
  /** At least `k` neighbours of every row in its own set, if they are known. */
  readonly within?: Within;
}

/** Neighbours of every row in its own set. */
export interface Within {
  readonly real: Neighbours;
  readonly fake: Neighbours;
}

/** Each is a share but density, which has no upper bound. */
export interface Prdc {
  /** Share of fake pictures that lie among the real ones: quality. */
  readonly precision: number;
  /** Share of real pictures that lie among the fake ones: variety. */
  readonly recall: number;
  /** How many real balls a fake picture lies in, divided by `k`; 1 for equal distributions. */
  readonly density: number;
  /** Share of real pictures with a fake one in their ball. */
  readonly coverage: number;
}

/**
 * Balls around every picture with the distance to its `k`-th nearest neighbour of the same set as radius stand for where a
 * distribution has mass. With `B(x)` the ball around `x`, which is closed, `n` real and `m` fake pictures:
 *
 * - precision: share of fake `y` in some `B(x)`, `x` real; recall: share of real `x` in some `B(y)`, `y` fake
 *   (Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models", NeurIPS 2019)
 * - density: `1/(k m) Σ_y Σ_x [y in B(x)]`; coverage: share of real `x` with some fake `y` in `B(x)`
 *   (Naeem et al., "Reliable fidelity and diversity metrics for generative models", ICML 2020)
 *
 * `k` is 5 unless given, as Naeem has it; Kynkäänniemi's precision and recall have `k` = 3, with which both are no
 * larger.
 *
 * A generator that collapsed to one good picture has precision 1, and recall and coverage near 0.
 *
 * Differs from the reference: Naeem's code has open balls, whose radius 0 where pictures have `k` duplicates would leave
 * out the duplicates themselves. Here sets that are equal give density `(k + 1)/k`, not 1. Elsewhere the two agree.
 *
 * @throws {ShapeError} If the dimensions differ
 * @throws {RangeError} If one set has not more than `k` pictures, or a number that is not finite
 * @throws {DeviceError} If the adapter was lost
 */
export async function prdc(device: Device, compared: Compared, { k = 5, within }: PrdcOptions = {}): Promise<Prdc> {
  checkCompared(compared, { metric: `precision and recall with ${k} neighbours`, atLeast: k + 1 });
  const ofReal = radiiOf(within?.real ?? await neighboursWithin(device, compared.real, k), k);
  const ofFake = radiiOf(within?.fake ?? await neighboursWithin(device, compared.fake, k), k);
  const { real, fake } = pointsOf(compared);
  const balls = new Balls(real, fake, ofReal, ofFake);
  await forEachBlock(device, real, fake, (block) => balls.count(block));
  return balls.shares(k);
}

/** Counts who lies in whose ball. */
class Balls {
  /** Real balls each fake row lies in. */
  readonly #around: Uint32Array;
  /** 1 for real rows with a fake one in their ball. */
  readonly #covered: Uint8Array;
  /** 1 for real rows in the ball of a fake one. */
  readonly #recalled: Uint8Array;

  constructor(
    readonly real: Points,
    readonly fake: Points,
    readonly ofReal: Float64Array,
    readonly ofFake: Float64Array,
  ) {
    this.#around = new Uint32Array(fake.count);
    this.#covered = new Uint8Array(real.count);
    this.#recalled = new Uint8Array(real.count);
  }

  count({ products, stride, firstRow, rows, firstColumn, columns }: Block): void {
    const { real, fake, ofReal, ofFake } = this;
    const twice = 2 * real.unit;
    for (let i = firstRow; i < firstRow + rows; i++) {
      const [low, high, radius] = [real.low[i], real.high[i], ofReal[i]];
      for (let j = firstColumn, at = (i - firstRow) * stride; j < firstColumn + columns; j++, at++) {
        const least = low + fake.low[j] - twice * products[at];
        const other = ofFake[j];
        if (least > radius && least > other) continue;
        let distance = high + fake.high[j] - twice * products[at]; // at most
        const open = (limit: number) => least <= limit && distance > limit;
        if (open(radius) || open(other)) distance = exactDistance(real, i, fake, j);
        if (distance <= radius) {
          this.#around[j]++;
          this.#covered[i] = 1;
        }
        if (distance <= other) this.#recalled[i] = 1;
      }
    }
  }

  shares(k: number): Prdc {
    const share = (flags: Uint8Array) => flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
    const inside = this.#around.reduce((sum, count) => sum + Math.min(1, count), 0);
    const total = this.#around.reduce((sum, count) => sum + count, 0);
    return {
      precision: inside / this.fake.count,
      recall: share(this.#recalled),
      density: total / (k * this.fake.count),
      coverage: share(this.#covered),
    };
  }
}
