/** The soft binary tree: decision nodes split the latent space softly, leaves are local generators. */

import { abs, add, exp, mul, neg, sigmoid, softplus, where } from "../ops/elementwise.ts";
import { broadcastTo, concat, reshape, slice } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import { constant, zeros } from "../ops/source.ts";
import type { Tensor } from "../tensor.ts";
import { type Linear, linear, linearParameters } from "../nn/linear.ts";
import {
  type HeadOptions,
  leafParameters,
  type Leaves,
  mixLeaves,
  type MixtureHead,
  softmax,
  tempered,
} from "./mixture.ts";

/** Parameters of a tree: gates `weight [latent, leaves - 1]`, `bias [leaves - 1]` in level order, and leaves. */
export type SoftTree = { gates: Linear; leaves: Leaves };

/** Deepest tree: 1024 leaves. */
export const MAX_DEPTH = 10;

/**
 * Mixture head with a soft binary tree of `L = 2^depth` leaves. Node `m` (level order, root 0) has children `2m + 1` and
 * `2m + 2` and the gate `g_m(z) = sigmoid(v_m · z + c_m)`, which is the left child's part; a node's weight is the product
 * of the parts on its path; `τ` divides the logits of the gates (Ahmetoğlu & Alpaydın, "Hierarchical Mixtures of
 * Generators for Adversarial Learning", ICPR 2020; İrsoy, Yıldız & Alpaydın, "Soft decision trees", ICPR 2012). Gates
 * start at `v ~ N(0, 1/latent)`, `c = 0`, as published.
 *
 * @throws {RangeError} If the depth is no whole number from 1 to 10
 *
 * @example
 * ```ts
 * import { softTree } from "./soft_tree.ts";
 * import { initializer } from "../nn/init.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const tree = softTree({ latent: 64, depth: 3, leaves: "linear", featureShape: [4, 4, 64] });
 * const { features, weights, gates } = tree.apply(tree.parameters(initializer(1)), ones([32, 64]));
 * assertEquals([features.shape, weights.shape, gates.shape], [[32, 4, 4, 64], [32, 8], [32, 7]]);
 * ```
 */
export function softTree(options: HeadOptions): MixtureHead<SoftTree> {
  const { latent, depth, featureShape } = options;
  checkDepth(depth);
  const leaves = 2 ** depth;
  return {
    latent,
    leaves,
    gates: leaves - 1,
    featureShape,
    parameters: (init) => ({
      gates: linearParameters(init, { inFeatures: latent, outFeatures: leaves - 1, std: Math.sqrt(1 / latent) }),
      leaves: leafParameters(init, options),
    }),
    apply(parameters, z, { region, temperature, decisions, chooser = z } = {}) {
      const free = tempered(linear(parameters.gates, chooser), temperature);
      const logits = decisions === undefined ? free : where(abs(decisions), mul(decisions, CERTAIN), free);
      const logWeights = logLevelWeights(logits, depth);
      const weights = region === undefined
        ? reshape(exp(logWeights), [z.shape[0], leaves])
        : softmax(reshape(logWeights, [z.shape[0], leaves]), region);
      const features = mixLeaves(parameters.leaves, weights, z);
      return { features: reshape(features, [z.shape[0], ...featureShape]), weights, gates: sigmoid(logits), logits };
    },
  };
}

const CERTAIN = 100; // a logit whose gate is 1 in f32, and whose other side weighs e⁻¹⁰⁰

/**
 * Checks the depth of a tree, or of what has as many leaves.
 *
 * @throws {RangeError} If the depth is no whole number from 1 to 10
 */
export function checkDepth(depth: number, what = "tree"): void {
  if (Number.isInteger(depth) && depth >= 1 && depth <= MAX_DEPTH) return;
  throw new RangeError(`Cannot build a ${what} of depth ${depth}: expected a whole number from 1 to ${MAX_DEPTH}`);
}

/**
 * Logarithms of the node weights of one level: `log p = −Σ softplus(∓a)` over the gates on the path, `−` where it turns
 * left. Every gate has an axis of length 2 for its sides, so the paths of a level are one sum of broadcast gates, which
 * fuses into one kernel; products of `g` and `1 − g` would lose digits where a gate is all but certain.
 *
 * @param logits `a [batch, gates]`, the gates before the sigmoid in level order
 * @param level From 0, the root, to the depth of the tree
 * @returns `[batch, 2, …, 2]`, an axis per gate on the path; row-major these are the nodes from left to right
 */
export function logLevelWeights(logits: Tensor, level: number): Tensor {
  const batch = logits.shape[0];
  const shape = [batch, ...new Array<number>(level).fill(2)];
  const side = constant([-1, 1]); // left, right
  const sides = Array.from({ length: level }, (_, above) => {
    const nodes = slice(logits, { start: [0, 2 ** above - 1], shape: [batch, 2 ** above] });
    const gates = reshape(nodes, shape.map((length, axis) => axis <= above ? length : 1));
    const turn = reshape(side, shape.map((_, axis) => axis === above + 1 ? 2 : 1));
    return softplus(mul(broadcastTo(gates, shape), broadcastTo(turn, shape)));
  });
  return level === 0 ? zeros([batch]) : neg(sides.reduce((a, b) => add(a, b)));
}

/**
 * Weights of all nodes from those of the leaves, each the sum over the leaves under it.
 *
 * @param weights `[batch, leaves]`
 * @returns `[batch, 2·leaves - 1]` in level order: the root, its children, …, the leaves
 */
export function nodeWeights(weights: Tensor): Tensor {
  const [batch, leaves] = weights.shape;
  const levels = Array.from({ length: Math.log2(leaves) }, (_, level) => {
    return sum(reshape(weights, [batch, 2 ** level, leaves / 2 ** level]), { axes: [-1] });
  });
  return concat([...levels, weights], 1);
}

/**
 * The leaves under a node as a region for `MixtureHead.apply` and `drawFromRegion`.
 *
 * @param node Level order: 0 is the root, the last `2^depth` are the leaves
 * @returns `2^depth` numbers, 1 for the leaves under the node, 0 for the others
 * @throws {RangeError} If the tree has no such node
 */
export function leavesUnder(node: number, depth: number): Float32Array<ArrayBuffer> {
  checkDepth(depth);
  const leaves = 2 ** depth;
  if (!(Number.isInteger(node) && node >= 0 && node < 2 * leaves - 1)) {
    throw new RangeError(
      `Cannot use node ${node} of a tree of depth ${depth}: expected a whole number from 0 to ${2 * leaves - 2}`,
    );
  }
  const level = Math.floor(Math.log2(node + 1));
  const width = leaves / 2 ** level; // leaves under each node of this level
  const first = (node + 1 - 2 ** level) * width;
  return Float32Array.from({ length: leaves }, (_, leaf) => Number(leaf >= first && leaf < first + width));
}
