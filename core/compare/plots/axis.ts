/** Axes: from numbers to pixels, and the round numbers beside them. */

/** A straight map from numbers to pixels. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  /** The pixel of a number. */
  at(x: number): number;
}

/** The map that takes `low` to pixel `from` and `high` to pixel `to`. */
export function scaleOf([low, high]: readonly [number, number], [from, to]: readonly [number, number]): Scale {
  return { low, high, at: (x) => from + (x - low) / (high - low) * (to - from) };
}

const STEPS = [1, 2, 5, 10]; // what a round step begins with
const SLACK = 1e-9; // of a step: a tick at the very end is not lost to rounding

/**
 * Round numbers in `[low, high]`: multiples of 1, 2 or 5 times a power of ten, about `count` of them.
 *
 * @throws {RangeError} If the range is empty or not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ticks } from "./axis.ts";
 *
 * assertEquals(ticks(-0.03, 1.02, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
 * ```
 */
export function ticks(low: number, high: number, count: number): number[] {
  if (!(low < high) || !Number.isFinite(high - low)) {
    throw new RangeError(`Cannot mark an axis from ${low} to ${high}: expected two finite numbers in order`);
  }
  const step = stepOf(low, high, count);
  const first = Math.ceil(low / step - SLACK);
  const last = Math.floor(high / step + SLACK);
  const exact = (i: number) => Number((i * step).toPrecision(12)); // 3 * 0.1 is 0.3
  return Array.from({ length: last - first + 1 }, (_, i) => exact(first + i) + 0); // + 0: never -0
}

function stepOf(low: number, high: number, count: number): number {
  const rough = (high - low) / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * STEPS.reduce((best, s) => Math.abs(s * power - rough) < Math.abs(best * power - rough) ? s : best);
}

const PLAIN = { least: 1e-4, most: 1e5 }; // outside, powers of ten are easier to read

/** What is written beside ticks: all with as many decimals as their step needs. */
export function tickLabels(values: readonly number[]): string[] {
  const largest = Math.max(...values.map(Math.abs));
  const step = values.length > 1 ? values[1] - values[0] : largest;
  if (largest >= PLAIN.most || (largest > 0 && largest < PLAIN.least)) {
    const exponents = values.filter((x) => x !== 0).map((x) => Math.floor(Math.log10(Math.abs(x)) + SLACK));
    const places = Math.max(0, Math.max(...exponents) - Math.floor(Math.log10(step) + SLACK));
    return values.map((x) => x === 0 ? "0" : x.toExponential(places).replace("e+", "e"));
  }
  const decimals = step > 0 ? Math.max(0, -Math.floor(Math.log10(step) + SLACK)) : 0;
  return values.map((x) => x.toFixed(decimals).replace("-", "\u2212"));
}

const ROOM = 0.05; // of the range, on both sides of the data
const FLATTENED = 1.6; // times as long a range as most numbers need
const HALF_WIDTH = 0.1; // of a single number's size, where all are equal
const EQUAL = 1e-9; // of their size: numbers that differ by less differ by rounding

/**
 * The range that an axis of these numbers has: theirs with some room. Where all are equal, some of the number itself on both
 * sides; where all are 0, that of 0 to 1.
 *
 * @throws {RangeError} If there are none, or one is not finite
 */
export function rangeOf(values: readonly number[]): [low: number, high: number] {
  const [low, high] = extremes(values);
  if (low === 0 && high === 0) return rangeOf([0, 1]);
  if (high - low <= EQUAL * Math.max(Math.abs(low), Math.abs(high))) {
    const half = Math.abs(low) * HALF_WIDTH;
    return [low - half, high + half];
  }
  const room = (high - low) * ROOM;
  return [low - room, high + room];
}

/**
 * The range of all numbers, or of all but the outermost where those would flatten the rest.
 *
 * @param share What may lie outside on either side, in [0, 0.5)
 * @throws {RangeError} If there are none, or one is not finite
 */
export function usualRange(values: readonly number[], share: number): [low: number, high: number] {
  const whole = rangeOf(values);
  const sorted = [...values].sort((a, b) => a - b);
  const outside = Math.floor(share * sorted.length);
  const usual = rangeOf(sorted.slice(outside, sorted.length - outside));
  return whole[1] - whole[0] > FLATTENED * (usual[1] - usual[0]) ? usual : whole;
}

function extremes(values: readonly number[]): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity];
  for (const x of values) {
    if (!Number.isFinite(x)) throw new RangeError(`Cannot draw ${x}: expected a finite number`);
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  if (values.length === 0) throw new RangeError("Cannot draw 0 numbers: expected at least one");
  if (!Number.isFinite(high - low)) {
    throw new RangeError(`Cannot draw from ${low} to ${high}: expected a range that is a finite number`);
  }
  return [low, high];
}
