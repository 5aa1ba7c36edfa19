/** Numbers that change while a model is trained, as functions of the iterations done. */

import { add, div, exp, minimum, mul, type Operand } from "../ops/elementwise.ts";
import type { Tensor } from "../tensor.ts";

/** From one value to another over so many iterations, and the last one from then on; both above 0. */
export type Schedule = { from: number; to: number; over: number };

/**
 * The value after `t` iterations, `from · (to / from)^min(1, t / over)`: equal factors in equal times.
 *
 * @param t Iterations done, one element
 *
 * @example
 * ```ts
 * import { valueAt } from "./schedule.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(valueAt({ from: 1, to: 0.01, over: 200 }, 100), 0.1);
 * ```
 */
export function valueAt({ from, to, over }: Schedule, t: number): number {
  return from * (to / from) ** Math.min(1, t / over);
}

/** The same on the GPU. */
export function scheduled({ from, to, over }: Schedule, t: Tensor): Operand {
  if (from === to) return from;
  return exp(add(mul(minimum(div(t, over), 1), Math.log(to / from)), Math.log(from)));
}

/**
 * The depth of a tree after `t` iterations, before it is split where that is done then: each split adds a level, and
 * after the last one the tree has the depth of its options.
 *
 * @param splits Iterations done when every leaf is split in two, rising; none for a tree that does not grow
 *
 * @example
 * ```ts
 * import { depthAt } from "./schedule.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grow = { depth: 3, splits: [100, 200] };
 * assertEquals([0, 100, 101, 200, 201].map((t) => depthAt(grow, t)), [1, 1, 2, 2, 3]);
 * ```
 */
export function depthAt({ depth, splits = [] }: { depth: number; splits?: readonly number[] }, t: number): number {
  return depth - splits.filter((split) => split >= t).length;
}

/** @throws {RangeError} If a value is not above 0, or the length of a change no whole number */
export function checkSchedule(what: string, { from, to, over }: Schedule): void {
  const positive = [from, to].every((value) => value > 0 && Number.isFinite(value));
  if (positive && (from === to || (Number.isInteger(over) && over >= 1))) return;
  throw new RangeError(
    `Cannot use a ${what} from ${from} to ${to} over ${over} iterations: expected numbers above 0 and at least 1 iteration`,
  );
}
