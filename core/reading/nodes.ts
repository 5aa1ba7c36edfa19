/** What the paths of many samples say of every node. */

import { type Matrix, matrix } from "../metrics/matrix.ts";
import type { Structure } from "../sampling/structure.ts";

/** A node in numbers. Entropies are in bits. */
export interface NodeStatistics {
  /** Level order: 0 is the root, the last ones are the leaves. */
  readonly node: number;
  /** 0 for the root. */
  readonly level: number;
  /** Null for the root. */
  readonly parent: number | null;
  /** From left to right; none for a leaf. */
  readonly children: number[];
  /** The leaf that it is; null where it is none. */
  readonly leaf: number | null;
  /** `u_m = E r_m`: the part of the latent space that belongs to the node, 0 to 1; 1 for the root. */
  readonly usage: number;
  /**
   * `E[r_m g_m] / E r_m = u_left / u_m`: the part of the node that goes left, 0 to 1. Null for leaves, nodes with other than
   * two children, and those that no sample reaches.
   */
  readonly balance: number | null;
  /**
   * `E[r_m H(g_m)] / E r_m`: how undecided the gate is about the samples that reach it: 0 where each goes one way, 1 where
   * each goes both ways alike. A flat mixture's root has the entropy of its softmax, up to `log₂ leaves`. Null for leaves and
   * where no sample gets to.
   */
  readonly decisionEntropy: number | null;
  /**
   * `H(balance) − decisionEntropy`: mutual information of the latent and the way taken, given that the node is reached: 1
   * for a gate that sends one half surely left and the other surely right, 0 for one that does the same to all latents. Null
   * like the above.
   */
  readonly information: number | null;
}

/**
 * How much of every sample gets to every node, `r_m(z) = Σ p_l(z)` over the leaves `l` under node `m`: the path weight of a
 * node. 1 at the root; those of one level sum to 1.
 *
 * @param weights Path weights of the leaves, `p [samples, leaves]`
 * @returns `[samples, nodes]`
 *
 * @example
 * ```ts
 * import { nodeReach } from "./nodes.ts";
 * import { structureOf } from "../sampling/structure.ts";
 * import { matrix } from "../metrics/matrix.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const weights = matrix(Float32Array.of(0.5, 0.25, 0.25, 0), 4);
 * const reach = nodeReach(structureOf({ head: "tree", depth: 2 }), weights);
 * assertEquals([...reach.values], [1, 0.75, 0.25, 0.5, 0.25, 0.25, 0]);
 * ```
 */
export function nodeReach({ nodes, leaves, pathTo }: Structure, { values, rows }: Matrix): Matrix {
  const reach = new Float32Array(rows * nodes);
  for (let leaf = 0; leaf < leaves; leaf++) {
    for (const node of pathTo(leaf)) {
      for (let row = 0; row < rows; row++) reach[row * nodes + node] += values[row * leaves + leaf];
    }
  }
  return matrix(reach, nodes);
}

/**
 * Usage, balance, entropy and information of every node.
 *
 * @param reach `r [samples, nodes]` of samples from the prior, see `nodeReach`
 */
export function nodeStatistics(structure: Structure, reach: Matrix): NodeStatistics[] {
  const { values, rows, columns } = reach;
  const usage = Float64Array.from({ length: columns }, (_, node) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += values[row * columns + node];
    return sum / rows;
  });
  return Array.from(usage, (own, node) => {
    const children = structure.children(node);
    const decides = children.length > 0 && own > 0;
    const shares = children.map((child) => usage[child] / own);
    const decisionEntropy = decides ? meanEntropy(reach, node, children) / own : null;
    return {
      node,
      level: structure.level(node),
      parent: structure.parent(node),
      children,
      leaf: structure.leafOf(node),
      usage: own,
      balance: decides && children.length === 2 ? shares[0] : null,
      decisionEntropy,
      // Rounding may leave a gate that tells nothing a little below 0.
      information: decisionEntropy === null ? null : Math.max(0, sumOf(shares.map(surprise)) - decisionEntropy),
    };
  });
}

/** `E[r_m H(c / r_m)] = E Σ_c −r_c log₂(r_c / r_m)` in bits, where `c` runs over the children. */
function meanEntropy({ values, rows, columns }: Matrix, node: number, children: readonly number[]): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const whole = values[row * columns + node];
    for (const child of children) {
      const part = values[row * columns + child];
      if (part > 0) sum -= part * Math.log2(part / whole);
    }
  }
  return Math.max(0, sum / rows);
}

const surprise = (p: number): number => p > 0 ? -p * Math.log2(p) : 0;

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/**
 * Means of rows, weighted by how much of each gets to a node: `Σ_i r_m(z_i) x_i / Σ_i r_m(z_i)`.
 *
 * @param reach `r [samples, nodes]`
 * @param rows `x [samples, columns]`: pictures, or probabilities of labels
 * @returns For every node, `[columns]`; NaN where no sample gets to
 */
export function nodeMeans({ leaves, nodeOf, pathTo, nodes }: Structure, reach: Matrix, rows: Matrix): Float32Array[] {
  const { columns } = rows;
  const sums = Array.from({ length: nodes }, () => new Float64Array(columns));
  const weights = new Float64Array(nodes);
  for (let leaf = 0; leaf < leaves; leaf++) {
    const own = nodeOf(leaf);
    for (let row = 0; row < rows.rows; row++) {
      const weight = reach.values[row * nodes + own];
      if (weight === 0) continue;
      weights[own] += weight;
      for (let column = 0; column < columns; column++) {
        sums[own][column] += weight * rows.values[row * columns + column];
      }
    }
    // What gets to a node is what gets to the leaves under it.
    for (const above of pathTo(leaf).slice(0, -1)) {
      weights[above] += weights[own];
      for (let column = 0; column < columns; column++) sums[above][column] += sums[own][column];
    }
  }
  return sums.map((sum, node) => Float32Array.from(sum, (value) => value / weights[node]));
}
