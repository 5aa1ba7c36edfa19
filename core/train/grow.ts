/** Trees that grow: a run begins with depth 1, and at certain iterations every leaf is split in two. */

import type { HostArray } from "../compile/program.ts";
import { isHostArray } from "../compile/state.ts";
import { leavesOf, mapTree, type Tree } from "../tree.ts";
import type { TrainOptions } from "./options.ts";

/** Iterations done when leaves are split, rising, one for every level below the first; none where nothing is split. */
export type Grow = readonly number[];

const GROWING = 0.5; // of a run: the same time for every level but the last, which gets the rest besides

/**
 * When leaves are split unless said otherwise: after `k · 0.5 · iterations / depth` iterations, `k = 1 … depth − 1`.
 *
 * @throws {RangeError} If the depth is 1, or so few iterations leave none between two splits
 *
 * @example
 * ```ts
 * import { usualSplits } from "./grow.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(usualSplits(3, 1500), [250, 500]);
 * ```
 */
export function usualSplits(depth: number, iterations: number): Grow {
  if (depth === 1) {
    throw new RangeError("Cannot grow a tree to depth 1: it begins with that, expected a depth from 2 on");
  }
  const least = depth / GROWING;
  if (iterations < least) {
    throw new RangeError(
      `Cannot grow a tree to depth ${depth} in ${iterations} iterations: there are too few to train every depth, ` +
        `expected at least ${least}`,
    );
  }
  return Array.from({ length: depth - 1 }, (_, k) => Math.round((k + 1) * GROWING * iterations / depth));
}

/**
 * Checks when leaves are split.
 *
 * @throws {RangeError} If there is no tree, or the iterations are not as many as there are levels below the first, whole
 * numbers from 1 on and rising
 */
export function checkGrow(
  { method, model: { head, depth }, grow }: Pick<TrainOptions, "method" | "model" | "grow">,
): void {
  if (grow.length === 0) return;
  if (head !== "tree") {
    throw new RangeError(`Cannot grow ${method}: it has no tree whose leaves could be split, expected hmog`);
  }
  const rising = grow.every((split, i) => Number.isInteger(split) && split > (grow[i - 1] ?? 0));
  if (rising && grow.length === depth - 1) return;
  throw new RangeError(
    `Cannot grow a tree to depth ${depth} with splits after iterations ${grow.join(", ")}: ` +
      `expected ${depth - 1} whole numbers from 1 on, rising`,
  );
}

/** The first split after more than `iteration` iterations; infinite where none is left. */
export function nextSplit(grow: Grow, iteration: number): number {
  return grow.find((split) => split > iteration) ?? Infinity;
}

/** What a child has of its parent's moments: its gradient is about half as large, since both have half the weight. */
const SHARES: Readonly<Record<string, number>> = { first: 1 / 2, second: 1 / 4, largest: 1 / 4 };
const OF_LEAVES = /\/head\/leaves\//;
const OF_MOMENTS = /^moments\/\w+\/(first|second|largest)\//;

/**
 * The state of a run with every leaf split, so that no picture changes. A leaf's children are copies of it, in the
 * parameters and in their average. The last level of gates, and what the recogniser has for each, begin as in a new
 * tree, `v ~ N(0, 1/latent)`, `c = 0`. All else stays.
 *
 * Adam's moments are those that the children would have, had they always been there with half the weight each: half the
 * first one, a quarter of the others, which leaves the size of steps as it was; with copies of them, AMSGrad, whose
 * largest moment never falls, would halve the steps of leaves at every split. New gates have no first moment, and the
 * others of the gate above them: with none, their first steps would be `(1 − β₁)/√(1 − β₂)`, 16 times the learning rate,
 * since the correction for the start is long over.
 *
 * @param before The state of the shallower tree
 * @param start The first state of a run with the deeper one
 * @param depth Of the deeper one
 */
export function grownState(
  before: Tree<HostArray>,
  { start, depth }: { start: Tree<HostArray>; depth: number },
): Tree<HostArray> {
  const old = new Map(leavesOf<HostArray>(before, isHostArray));
  const leaves = 2 ** (depth - 1);
  return mapTree<HostArray, HostArray>(start, isHostArray, (begin, path) => {
    const from = old.get(path)!;
    if (begin.length === from.length) return from;
    const moment = OF_MOMENTS.exec(path)?.[1];
    const share = SHARES[moment ?? ""] ?? 1;
    if (OF_LEAVES.test(path)) return splitLeaves(from, { leaves, share });
    const inherited = moment !== undefined && moment !== "first";
    return joinGates(from, begin, { gates: leaves - 1, share: inherited ? share : 0 });
  });
}

/** Rows of every leaf twice, times `share`: leaf `l` becomes the leaves `2l` and `2l + 1`. */
function splitLeaves(from: HostArray, { leaves, share }: { leaves: number; share: number }): HostArray {
  const length = from.length / leaves;
  return Float32Array.from({ length: 2 * from.length }, (_, i) => {
    return from[Math.floor(i / (2 * length)) * length + i % length] * share;
  });
}

/** Columns of the old gates, then those of the new level: of `start` and, times `share`, of the gates above. */
function joinGates(
  from: HostArray,
  start: HostArray,
  { gates, share }: { gates: number; share: number },
): HostArray {
  const columns = 2 * gates + 1;
  return start.map((begin, i) => {
    const [row, gate] = [Math.floor(i / columns), i % columns];
    const of = (gate: number) => from[row * gates + gate];
    return gate < gates ? of(gate) : begin + share * of(Math.floor((gate - 1) / 2));
  });
}
