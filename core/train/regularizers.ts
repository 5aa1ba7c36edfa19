/** Penalties on the critic's gradient in its images. To add one: its line in `PENALTIES`. */

import { vjp } from "../grad.ts";
import { add, mul, sqrt, square, sub } from "../ops/elementwise.ts";
import { mean, sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";

/** What a penalty is taken of: scores of images, and images `[batch, height, width, channels]`. */
export interface PenaltyBatch {
  critic: (images: Tensor) => Tensor;
  real: Tensor;
  fake: Tensor;
  /** `ε`, uniform in [0, 1), `[batch, 1, 1, 1]`. */
  epsilon: Tensor;
  /** Uniform in [0, 1), as the images. */
  noise: () => Tensor;
}

const TINY = 1e-12; // under the root, whose gradient is infinite at 0

/** `‖∇ₓ D(x)‖₂` of every image, `[batch]`: over all of its elements. */
function gradientNorms(critic: PenaltyBatch["critic"], images: Tensor): Tensor {
  return sqrt(add(squaredNorms(critic, images), TINY));
}

function squaredNorms(critic: PenaltyBatch["critic"], images: Tensor): Tensor {
  const [gradient] = vjp(sum(critic(images)), [images]);
  return sum(square(gradient), { axes: [1, 2, 3] });
}

/** A penalty by name. */
export type RegularizerName = "gp" | "r1" | "r2" | "dragan";

/** A penalty before its weight, and the mean norm it saw. */
type Penalty = (batch: PenaltyBatch) => { penalty: Tensor; norm?: Tensor };

const toOne = (norms: Tensor) => ({ penalty: mean(square(sub(norms, 1))), norm: mean(norms) });

/**
 * - `gp`: `E (‖∇ₓ D(x̂)‖₂ − 1)²`, `x̂ = ε real + (1 − ε) fake` (Gulrajani et al. 2017, arXiv 1704.00028). Differs from the
 *   reference: the norm is taken per image over all of its elements, as in the paper; its code takes it over channels only
 * - `r1`: `½ E ‖∇ₓ D(real)‖²` and `r2`: `½ E ‖∇ₓ D(fake)‖²` (Mescheder, Geiger & Nowozin, "Which training methods for GANs
 *   do actually converge?", ICML 2018)
 * - `dragan`: `E (‖∇ₓ D(x + δ)‖₂ − 1)²`, `δ = ε ½ std(x) u`, `u` uniform in [0, 1) (Kodali et al., arXiv 1705.07215, as in
 *   its code)
 */
const PENALTIES: Record<RegularizerName, Penalty> = {
  gp: ({ critic, real, fake, epsilon }) => toOne(gradientNorms(critic, add(fake, mul(epsilon, sub(real, fake))))),
  r1: ({ critic, real }) => ({ penalty: mul(mean(squaredNorms(critic, real)), 0.5) }),
  r2: ({ critic, fake }) => ({ penalty: mul(mean(squaredNorms(critic, fake)), 0.5) }),
  dragan: ({ critic, real, epsilon, noise }) => {
    const deviation = sqrt(mean(square(sub(real, mean(real)))));
    return toOne(gradientNorms(critic, add(real, mul(mul(epsilon, mul(deviation, 0.5)), noise()))));
  },
};

/** Weights of penalties. */
export type Regularizers = { readonly [name in RegularizerName]?: number };

/** The penalties by name. */
export const REGULARIZER_NAMES = Object.keys(PENALTIES) as readonly RegularizerName[];

/**
 * The weighted sum of penalties.
 *
 * @returns `loss`, undefined where there is none; `gradientNorm` by which those with a wanted norm are watched
 */
export function penalties(
  weights: Regularizers,
  batch: PenaltyBatch,
): { loss?: Tensor; metrics: Readonly<Record<string, Tensor>> } {
  let loss: Tensor | undefined;
  let metrics = {};
  for (const name of REGULARIZER_NAMES) {
    const weight = weights[name] ?? 0;
    if (weight === 0) continue;
    const { penalty, norm } = (PENALTIES[name] as Penalty)(batch);
    const weighted = mul(penalty, weight);
    loss = loss === undefined ? weighted : add(loss, weighted);
    if (norm !== undefined) metrics = { gradientNorm: norm };
  }
  return { loss, metrics };
}

/** @throws {RangeError} If a weight is negative or no finite number */
export function checkRegularizers(weights: Regularizers): void {
  for (const [name, weight] of Object.entries(weights)) {
    if (weight >= 0 && Number.isFinite(weight)) continue;
    throw new RangeError(`Cannot use ${weight} as weight of the penalty ${name}: expected a number of at least 0`);
  }
}
