/** Medians and spreads of repeated measurements, taken in turns. */

import process from "node:process";

/** Repeated measurements of one thing. */
export interface Summary {
  median: number;
  least: number;
  largest: number;
  n: number;
}

/**
 * Median (of an even number: the mean of the middle two), least and largest.
 *
 * @throws {RangeError} If there is nothing to summarise
 */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError("Cannot summarise 0 measurements: expected at least 1");
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return { median: (low + high) / 2, least: sorted[0], largest: sorted[sorted.length - 1], n: sorted.length };
}

/** The same summary in another unit. */
export function scaled({ median, least, largest, n }: Summary, factor: number): Summary {
  return { median: median * factor, least: least * factor, largest: largest * factor, n };
}

/**
 * Measures several things in turns, A B A B …, so that noise on a shared machine meets all of them alike.
 *
 * @returns For each name its measurements, one a round
 */
export async function inTurns<Name extends string>(
  rounds: number,
  measurements: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const entries = Object.entries(measurements) as [Name, () => Promise<number>][];
  const values = Object.fromEntries(entries.map(([name]) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of entries) values[name].push(await measure());
  }
  return values;
}

/** Milliseconds that something takes by the clock. */
export async function clocked(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** How often to do something that takes `ms` so that it lasts about `roundMs`. */
export function timesFor(ms: number, roundMs: number): number {
  return Math.max(1, Math.ceil(roundMs / Math.max(ms, 0.01)));
}

/**
 * Something that can be done `times` times and then waited for, as a measurement of one time: each lasts at least
 * `roundMs`, so that the wait, which ends up to 12 ms late, hardly counts.
 */
export async function repeated(
  run: (times: number) => Promise<unknown>,
  roundMs = LONG_ENOUGH,
): Promise<() => Promise<number>> {
  const times = timesFor(await clocked(() => run(1)), roundMs);
  return async () => await clocked(() => run(times)) / times;
}

const LONG_ENOUGH = 250; // ms

/** Milliseconds of processor time so far, all threads of this process together. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
