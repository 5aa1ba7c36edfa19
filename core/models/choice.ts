/** Heads that choose one generator for every sample: the choice is drawn from a part of the latent. */

import { abs, add, equal, greaterEqual, log, mul, neg, relu, square, sub, where } from "../ops/elementwise.ts";
import { reshape, slice, stopGradient } from "../ops/movement.ts";
import { max, sum } from "../ops/reduce.ts";
import { constant, zeros } from "../ops/source.ts";
import type { Tensors } from "../grad.ts";
import type { Tensor } from "../tensor.ts";
import type { Initializer } from "../nn/init.ts";
import { type Linear, linear, linearParameters } from "../nn/linear.ts";
import {
  type HeadOptions,
  leafParameters,
  type Leaves,
  mixLeaves,
  type MixtureHead,
  type Path,
  softmax,
  tempered,
} from "./mixture.ts";
import { checkDepth } from "./soft_tree.ts";

/** Numbers of a latent that the choice among `leaves` generators is drawn from. */
const choiceLength = (leaves: number): number => 2 * leaves;

/** A latent as what the generators see, `[batch, latent]`, and what the choice is drawn from, `[batch, 2·leaves]`. */
function split(z: Tensor, latent: number): { noise: Tensor; chance: Tensor } {
  const [batch, length] = z.shape;
  return {
    noise: slice(z, { start: [0, 0], shape: [batch, latent] }),
    chance: slice(z, { start: [0, latent], shape: [batch, length - latent] }),
  };
}

const TINY = 1e-20; // under the logarithm

/**
 * Standard Gumbel numbers from normal ones, `−log((a² + b²) / 2)`: half the squared length of two normal numbers follows
 * the exponential distribution, and minus the logarithm of that the Gumbel distribution, both exactly. So a latent stays
 * normal throughout, and a sample a function of its latent.
 *
 * @param pairs `[batch, 2·n]`
 * @returns `[batch, n]`
 */
export function gumbel(pairs: Tensor): Tensor {
  const [batch, length] = pairs.shape;
  const squares = sum(square(reshape(pairs, [batch, length / 2, 2])), { axes: [-1] });
  return neg(log(add(mul(squares, 0.5), TINY)));
}

/**
 * One-hot rows of where the largest number stands, the first of those that are equal but for rounding; it has no gradient.
 * A kernel may compute `x` again, and round otherwise, where it is compared with its largest element: none need equal that.
 *
 * @param x `[batch, n]`
 * @returns `[batch, n]`, every row with exactly one 1
 */
export function oneHotOfLargest(x: Tensor): Tensor {
  const ofRow = (y: Tensor) => max(y, { axes: [-1], keepDims: true });
  const largest = ofRow(x);
  const near = greaterEqual(x, sub(largest, mul(add(abs(largest), 1), ROUNDING)));
  const n = x.shape[1];
  const countdown = mul(near, constant(Array.from({ length: n }, (_, i) => n - i)));
  return stopGradient(equal(countdown, ofRow(countdown))); // whole numbers, which every kernel has alike
}

const ROUNDING = 2e-6; // of numbers around 1 in f32, after some operations

/**
 * One-hot choice with `P(l) = softmax(x)_l` (Gumbel's trick): where `x + Gumbel` is largest, within a region if one is
 * given.
 */
function choose(x: Tensor, chance: Tensor, region?: Tensor): Tensor {
  const noisy = add(x, gumbel(chance));
  return oneHotOfLargest(region === undefined ? noisy : where(region, noisy, OUTSIDE));
}

const OUTSIDE = -1e30; // below every noisy logit

/** Leaves, all equally likely; or with a learned prior, `prior [leaves]`, the logarithms of their shares. */
export type Disjoint = { leaves: Leaves; prior?: Tensor };

/**
 * Head of `2^depth` generators of which each sample takes one, `h = relu(W_l z + b_l)` with `l ~ π`, so that each is what
 * `single` is. `π` is uniform (MAD-GAN, Ghosh et al., "Multi-agent diverse generative adversarial networks", CVPR 2018;
 * MGAN, Hoang et al., "MGAN: training generative adversarial nets with multiple generators", ICLR 2018), or `softmax` of a
 * learned `prior` that starts at 0 (DMWGAN-PL, Khayatkhoei, Singh & Elgammal, "Disconnected manifold learning for generative
 * adversarial networks", NeurIPS 2018).
 *
 * Differs from the papers: generators share the body, as MGAN's do (those of MAD-GAN share some layers, those of DMWGAN
 * none), so that all methods compare at equal cost; the choice is drawn from the last `2·leaves` numbers of the latent.
 *
 * @throws {RangeError} If the depth is no whole number from 1 to 10
 */
export function disjoint(options: HeadOptions, { learnedPrior = false } = {}): MixtureHead<Disjoint> {
  const { latent, featureShape } = options;
  return choiceHead(options, {
    parameters: (init) => ({
      leaves: leafParameters(init, options),
      ...learnedPrior && { prior: init.zeros([2 ** options.depth]) },
    }),
    apply(parameters, z, { region } = {}) {
      const { noise, chance } = split(z, latent);
      const leaves = chance.shape[1] / 2;
      const logits = parameters.prior ? reshape(parameters.prior, [1, leaves]) : zeros([1, leaves]);
      const weights = choose(logits, chance, region);
      const features = relu(mixLeaves(parameters.leaves, weights, noise));
      return { features: reshape(features, [z.shape[0], ...featureShape]), weights, gates: weights, logits };
    },
  });
}

/** Parameters of MEGAN's head: gate `weight [latent, leaves]`, `bias [leaves]`, and leaves. */
export type Gumbel = { gates: Linear; leaves: Leaves };

/**
 * Head of `2^depth` generators of which a gate takes one, by the straight-through Gumbel-softmax (Park, Yoo, Bahng, Choo &
 * Park, "MEGAN: mixture of experts of generative adversarial networks for multimodal image generation", IJCAI 2018; Jang,
 * Gu & Poole, ICLR 2017): forward the one-hot `l* = argmax (a + Gumbel)`, `a = V z + c`, backward the gradient of
 * `softmax((a + Gumbel) / τ)`; `h = relu(W_{l*} z + b_{l*})`.
 *
 * Differs from the paper: there the gate sees the first features of all generators, which here are affine in `z` like the
 * gate itself; generators share the body; noise is drawn from the last `2·leaves` numbers of the latent.
 *
 * @throws {RangeError} If the depth is no whole number from 1 to 10
 */
export function gumbelMixture(options: HeadOptions): MixtureHead<Gumbel> {
  const { latent, featureShape, depth } = options;
  return choiceHead(options, {
    parameters: (init) => ({
      gates: linearParameters(init, { inFeatures: latent, outFeatures: 2 ** depth, std: Math.sqrt(1 / latent) }),
      leaves: leafParameters(init, options),
    }),
    apply(parameters, z, { region, temperature } = {}) {
      const { noise, chance } = split(z, latent);
      const logits = linear(parameters.gates, noise);
      const soft = softmax(tempered(add(logits, gumbel(chance)), temperature), region);
      const weights = add(choose(logits, chance, region), sub(soft, stopGradient(soft)));
      const features = relu(mixLeaves(parameters.leaves, weights, noise));
      return { features: reshape(features, [z.shape[0], ...featureShape]), weights, gates: weights, logits };
    },
  });
}

/** A mixture of normal latents, `mean` and `deviation [leaves, latent]`, and the single generator's dense layer. */
export type LatentMixture = { mean: Tensor; deviation: Tensor; dense: Linear };

/** Spread of the components at the start, and their width: as in the published code. */
const START = { spread: 1, deviation: 0.2 };

/**
 * Head of a single generator over a learned mixture of normal latents: `h = relu(W (μ_l + σ_l ∘ z) + b)`, `l` uniform among
 * `2^depth` (Gurumurthy, Sarvadevabhatla & Babu, "DeLiGAN: generative adversarial networks for diverse and limited data",
 * CVPR 2017). Its leaves are the components.
 *
 * Differs from the paper: means start at `N(0, 1)` (there uniform in [−1, 1]); the component is drawn for every picture,
 * from the last `2·leaves` numbers of the latent (its code takes each component once a batch).
 *
 * @throws {RangeError} If the depth is no whole number from 1 to 10
 */
export function latentMixture(options: HeadOptions): MixtureHead<LatentMixture> {
  const { latent, featureShape, depth } = options;
  const outFeatures = featureShape.reduce((a, b) => a * b);
  return choiceHead(options, {
    parameters: (init) => ({
      mean: init.normal([2 ** depth, latent], { std: START.spread }),
      deviation: mul(init.ones([2 ** depth, latent]), START.deviation),
      dense: linearParameters(init, { inFeatures: latent, outFeatures, std: Math.sqrt(1 / latent) }),
    }),
    apply({ mean, deviation, dense }, z, { region } = {}) {
      const { noise, chance } = split(z, latent);
      const logits = zeros([1, chance.shape[1] / 2]);
      const weights = choose(logits, chance, region);
      const drawn = add(
        mixLeaves({ bias: mean }, weights, noise),
        mul(mixLeaves({ bias: deviation }, weights, noise), noise),
      );
      const features = reshape(relu(linear(dense, drawn)), [z.shape[0], ...featureShape]);
      return { features, weights, gates: weights, logits };
    },
  });
}

/** What choices have in common: sizes, and a latent with room for the choice. */
function choiceHead<P extends Tensors>(
  { latent, depth, featureShape }: HeadOptions,
  { parameters, apply }: {
    parameters: (init: Initializer) => P;
    apply: (parameters: P, z: Tensor, path?: Path) => ReturnType<MixtureHead["apply"]>;
  },
): MixtureHead<P> {
  checkDepth(depth, "choice of generators");
  const leaves = 2 ** depth;
  return { latent: latent + choiceLength(leaves), leaves, gates: leaves, featureShape, parameters, apply };
}
