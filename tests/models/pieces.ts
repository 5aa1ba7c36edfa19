/** Piecewise linear functions with known pieces, and how well a mixture of experts has found them. */

import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { draws } from "../../core/draws.ts";
import { type Hme, hme } from "../../core/models/hme.ts";
import { type HmeData, type HmeFit, predict } from "../../core/models/hme_numbers.ts";

/** A problem: four linear pieces that meet, and noise. */
export interface Pieces extends HmeData {
  readonly model: Hme;
  /** What the samples would be without noise `[count]`. */
  readonly truth: number[];
  /** Which piece each sample is of `[count]`. */
  readonly piece: number[];
  /** For each piece its slopes `[inputs]`. */
  readonly slopes: readonly number[][];
}

/** Deviation of the noise. */
const NOISE = 0.05;

/** A zigzag with knots at -1, 0 and 1: slopes 2, -1, 1, -2 on [-2, 2]. */
export function zigzag(count: number): Pieces {
  const pieceOf = ([x]: number[]) => Math.floor(x + 2);
  const value = ([x]: number[]) => [2 * x + 3, -x, x, 3 - 2 * x][pieceOf([x])];
  return problem({ count, reach: 2, pieceOf, value, slopes: [[2], [-1], [1], [-2]] });
}

/** A saddle of planes, `2|x| - |y|` on [-1, 1]²: a piece in every quadrant. */
export function saddle(count: number): Pieces {
  const pieceOf = ([x, y]: number[]) => 2 * Number(x < 0) + Number(y < 0);
  const value = ([x, y]: number[]) => 2 * Math.abs(x) - Math.abs(y);
  return problem({ count, reach: 1, pieceOf, value, slopes: [[2, -1], [2, 1], [-2, -1], [-2, 1]] });
}

/**
 * Asserts that every piece has an expert of its own with its slopes, and that the noise is averaged out.
 *
 * @param slope Largest error of a slope
 * @param error Largest root mean square error against the truth
 */
export function assertRecovered(
  { model, x, truth, piece, slopes }: Pieces,
  { parameters }: HmeFit,
  { slope, error }: { slope: number; error: number },
): void {
  const { prediction, weights } = predict(model, parameters, x);
  const experts = slopes.map((wanted, p) => {
    const shares = Array.from({ length: model.leaves }, (_, leaf) => {
      return piece.reduce((sum, other, n) => other === p ? sum + weights[n * model.leaves + leaf] : sum, 0);
    });
    const leaf = shares.indexOf(Math.max(...shares));
    wanted.forEach((value, i) => {
      const found = parameters.experts.weight[i * model.leaves + leaf];
      assertAlmostEquals(found, value, slope, `slope ${i} of piece ${p}, expert ${leaf}`);
    });
    return leaf;
  });
  assertEquals(new Set(experts).size, slopes.length, `experts ${experts} for the pieces`);
  const squares = truth.reduce((sum, value, n) => sum + (value - prediction[n]) ** 2, 0);
  assertLess(Math.sqrt(squares / truth.length), error);
}

/** Asserts that a likelihood never falls but for rounding. */
export function assertNeverFalls(history: readonly number[]): void {
  const ROUNDING = 1e-12; // sums of some hundred logarithms in float64
  history.forEach((likelihood, i) => {
    if (i === 0) return;
    const before = history[i - 1];
    assert(likelihood >= before - ROUNDING * (1 + Math.abs(before)), `falls from ${before} to ${likelihood} at ${i}`);
  });
}

/** Points of two classes in [-1, 1]², told apart by the sign of `x y`, as one-hot targets. */
export function exclusiveOr(count: number): HmeData {
  const random = draws(3);
  const x = Array.from({ length: 2 * count }, () => 2 * random.uniform() - 1);
  const y = Array.from({ length: 2 * count }, (_, at) => {
    const same = x[at - at % 2] * x[at - at % 2 + 1] > 0;
    return Number(same === (at % 2 === 0));
  });
  return { x, y };
}

/** Share of targets of two classes that are met by the likelier class. */
export function accuracy(prediction: ArrayLike<number>, targets: ArrayLike<number>): number {
  const count = targets.length / 2;
  let met = 0;
  for (let n = 0; n < count; n++) met += Number((prediction[2 * n] > prediction[2 * n + 1]) === (targets[2 * n] > 0.5));
  return met / count;
}

function problem(
  { count, reach, pieceOf, value, slopes }: {
    count: number;
    reach: number;
    pieceOf: (x: number[]) => number;
    value: (x: number[]) => number;
    slopes: number[][];
  },
): Pieces {
  const random = draws(1);
  const inputs = slopes[0].length;
  const points = Array.from({ length: count }, () => slopes[0].map(() => reach * (2 * random.uniform() - 1)));
  const truth = points.map(value);
  return {
    model: hme({ inputs, depth: 2, task: "regression", outputs: 1 }),
    x: points.flat(),
    y: truth.map((exact) => exact + NOISE * random.normal()),
    truth,
    piece: points.map(pieceOf),
    slopes,
  };
}
