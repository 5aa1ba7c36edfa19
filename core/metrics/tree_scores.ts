/** What a tree of generators does with the latent space, and how its leaves and nodes agree with the classes of pictures. */

import { ShapeError } from "../shape.ts";
import { checkMatrix, type Matrix } from "./matrix.ts";
import { type Agreement, agreement } from "./partition.ts";
import { checkProbabilities, entropyOf } from "./probabilities.ts";

/** How the leaves are used. */
export interface LeafUsage {
  /** Leaves there are. */
  readonly leaves: number;
  /** Leaves that are the most likely one of some sample. */
  readonly used: number;
  /** Mean path weights `p̄ [leaves]`. */
  readonly usage: Float64Array;
  /** `H(p̄)` in nats, at most `log leaves`. */
  readonly entropy: number;
  /** `I(latent; leaf) = H(p̄) − mean H(p)` in nats: what the latent tells of the leaf. */
  readonly information: number;
  /** Mean largest path weight: `1/leaves` to 1, and 1 for hard paths. */
  readonly largestWeight: number;
}

/**
 * Usage, entropy and sharpness of paths.
 *
 * @param weights Path weights `[samples, leaves]` of samples from the prior
 * @throws {RangeError} If rows are no probabilities
 */
export function leafUsage(weights: Matrix): LeafUsage {
  const { values, rows, columns } = weights;
  checkMatrix("fake", weights, { metric: "leaf usage", atLeast: 1 });
  checkProbabilities(weights);
  const usage = new Float64Array(columns);
  let [entropies, largest] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const path = values.subarray(row * columns, (row + 1) * columns);
    for (let leaf = 0; leaf < columns; leaf++) usage[leaf] += path[leaf] / rows;
    entropies += entropyOf(path) / rows;
    largest += path.reduce((a, b) => Math.max(a, b), 0) / rows;
  }
  const entropy = entropyOf(usage);
  const used = new Set(likeliestNodes(weights, columns)).size;
  const information = Math.max(0, entropy - entropies); // below 0 by roundings alone
  return { leaves: columns, used, usage, entropy, information, largestWeight: largest };
}

/** A tree seen from the labels of what it makes. */
export interface TreeAgreement {
  /** One for each level below the root, the last one that of the leaves. */
  readonly levels: readonly Agreement[];
  readonly dendrogramPurity: number;
}

/**
 * Agreement of every level of a binary tree with classes: a sample belongs to the node that is most likely on that level, a
 * node's weight being the sum of those of the leaves under it.
 *
 * @param weights Path weights `[samples, leaves]`, leaves from left to right
 * @param classes What a classifier says of each sample `[samples]`
 * @throws {ShapeError} If the leaves are not a power of two, or the classes not as many as samples
 * @throws {RangeError} If rows are no probabilities, or no two samples are of one class
 */
export function treeAgreement(weights: Matrix, classes: Uint32Array): TreeAgreement {
  const depth = Math.log2(weights.columns);
  if (!Number.isInteger(depth) || depth < 1) {
    throw new ShapeError(`Cannot make a tree of ${weights.columns} leaves: expected a power of two, at least 2`);
  }
  const levels = Array.from({ length: depth }, (_, above) => leafAgreement(weights, classes, 2 ** (above + 1)));
  const leaves = likeliestNodes(weights, weights.columns);
  return { levels, dendrogramPurity: dendrogramPurity({ leaves, classes, depth }) };
}

/**
 * Whether leaves can agree with classes: some two samples are of one class, which leaves could hold together, and some two
 * are not, which leaves could hold apart.
 */
export function canAgree(classes: Uint32Array): boolean {
  const different = new Set(classes).size;
  return different > 1 && different < classes.length;
}

/**
 * Agreement of the leaves, or of nodes that have equally many consecutive leaves, with classes.
 *
 * @throws {ShapeError} If the classes are not as many as samples
 * @throws {RangeError} If rows are no probabilities
 */
export function leafAgreement(weights: Matrix, classes: Uint32Array, nodes = weights.columns): Agreement {
  checkMatrix("fake", weights, { metric: "agreement of leaves with classes", atLeast: 1 });
  checkProbabilities(weights);
  if (classes.length !== weights.rows) {
    throw new ShapeError(
      `Cannot compare leaves with classes: fake has ${weights.rows} samples and ${classes.length} labels, expected as many`,
    );
  }
  return agreement({ classes, parts: likeliestNodes(weights, nodes) });
}

/** The most likely of `nodes` nodes for every sample; of equally likely ones the first. */
function likeliestNodes({ values, rows, columns }: Matrix, nodes: number): Uint32Array {
  const width = columns / nodes;
  return Uint32Array.from({ length: rows }, (_, row) => {
    let [best, most] = [0, -1];
    for (let node = 0; node < nodes; node++) {
      let weight = 0;
      for (let i = 0; i < width; i++) weight += values[row * columns + node * width + i];
      if (weight > most) [best, most] = [node, weight];
    }
    return best;
  });
}

/** Samples in the leaves of a tree. */
export interface Dendrogram {
  /** Leaf of each sample, from left to right. */
  readonly leaves: Uint32Array;
  /** Class of each sample. */
  readonly classes: Uint32Array;
  readonly depth: number;
}

/**
 * Dendrogram purity: of two samples of one class, drawn at random, the expected share of that class among all samples under
 * their lowest common ancestor (Heller & Ghahramani, "Bayesian hierarchical clustering", ICML 2005). 1 if every class has
 * subtrees of its own. The ancestor of two samples in one leaf is that leaf. Computed from counts, not by drawing.
 *
 * @throws {RangeError} If no two samples are of one class
 *
 * @example
 * ```ts
 * import { dendrogramPurity } from "./tree_scores.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const leaves = Uint32Array.of(0, 1, 2, 3);
 * assertEquals(dendrogramPurity({ leaves, classes: Uint32Array.of(5, 5, 6, 6), depth: 2 }), 1);
 * assertEquals(dendrogramPurity({ leaves, classes: Uint32Array.of(5, 6, 5, 6), depth: 2 }), 0.5);
 * ```
 */
export function dendrogramPurity({ leaves, classes, depth }: Dendrogram): number {
  let nodes = Array.from({ length: 2 ** depth }, () => new Map<number, number>());
  leaves.forEach((leaf, i) => nodes[leaf].set(classes[i], (nodes[leaf].get(classes[i]) ?? 0) + 1));
  let [pairs, sum] = [0, 0];
  const meet = (count: number, c: number, node: Map<number, number>) => {
    pairs += count;
    if (count > 0) sum += count * node.get(c)! / total(node);
  };
  for (const node of nodes) for (const [c, count] of node) meet(count * (count - 1) / 2, c, node);
  while (nodes.length > 1) {
    nodes = Array.from({ length: nodes.length / 2 }, (_, i) => {
      const [left, right] = [nodes[2 * i], nodes[2 * i + 1]];
      const both = new Map(left);
      for (const [c, count] of right) both.set(c, (both.get(c) ?? 0) + count);
      for (const [c, count] of left) meet(count * (right.get(c) ?? 0), c, both);
      return both;
    });
  }
  if (pairs > 0) return sum / pairs;
  throw new RangeError(
    `Cannot compute the dendrogram purity: no two of ${classes.length} labels are equal, expected some`,
  );
}

function total(counts: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
