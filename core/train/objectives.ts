/** What critic and generator minimise. To add an objective: its two losses, and a line in `OBJECTIVES`. */

import { oneOf } from "../nearest.ts";
import { add, mul, neg, relu, softplus, square, sub } from "../ops/elementwise.ts";
import { mean } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";
import type { Regularizers } from "./regularizers.ts";

/** Scores `D` of real and of generated images, `[batch, 1]` each. */
export interface Scores {
  real: Tensor;
  fake: Tensor;
}

/** One way to set a generator against a critic. */
export interface Objective {
  /** Steps of the critic before each step of the generator, unless the options say otherwise. */
  readonly criticSteps: number;
  /** What the critic minimises. */
  readonly critic: (scores: Scores) => Tensor;
  /** What the generator minimises. */
  readonly generator: (scores: Scores) => Tensor;
  /** Whether the generator's loss depends on the scores of real images too. */
  readonly relativistic?: boolean;
  /** Whether a score is the logarithm of the odds that an image is real. */
  readonly logOdds?: boolean;
  /** Whether the critic's loss is minus an estimate of a distance in the units of the data. */
  readonly wasserstein?: boolean;
  /** Penalties of the critic that belong to it. */
  readonly regularizers?: Regularizers;
  /** Largest size of the critic's parameters, to which each step cuts them. */
  readonly clip?: number;
}

const logistic = ({ real, fake }: Scores): Tensor => add(mean(softplus(neg(real))), mean(softplus(fake)));
const distance = ({ real, fake }: Scores): Tensor => sub(mean(fake), mean(real));
const meanScore = ({ fake }: Scores): Tensor => neg(mean(fake));

/**
 * The game of the first GAN (Goodfellow et al. 2014, arXiv 1406.2661), scores being logits: the critic minimises
 * `−E log σ(D(real)) − E log(1 − σ(D(fake)))`, the generator `E log(1 − σ(D(fake)))`.
 */
export const minimax: Objective = {
  criticSteps: 1,
  logOdds: true,
  critic: logistic,
  generator: ({ fake }) => neg(mean(softplus(fake))),
};

/** As `minimax`, but the generator minimises `−E log σ(D(fake))`, whose gradient does not vanish (same paper). */
export const nonSaturating: Objective = { ...minimax, generator: ({ fake }) => mean(softplus(neg(fake))) };

/**
 * Least squares (Mao et al., "Least squares generative adversarial networks", ICCV 2017): the critic minimises
 * `½ E (D(real) − 1)² + ½ E D(fake)²`, the generator `½ E (D(fake) − 1)²`.
 */
export const leastSquares: Objective = {
  criticSteps: 1,
  critic: ({ real, fake }) => mul(add(mean(square(sub(real, 1))), mean(square(fake))), 0.5),
  generator: ({ fake }) => mul(mean(square(sub(fake, 1))), 0.5),
};

/**
 * Hinge loss (Lim & Ye, "Geometric GAN", arXiv 1705.02894): the critic minimises
 * `E max(0, 1 − D(real)) + E max(0, 1 + D(fake))`, the generator `−E D(fake)`.
 */
export const hinge: Objective = {
  criticSteps: 1,
  critic: ({ real, fake }) => add(mean(relu(sub(1, real))), mean(relu(add(1, fake)))),
  generator: meanScore,
};

/**
 * Wasserstein distance with weight clipping (Arjovsky, Chintala & Bottou, "Wasserstein GAN", ICML 2017):
 * the critic minimises `E D(fake) − E D(real)` with every parameter cut to [−0.01, 0.01], the generator `−E D(fake)`.
 *
 * Differs from the paper: Adam as for all objectives (there RMSProp); scales of a LayerNorm are cut as well.
 */
export const wasserstein: Objective = {
  criticSteps: 5,
  wasserstein: true,
  critic: distance,
  generator: meanScore,
  clip: 0.01,
};

/**
 * Wasserstein distance with gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028): as `wasserstein` without clipping,
 * with the penalty `10 E (‖∇ₓ D(x̂)‖₂ − 1)²` (`regularizers.ts`).
 */
export const wassersteinPenalty: Objective = {
  criticSteps: 5,
  wasserstein: true,
  critic: distance,
  generator: meanScore,
  regularizers: { gp: 10 },
};

/**
 * The non-saturating game with a gradient penalty around the data (Kodali, Abernethy, Hays & Kira, "On convergence and
 * stability of GANs", arXiv 1705.07215): `10 E (‖∇ₓ D(x + δ)‖₂ − 1)²` (`regularizers.ts`).
 */
export const dragan: Objective = { ...nonSaturating, regularizers: { dragan: 10 } };

/**
 * Relativistic pairing (Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019; Huang, Gokaslan, Kuleshov &
 * Tompkin, "The GAN is dead; long live the GAN!", NeurIPS 2024): each generated image against one real one, the critic
 * minimises `E softplus(D(fake) − D(real))`, the generator `E softplus(D(real) − D(fake))`. R3GAN adds `r1` and `r2`.
 */
export const relativistic: Objective = {
  criticSteps: 1,
  relativistic: true,
  logOdds: true,
  critic: ({ real, fake }) => mean(softplus(sub(fake, real))),
  generator: ({ real, fake }) => mean(softplus(sub(real, fake))),
};

/** The objectives by name. */
export const OBJECTIVES = {
  minimax,
  "non-saturating": nonSaturating,
  lsgan: leastSquares,
  hinge,
  wgan: wasserstein,
  "wgan-gp": wassersteinPenalty,
  dragan,
  rpgan: relativistic,
} as const satisfies Record<string, Objective>;

/** A name in `OBJECTIVES`. */
export type ObjectiveName = keyof typeof OBJECTIVES;

/** The names in `OBJECTIVES`. */
export const OBJECTIVE_NAMES = Object.keys(OBJECTIVES) as readonly ObjectiveName[];

/**
 * The name as one in `OBJECTIVES`.
 *
 * @throws {RangeError} If it is unknown; the message has the nearest known one
 */
export function objectiveName(name: string): ObjectiveName {
  return oneOf("objective", name, OBJECTIVE_NAMES);
}
