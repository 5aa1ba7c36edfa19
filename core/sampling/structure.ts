/** The nodes of a model as they are asked for and answered with: which leaves are under a node, which nodes lead to a leaf. */

import type { ModelOptions } from "../models/presets.ts";
import { leavesUnder } from "../models/soft_tree.ts";

/** Nodes are numbered in level order: 0 is the root, the last ones are the leaves. */
export interface Structure {
  readonly leaves: number;
  readonly nodes: number;
  /** 1 for the leaves under a node, 0 for the others. */
  region(node: number): Float32Array<ArrayBuffer>;
  /** The node that is a leaf. */
  nodeOf(leaf: number): number;
  /** The nodes from the root to a leaf, both included. */
  pathTo(leaf: number): number[];
}

/** The nodes of a tree; any other mixture is a root with all leaves under it, a single generator one leaf that is the root. */
export function structureOf({ head, depth }: Pick<ModelOptions, "head" | "depth">): Structure {
  const leaves = head === "single" ? 1 : 2 ** depth;
  const nodes = head === "tree" ? 2 * leaves - 1 : head === "single" ? 1 : leaves + 1;
  const nodeOf = (leaf: number) => nodes - leaves + leaf;
  const parent = (node: number) => head === "tree" ? Math.floor((node - 1) / 2) : 0;
  const only = (leaf: number) => Float32Array.from({ length: leaves }, (_, l) => Number(l === leaf));
  return {
    leaves,
    nodes,
    nodeOf,
    region: (node) => {
      if (head === "tree") return leavesUnder(node, depth);
      return node === 0 ? new Float32Array(leaves).fill(1) : only(node - nodeOf(0));
    },
    pathTo: (leaf) => {
      const path = [nodeOf(leaf)];
      while (path[0] !== 0) path.unshift(parent(path[0]));
      return path;
    },
  };
}
