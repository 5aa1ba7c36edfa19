/** Modes found: for points drawn from a mixture of round Gaussians whose centres are known. */

import { checkMatrix, type Matrix } from "./matrix.ts";
import type { Modes } from "./metric.ts";
import { entropyOf } from "./probabilities.ts";

/** How points lie around the modes. */
export interface ModeScores {
  /** Modes with a good point. */
  readonly found: number;
  /** Modes there are. */
  readonly modes: number;
  /** Share of the points that are good. */
  readonly good: number;
  /** Entropy of the modes of good points, divided by that of equally many in each: 1 is balanced, 0 a single mode. */
  readonly balance: number;
  /** `KL(q ‖ uniform) = log modes − H(q)` in nats for the shares `q` of the modes among good points. */
  readonly divergence: number;
}

/** A point is good within so many deviations, in a straight line: 98.9 % of a round Gaussian in the plane. */
const GOOD = 3;

/**
 * Assigns points to the nearest centre; those within three standard deviations of it are good, and a mode is found if it
 * has a good one (Srivastava et al., "VEEGAN: reducing mode collapse in GANs using implicit variational learning", NIPS
 * 2017). Without any good point the balance is 0.
 *
 * @param points `[points, dimensions]`
 * @throws {RangeError} If there are no modes, the dimensions differ, or a number is not finite
 *
 * @example
 * ```ts
 * import { modeScores } from "./modes.ts";
 * import { matrix } from "./matrix.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const modes = { centres: Float32Array.of(0, 0, 1, 0), deviation: 0.1 };
 * const { found, good } = modeScores(matrix(Float32Array.of(0, 0.1, 0.2, 0, 0.5, 0, 0, 0.4), 2), modes);
 * assertEquals([found, good], [1, 0.5]);
 * ```
 */
export function modeScores(points: Matrix, { centres, deviation }: Modes): ModeScores {
  const { values, rows, columns } = points;
  checkMatrix("fake", points, { metric: "modes found", atLeast: 1 });
  const modes = centres.length / columns;
  if (!(Number.isInteger(modes) && modes >= 1)) {
    throw new RangeError(
      `Cannot count modes: centres are ${centres.length} numbers, fake has ${columns} dimensions, expected a multiple`,
    );
  }
  const counts = new Float64Array(modes);
  for (let row = 0; row < rows; row++) {
    const distances = Array.from({ length: modes }, (_, mode) => {
      let sum = 0;
      for (let i = 0; i < columns; i++) sum += (values[row * columns + i] - centres[mode * columns + i]) ** 2;
      return sum;
    });
    const least = Math.min(...distances);
    if (least <= (GOOD * deviation) ** 2) counts[distances.indexOf(least)]++;
  }
  const good = counts.reduce((a, b) => a + b, 0);
  const entropy = good === 0 ? 0 : entropyOf(counts.map((count) => count / good));
  const most = Math.log(modes);
  return {
    found: counts.reduce((found, count) => found + Number(count > 0), 0),
    modes,
    good: good / rows,
    balance: modes === 1 ? Number(good > 0) : entropy / most,
    divergence: most - entropy,
  };
}
