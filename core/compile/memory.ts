/** Few buffers for many values: a value whose last reader has run leaves its buffer to the next. */

/** A value that needs memory from step `from` to step `to`, both included; sizes are of one unit, bytes or rows. */
export interface Lifetime<K> {
  key: K;
  size: number;
  from: number;
  to: number;
}

/** Which slot every value lives in, how large the slots are, and the largest sum of values alive at once. */
export interface MemoryPlan<K> {
  slotOf: Map<K, number>;
  slots: number[];
  largestLiveSet: number;
}

/** Assigns slots, first come first served: the free one that fits best, else the largest free one grows. */
export function planMemory<K>(lifetimes: readonly Lifetime<K>[]): MemoryPlan<K> {
  const slotOf = new Map<K, number>();
  const slots: number[] = [];
  const freeAt: number[] = []; // first step at which the slot is free
  for (const { key, size, from, to } of [...lifetimes].sort((a, b) => a.from - b.from || b.size - a.size)) {
    const free = slots.map((_, slot) => slot).filter((slot) => freeAt[slot] <= from);
    const fitting = free.filter((slot) => slots[slot] >= size).sort((a, b) => slots[a] - slots[b]);
    const growing = free.sort((a, b) => slots[b] - slots[a]);
    const slot = fitting[0] ?? growing[0] ?? slots.length;
    slots[slot] = Math.max(slots[slot] ?? 0, size);
    freeAt[slot] = to + 1;
    slotOf.set(key, slot);
  }
  return { slotOf, slots, largestLiveSet: largestLiveSet(lifetimes) };
}

function largestLiveSet<K>(lifetimes: readonly Lifetime<K>[]): number {
  const changes = lifetimes.flatMap(({ size, from, to }) => [{ at: from, size }, { at: to + 1, size: -size }])
    .sort((a, b) => a.at - b.at || a.size - b.size);
  let live = 0;
  return changes.reduce((most, { size }) => Math.max(most, live += size), 0);
}
