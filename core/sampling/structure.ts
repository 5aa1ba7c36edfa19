/** The nodes of a model as they are asked for and answered with: which leaves are under a node, which nodes lead to a leaf. */

import type { ModelOptions } from "../models/presets.ts";
import { leavesUnder } from "../models/soft_tree.ts";

/** Nodes are numbered in level order: 0 is the root, the last ones are the leaves. */
export interface Structure {
  readonly leaves: number;
  readonly nodes: number;
  /** Number of decision nodes, which come first; 0 where nothing is decided step by step. */
  readonly decisions: number;
  /** 1 for the leaves under a node, 0 for the others. */
  region(node: number): Float32Array<ArrayBuffer>;
  /** The node that is a leaf. */
  nodeOf(leaf: number): number;
  /** The leaf that a node is; null where it is none. */
  leafOf(node: number): number | null;
  /** The node above; null for the root. */
  parent(node: number): number | null;
  /** The nodes below, from left to right; none for a leaf. */
  children(node: number): number[];
  /** Nodes between the root and a node, itself included: 0 for the root. */
  level(node: number): number;
  /** The nodes from the root to a leaf, both included. */
  pathTo(leaf: number): number[];
}

/** The nodes of a tree; any other mixture is a root with all leaves under it, a single generator one leaf that is the root. */
export function structureOf({ head, depth }: Pick<ModelOptions, "head" | "depth">): Structure {
  const leaves = head === "single" ? 1 : 2 ** depth;
  const nodes = head === "tree" ? 2 * leaves - 1 : head === "single" ? 1 : leaves + 1;
  const first = nodes - leaves; // node of the first leaf
  const parent = (node: number) => node === 0 ? null : head === "tree" ? Math.floor((node - 1) / 2) : 0;
  const only = (leaf: number) => Float32Array.from({ length: leaves }, (_, l) => Number(l === leaf));
  const pathOf = (node: number) => {
    const path = [node];
    for (let above = parent(node); above !== null; above = parent(above)) path.unshift(above);
    return path;
  };
  const paths = Array.from({ length: leaves }, (_, leaf) => pathOf(first + leaf));
  return {
    leaves,
    nodes,
    decisions: head === "tree" ? leaves - 1 : 0,
    nodeOf: (leaf) => first + leaf,
    leafOf: (node) => node < first ? null : node - first,
    region: (node) => {
      if (head === "tree") return leavesUnder(node, depth);
      return node === 0 ? new Float32Array(leaves).fill(1) : only(node - first);
    },
    parent,
    children: (node) => {
      if (node >= first) return [];
      return head === "tree" ? [2 * node + 1, 2 * node + 2] : Array.from({ length: leaves }, (_, l) => first + l);
    },
    level: (node) => pathOf(node).length - 1,
    pathTo: (leaf) => [...paths[leaf]],
  };
}
