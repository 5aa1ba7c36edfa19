/**
 * Methods to train several generators, and one. To add a method: its head, what it adds to the losses, a line below.
 *
 * All have the same body without normalisation, critic (LayerNorm; none for points), objective (WGAN-GP; for points and
 * `madgan` the non-saturating loss) unless the options say otherwise, Adam with AMSGrad, and a moving average that draws the
 * pictures: most papers differ there. A choice of one generator is drawn from the last `2L` numbers of the latent
 * (`choice.ts`).
 */

import { oneOf } from "../nearest.ts";
import type { Mixture } from "../models/mixture.ts";
import type { HeadName } from "../models/presets.ts";
import { logSoftmax, logSumExp } from "../nn/activation.ts";
import { add, exp, mul, neg, square, sub } from "../ops/elementwise.ts";
import { reshape, stopGradient } from "../ops/movement.ts";
import { mean, sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";
import type { Tensors } from "../grad.ts";
import { OBJECTIVE_NAMES, type ObjectiveName, OBJECTIVES } from "./objectives.ts";

/** What a method's part of the generator's loss is made from. */
export interface GeneratorView {
  /** Parameters of the head. */
  head: Readonly<Record<string, Tensors>>;
  mixture: Mixture;
  /** Logits `[batch, generators]` of which generator made the generated images; of the critic or of the recogniser. */
  classes?: Tensor;
  /** The recogniser's for real images. */
  realClasses?: Tensor;
  /** Iterations done, one element. */
  iteration: Tensor;
}

/** One way to have several generators. */
export interface Method {
  readonly head: HeadName;
  /** Who tells generators apart: the critic's own features, or a network apart; nobody unless given. */
  readonly classes?: "critic" | "recogniser";
  /** What the critic's score is made from: its score and its classes; the score alone unless given. */
  readonly score?: (score: Tensor, classes: Tensor) => Tensor;
  /** What the generator minimises besides its objective. */
  readonly generator?: (view: GeneratorView) => Tensor;
  /** Whether the generator's part depends on real images. */
  readonly real?: boolean;
  /** Whether it needs an objective whose scores are logarithms of odds. */
  readonly logOdds?: boolean;
}

const DIVERSITY = 0.125; // of MGAN, as for its points in the plane
const IDENTITY = 1; // of DMWGAN
const BALANCE = 10; // of MEGAN
const WIDTH = 0.1; // of DeLiGAN
const PRIOR_DECAY = 0.999; // of DMWGAN-PL, per iteration

/**
 * One generator, `h = relu(W z + b)`, then the body (Goodfellow et al. 2014, arXiv 1406.2661; layers of DCGAN: Radford,
 * Metz & Chintala, arXiv 1511.06434).
 *
 * Differs from the papers: no batch normalisation in the generator, LayerNorm in the critic (DCGAN: batch normalisation),
 * WGAN-GP unless another objective is taken (there the logistic game); `W` starts as that of a leaf, `N(0, 1/latent)`
 * (DCGAN: `N(0, 0.02²)`), so that heads compare, and the body of `small` with larger weights.
 */
const gan: Method = { head: "single" };

/**
 * Flat mixture of generators, `h = Σ_l p_l(z) (W_l z + b_l)`, `p = softmax(V z + c)` (MoG in Ahmetoğlu & Alpaydın, ICPR
 * 2020, after Jacobs et al., "Adaptive mixtures of local experts", 1991).
 *
 * Differs from the reference: as `hmog`.
 */
const mog: Method = { head: "flat" };

/**
 * Hierarchical mixture of generators, `h = Σ_l p_l(z) (W_l z + b_l)`, `p_l` the product of `g_m = σ(v_m·z + c_m)` (left) or
 * `1 − g_m` (right) over the gates on the path to leaf `l` (Ahmetoğlu & Alpaydın, "Hierarchical mixtures of generators for
 * adversarial learning", ICPR 2020).
 *
 * Differs from the reference: the gradient penalty takes its norm over all of a picture, as its paper does (there over
 * channels only); leaves are averaged by one product, not by their weights first, equal up to rounding; biases of
 * convolutions start at 0 (there `N(0, 0.02²)`), the body of `small` with larger weights.
 */
const hmog: Method = { head: "tree" };

/**
 * One generator over a learned mixture of normal latents, `h = relu(W (μ_l + σ_l ∘ z) + b)`, `l` uniform (`latentMixture`;
 * DeLiGAN, Gurumurthy, Sarvadevabhatla & Babu, CVPR 2017). The generator's loss gains `0.1 E (1 − σ)²` over the deviations,
 * so that components do not shrink to points.
 *
 * Differs from the paper: `μ` starts at `N(0, 1)` (there uniform in [−1, 1]); the component is drawn for every picture (its
 * code takes each once a batch); the weight 0.1 is that of its code for points (there 1/3 for MNIST).
 */
const deligan: Method = {
  head: "latents",
  generator: ({ head }) => mul(mean(square(sub(1, head.deviation as Tensor))), WIDTH),
};

/**
 * Generators that take turns, `h = relu(W_l z + b_l)`, `l` uniform, and a critic that also tells which one made an image
 * (MAD-GAN, Ghosh et al., "Multi-agent diverse generative adversarial networks", CVPR 2018). The critic has a softmax over
 * the data and every generator, with logits `s, a_1 … a_L`; in logarithms of odds, `D = s − log Σ_l exp a_l`, its cross
 * entropy is that of the game of `minimax` plus `−E log softmax(a)_l` over the generators: both are taken apart here, so
 * that every objective on log-odds can stand in for the first. The generators' loss is that of the objective alone; with
 * `minimax` it is the paper's `E log(1 − P(data | G_l(z)))`, which vanishes where the critic is certain.
 *
 * Differs from the paper: generators share the whole body (there some layers); the loss of `non-saturating` unless another
 * is asked for (there `minimax`).
 */
const madgan: Method = {
  head: "disjoint",
  classes: "critic",
  logOdds: true,
  score: (score, classes) => sub(score, logSumExp(classes)),
};

/**
 * Generators that take turns, `h = relu(W_l z + b_l)`, `l` uniform, and a classifier `C` on the critic's features that tells
 * which one made an image (MGAN, Hoang et al., "MGAN: training generative adversarial nets with multiple generators", ICLR
 * 2018): the critic's loss gains `−E log C_l(G_l(z))`, the generators' `0.125` times that.
 *
 * Differs from the paper: `0.125` is its weight for points (for pictures it takes others); with `minimax` the generators
 * take the loss that vanishes where the critic is certain (its code that of `non-saturating`).
 */
const mgan: Method = {
  head: "disjoint",
  classes: "critic",
  generator: ({ classes, mixture }) => mul(identity(classes!, mixture.weights), DIVERSITY),
};

/**
 * Generators chosen by a gate, straight through a Gumbel-softmax (`gumbelMixture`; MEGAN, Park et al., IJCAI 2018; Jang, Gu &
 * Poole, ICLR 2017): `h = relu(W_l z + b_l)`, `l = argmax (a + Gumbel)`, `a = V z + c`, backward the gradient of
 * `softmax((a + Gumbel) / τ)`. The generators' loss gains the load balance `10 Σ_l (E p_l − 1/L)²`.
 *
 * Differs from the paper: there the gate sees the first features of all generators, which here are affine in `z` like the
 * gate itself; generators share the body; the weight of the load balance is ours.
 */
const megan: Method = {
  head: "gumbel",
  generator: ({ mixture: { weights } }) => {
    const usage = mean(weights, { axes: [0] });
    return mul(sum(square(sub(usage, 1 / weights.shape[1]))), BALANCE);
  },
};

/**
 * Disjoint generators with a learned prior, `h = relu(W_l z + b_l)`, `l ~ π` (DMWGAN-PL, Khayatkhoei, Singh & Elgammal,
 * "Disconnected manifold learning for generative adversarial networks", NeurIPS 2018): a recogniser `Q` learns which
 * generator made an image, and generators help it, both by `−E log Q_l(G_l(z))`; the prior `π = softmax(r)` follows what the
 * recogniser sees in real images, `r` minimises `−E_real Σ_l Q_l(x) log π_l − 0.999ᵗ H(π)` and nothing else, whose last part
 * keeps it even at first.
 *
 * Differs from the paper: generators share the body; the recogniser shares nothing with the critic (there all but the last
 * layers); the objective is free, and the penalty of WGAN-GP two-sided (there one-sided). The published code weighs `H(π)`
 * by some 1000 times as much, which keeps the prior even for about 9,000 iterations.
 */
const dmwganPl: Method = {
  head: "prior",
  classes: "recogniser",
  real: true,
  generator: ({ head, mixture, classes, realClasses, iteration }) => {
    const logPrior = logSoftmax(reshape(head.prior as Tensor, [1, mixture.weights.shape[1]]));
    const seen = mean(exp(logSoftmax(stopGradient(realClasses!))), { axes: [0], keepDims: true });
    const entropy = neg(sum(mul(exp(logPrior), logPrior)));
    const keep = reshape(exp(mul(iteration, Math.log(PRIOR_DECAY))), []);
    const prior = neg(add(sum(mul(seen, logPrior)), mul(keep, entropy)));
    return add(mul(identity(classes!, mixture.weights), IDENTITY), prior);
  },
};

/** The methods by name; `dcgan` is `gan`, whose layers are those of DCGAN. */
export const METHODS = {
  hmog,
  mog,
  gan,
  dcgan: gan,
  deligan,
  madgan,
  mgan,
  megan,
  "dmwgan-pl": dmwganPl,
} as const satisfies Record<string, Method>;

/** A name in `METHODS`. */
export type MethodName = keyof typeof METHODS;

/** The names in `METHODS`. */
export const METHOD_NAMES = Object.keys(METHODS) as readonly MethodName[];

/**
 * The name as one in `METHODS`.
 *
 * @throws {RangeError} If it is unknown; the message has the nearest known one
 */
export function methodName(name: string): MethodName {
  return oneOf("method", name, METHOD_NAMES);
}

/** Whether a method and an objective make sense together. */
export function goTogether(method: MethodName, objective: ObjectiveName): boolean {
  return !(METHODS[method] as Method).logOdds || "logOdds" in OBJECTIVES[objective];
}

/**
 * Checks that a method and an objective make sense together.
 *
 * @throws {RangeError} If they do not; says why
 */
export function checkTogether(method: MethodName, objective: ObjectiveName): void {
  if (goTogether(method, objective)) return;
  const together = OBJECTIVE_NAMES.filter((name) => goTogether(method, name));
  throw new RangeError(
    `Cannot train ${method} with ${objective}: its critic is a classifier of real and each generator, whose score is the ` +
      `logarithm of odds, and ${objective} has scores without such a meaning, expected --objective ${
        together.join(", ").replace(/, ([^,]+)$/, " or $1")
      }`,
  );
}

/** Cross entropy of which generator made an image, `−E Σ_l w_l log softmax(a)_l`, `w` counting as constants. */
export function identity(classes: Tensor, weights: Tensor): Tensor {
  return neg(mean(sum(mul(stopGradient(weights), logSoftmax(classes)), { axes: [-1] })));
}
