/** Few buffers for many values: a value whose last reader has run leaves its buffer to the next. */

/** A value that needs memory from step `from` to step `to`, both included; sizes are of one unit, bytes or rows. */
export interface Lifetime<K> {
  key: K;
  size: number;
  from: number;
  to: number;
}

/** Which slot every value lives in, and how large the slots are. */
export interface MemoryPlan<K> {
  slotOf: Map<K, number>;
  slots: number[];
}

/**
 * Assigns slots, the largest value first: the smallest slot that is free all the time it lives, else a new one (greedy by
 * size, Pisarchyk & Lee, "Efficient memory management for deep neural net inference", arXiv 2001.03288).
 */
export function planMemory<K>(lifetimes: readonly Lifetime<K>[]): MemoryPlan<K> {
  const slotOf = new Map<K, number>();
  const slots: number[] = []; // sizes never rise, so that the last one that is free is the smallest
  const inSlot: Lifetime<K>[][] = [];
  for (const value of [...lifetimes].sort((a, b) => b.size - a.size || a.from - b.from)) {
    const isFree = (others: Lifetime<K>[]) => others.every(({ from, to }) => to < value.from || from > value.to);
    const free = inSlot.findLastIndex(isFree);
    const slot = free < 0 ? slots.length : free;
    slots[slot] ??= value.size;
    inSlot[slot] = [...inSlot[slot] ?? [], value];
    slotOf.set(value.key, slot);
  }
  return { slotOf, slots };
}

/** The largest sum of sizes of values alive at once. */
export function largestLiveSet<K>(lifetimes: readonly Lifetime<K>[]): number {
  const changes = lifetimes.flatMap(({ size, from, to }) => [{ at: from, size }, { at: to + 1, size: -size }])
    .sort((a, b) => a.at - b.at || a.size - b.size);
  let live = 0;
  return changes.reduce((most, { size }) => Math.max(most, live += size), 0);
}
