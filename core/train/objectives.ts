/** What critic and generator minimise. To add an objective: its two losses, and a line in `OBJECTIVES`. */

import { vjp } from "../grad.ts";
import { nearestName } from "../nearest.ts";
import { add, mul, neg, softplus, sqrt, square, sub } from "../ops/elementwise.ts";
import { concat, slice } from "../ops/movement.ts";
import { mean, sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";

/** Scores of images, `[batch]` or `[batch, 1]`. */
export type Critic = (images: Tensor) => Tensor;

/** What a step of the critic sees: images `[batch, height, width, channels]` and `epsilon`, uniform `[batch, 1, 1, 1]`. */
export interface CriticBatch {
  critic: Critic;
  real: Tensor;
  fake: Tensor;
  epsilon: Tensor;
  /**
   * Whether real and fake images are scored apart, not in one pass over both: needed where a score depends on the other
   * images of its batch, and worth it where kernels are dear to compile, since all passes then share theirs.
   */
  apart?: boolean;
}

/** What a step of the generator sees. */
export interface GeneratorBatch {
  critic: Critic;
  fake: Tensor;
}

/** A number to minimise, and numbers to report. */
export interface ObjectiveValue {
  loss: Tensor;
  metrics: Readonly<Record<string, Tensor>>;
}

/** One way to set a generator against a critic. */
export interface Objective {
  /** Steps of the critic before each step of the generator, unless the options say otherwise. */
  readonly criticSteps: number;
  readonly critic: (batch: CriticBatch) => ObjectiveValue;
  readonly generator: (batch: GeneratorBatch) => Tensor;
}

const PENALTY_WEIGHT = 10;
const TINY = 1e-12; // under the root, whose gradient is infinite at 0

/**
 * Wasserstein distance with gradient penalty (Gulrajani et al. 2017, arXiv 1704.00028):
 * `E D(fake) − E D(real) + 10 E (‖∇ₓ D(x̂)‖₂ − 1)²` with `x̂ = ε real + (1 − ε) fake`; the generator minimises `−E D(fake)`.
 *
 * Differs from the reference: the norm is taken per image over all of its elements, as in the paper; the published code
 * takes it over channels only.
 */
export const wassersteinPenalty: Objective = {
  criticSteps: 5,
  critic: (batch) => {
    const { critic, real, fake, epsilon } = batch;
    const scores = scoresOf(batch);
    const distance = sub(mean(scores.real), mean(scores.fake));
    const between = add(fake, mul(epsilon, sub(real, fake)));
    const [gradient] = vjp(sum(critic(between)), [between]);
    const norm = sqrt(add(sum(square(gradient), { axes: [1, 2, 3] }), TINY));
    const penalty = mul(mean(square(sub(norm, 1))), PENALTY_WEIGHT);
    return { loss: sub(penalty, distance), metrics: { wasserstein: distance, gradientNorm: mean(norm) } };
  },
  generator: ({ critic, fake }) => neg(mean(critic(fake))),
};

/**
 * The non-saturating loss of the first GAN (Goodfellow et al. 2014, arXiv 1406.2661), scores being logits: the critic
 * minimises `−E log σ(D(real)) − E log(1 − σ(D(fake)))`, the generator `−E log σ(D(fake))`.
 */
export const nonSaturating: Objective = {
  criticSteps: 1,
  critic: (batch) => {
    const scores = scoresOf(batch);
    return { loss: add(mean(softplus(neg(scores.real))), mean(softplus(scores.fake))), metrics: {} };
  },
  generator: ({ critic, fake }) => mean(softplus(neg(critic(fake)))),
};

/** Both scores, from one pass over twice the batch where that is the same: half the dispatches, and larger ones. */
function scoresOf({ critic, real, fake, apart }: CriticBatch): { real: Tensor; fake: Tensor } {
  if (apart) return { real: critic(real), fake: critic(fake) };
  const scores = critic(concat([real, fake]));
  const rest = scores.shape.slice(1);
  const rows = (first: number, count: number) =>
    slice(scores, { start: [first, ...rest.map(() => 0)], shape: [count, ...rest] });
  return { real: rows(0, real.shape[0]), fake: rows(real.shape[0], fake.shape[0]) };
}

/** The objectives by name. */
export const OBJECTIVES = {
  "wgan-gp": wassersteinPenalty,
  "non-saturating": nonSaturating,
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
  const known = OBJECTIVE_NAMES.find((candidate) => candidate === name);
  if (known !== undefined) return known;
  throw new RangeError(
    `Cannot find objective ${name}: it is unknown, expected one of ${OBJECTIVE_NAMES.join(", ")} (the nearest is ${
      nearestName(name, OBJECTIVE_NAMES)
    })`,
  );
}
