/** Groups of values that one kernel computes, the order they run in and what they may bind. */

import type { AdapterTraits, Tensor } from "../tensor.ts";
import type { Read } from "./reads.ts";

/** One kernel: what it is built on and what it stores. */
export interface Group {
  /** A reduction or an operation with its own shader; absent in elementwise kernels. */
  readonly anchor?: Tensor;
  /** Values computed here, inputs first; the anchor among them. */
  readonly members: Tensor[];
  /** Other groups it reads from. */
  readonly producers: Set<Group>;
  /** Where one workgroup computes a row of everything: how many rows there are (`joinRows`). */
  readonly rows?: number;
}

/** What every root reads, inputs before what reads them. */
export type Reads = ReadonlyMap<Tensor, readonly Read[]>;

/**
 * Buffers of a kernel: at most `most`, also where an adapter has more (no step of the models wants it); of these `spare`
 * for values that several members read in different ways, which are bound twice, and `results` for what is stored.
 */
export const BINDINGS = { most: 28, spare: 2, results: 2 };

/** How many values a kernel may bind. */
export function mostBound(adapter: AdapterTraits): number {
  return Math.min(adapter.maxStorageBuffers, BINDINGS.most) - BINDINGS.spare;
}

/** Buffers bound for what members of a kernel read: a value read both by fours and by element is bound twice. */
export function bindingsOf(readsOfMembers: readonly (readonly Read[])[]): number {
  const forms = new Map<Tensor, Set<string>>();
  for (const reads of readsOfMembers) {
    const views = new Map<Tensor, number>(); // other than in place
    for (const { node, inPlace } of reads) {
      if (!forms.has(node)) forms.set(node, new Set());
      if (!inPlace) views.set(node, (views.get(node) ?? 0) + 1);
      forms.get(node)!.add(inPlace ? "in place" : `view ${Math.min(views.get(node)!, 2)}`);
    }
  }
  return [...forms.values()].reduce((total, { size }) => total + Math.min(size, 2), 0);
}

/** Whether one of the groups is another one, or reads from it, directly or through further groups. */
export function dependsOn(groups: Iterable<Group>, on: Group, seen = new Set<Group>()): boolean {
  for (const group of groups) {
    if (group === on) return true;
    if (seen.has(group)) continue;
    seen.add(group);
    if (dependsOn(group.producers, on, seen)) return true;
  }
  return false;
}

/** Kernels after those they read from; those that only replace variables come last, so that they can do it in place. */
export function schedule(groups: readonly Group[], updates: ReadonlySet<Tensor>): Group[] {
  const done = new Set<Group>();
  const result: Group[] = [];
  const place = (group: Group): void => {
    if (done.has(group)) return;
    done.add(group);
    group.producers.forEach(place);
    result.push(group);
  };
  const late = (group: Group) => group.members.some((member) => updates.has(member));
  groups.filter((group) => !late(group)).forEach(place);
  groups.forEach(place);
  return result;
}
