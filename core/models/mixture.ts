/** What the mixture heads have in common: they turn a latent into the first feature map by averaging leaves. */

import { add, div, exp, mul, type Operand, sub, where } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, stopGradient } from "../ops/movement.ts";
import { max, sum } from "../ops/reduce.ts";
import type { Tensors } from "../grad.ts";
import { type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import type { Initializer } from "../nn/init.ts";

/** What a head makes of a batch of latents. */
export interface Mixture {
  /** `h [batch, ...featureShape]`. */
  features: Tensor;
  /** `p [batch, leaves]`, each row sums to 1. */
  weights: Tensor;
  /** `g [batch, gates]`: a tree's decisions; the weights themselves where nothing is decided step by step. */
  gates: Tensor;
  /** `a [batch, gates]`, or one row for all: the gates before their sigmoid, or what the weights are the softmax of. */
  logits: Tensor;
}

/** How a path is taken other than freely. */
export interface Path {
  /**
   * `[batch, leaves]` or `[1, leaves]`, 1 for the leaves allowed, 0 for the others: the path is forced into them,
   * `p ∝ region · p(z)`. One leaf gives a one-hot path, the leaves under a node the path from there on.
   */
  region?: Tensor;
  /** `τ > 0`, one element or `[batch, 1]`: logits are divided by it, below 1 gates decide harder; 1 unless given. */
  temperature?: Operand;
  /** `[batch, gates]`, for trees: 1 where a gate is forced to the left, -1 to the right, 0 where it decides itself. */
  decisions?: Tensor;
  /** `[batch, latent]`, by which the path is chosen in place of `z`, which the leaves still see; for trees. */
  chooser?: Tensor;
}

/** Turns a latent `z` into the first feature map `h = Σ_l p_l(z) y_l(z)`. */
export interface MixtureHead<P extends Tensors = Tensors> {
  /** Length of the latent, with what a discrete choice is drawn from. */
  readonly latent: number;
  /** Columns of the weights. */
  readonly leaves: number;
  /** Columns of the gates. */
  readonly gates: number;
  /** `[height, width, channels]` of a sample's features. */
  readonly featureShape: Shape;
  /** Starting values. */
  parameters(init: Initializer): P;
  /**
   * Averages the leaves.
   *
   * @param z `[batch, latent]`
   */
  apply(parameters: P, z: Tensor, path?: Path): Mixture;
}

/** What a head is made from. */
export interface HeadOptions {
  /** Length of the latent. */
  latent: number;
  /** `h` of one sample, `[height, width, channels]`. */
  featureShape: Shape;
  /** The head has `2^depth` leaves. */
  depth: number;
  /** `y_l(z) = W_l z + b_l`, or `y_l` alone. */
  leaves: "linear" | "constant";
  /** Standard deviation that the biases of linear leaves start with: how unlike leaves are; 0 unless given. */
  leafSpread?: number;
}

/** Local generators: `weight [leaves·latent, out]`, leaf by leaf, and `bias [leaves, out]`; constant leaves are a bias. */
export type Leaves = { weight: Tensor; bias: Tensor } | { bias: Tensor };

/**
 * Starting values: linear leaves `W ~ N(0, 1/latent)`, `b = 0`, so that each `y_l` has variance 1 for `z ~ N(0, 1)`;
 * constant leaves `y ~ N(0, 1)`. Both as in the published code, but for a `leafSpread` above 0: `b ~ N(0, leafSpread²)`.
 */
export function leafParameters(
  init: Initializer,
  { latent, featureShape, depth, leaves, leafSpread = 0 }: HeadOptions,
): Leaves {
  const [count, out] = [2 ** depth, sizeOf(featureShape)];
  if (leaves === "constant") return { bias: init.normal([count, out]) };
  return {
    weight: init.normal([count * latent, out], { std: Math.sqrt(1 / latent) }),
    bias: leafSpread === 0 ? init.zeros([count, out]) : init.normal([count, out], { std: leafSpread }),
  };
}

/**
 * `Σ_l p_l y_l(z)` as one product with the weights of all leaves, `(p ⊗ z) W + p B`.
 *
 * Differs from the reference: there the weights are averaged first and then applied, which takes
 * `batch·latent·out` numbers instead of `batch·leaves·latent`.
 *
 * @param weights `p [batch, leaves]`
 * @param z `[batch, latent]`
 * @returns `[batch, out]`
 */
export function mixLeaves(leaves: Leaves, weights: Tensor, z: Tensor): Tensor {
  const shared = matmul(weights, leaves.bias);
  if (!("weight" in leaves)) return shared;
  const [batch, count] = weights.shape;
  const latent = z.shape[1];
  const outer = mul(reshape(weights, [batch, count, 1]), reshape(z, [batch, 1, latent]));
  return add(matmul(reshape(outer, [batch, count * latent]), leaves.weight), shared);
}

/**
 * Softmax inside a region, `p_l = r_l e^{x_l} / Σ_k r_k e^{x_k}`; taken in logarithms, so that a region that is all but
 * impossible still gets the whole weight.
 *
 * @param x `[batch, leaves]`, logarithms of weights that need not sum to 1
 * @param region `[batch, leaves]` or `[1, leaves]`, 1 or 0, at least one 1 in a row; everything unless given
 * @returns `[batch, leaves]`, each row sums to 1
 */
export function softmax(x: Tensor, region?: Tensor): Tensor {
  const inside = region === undefined ? x : where(region, x, OUTSIDE);
  // Any shift cancels, so the largest element counts as a constant.
  const shifted = sub(inside, stopGradient(max(inside, { axes: [-1], keepDims: true })));
  const e = region === undefined ? exp(shifted) : where(region, exp(shifted), 0);
  return div(e, sum(e, { axes: [-1], keepDims: true }));
}

const OUTSIDE = -1e30; // below every logarithm of a weight

/** Logits over a temperature, `a / τ`; as they are unless one is given. */
export function tempered(logits: Tensor, temperature?: Operand): Tensor {
  return temperature === undefined || temperature === 1 ? logits : div(logits, temperature);
}
