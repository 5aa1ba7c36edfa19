/** What makes the leaves of a tree readable: decisions that are sharp, and can be told from the picture. */

import type { Mixture } from "../models/mixture.ts";
import { nodeWeights } from "../models/soft_tree.ts";
import { add, div, log, maximum, mul, neg, softplus, sub } from "../ops/elementwise.ts";
import { slice, stopGradient } from "../ops/movement.ts";
import { mean, sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";

/** Weights of the two terms. */
export type LocalizeOptions = { sharpen: number; recognise: number };

/** The usual weights. */
export const LOCALIZE: LocalizeOptions = { sharpen: 2, recognise: 3 };

/** Temperature of the gates at the start and in the end, unless asked otherwise. */
export const LOCALIZE_TEMPERATURE: readonly [from: number, to: number] = [1, 0.2];

const TINY = 1e-12; // under logarithms and shares

/**
 * Part of the generator's loss that makes leaves readable. With `r_m(z)` the weight of reaching decision node `m`, `g_m` its
 * gate and `Q_m` a recogniser's logit, both of a batch:
 *
 * - sharpening `−Σ_m r̄_m [H(ḡ_m) − E_m H(g_m)]`, `ḡ_m = E r_m g_m / r̄_m`, `r̄_m = E r_m`, `E_m` weighted by `r_m`: the mutual
 *   information of latent and decision, largest when every sample decides and both sides are in use
 * - recognising `Σ_m E r_m BCE(Q_m(x), g_m)`: every decision can be told from the picture (the idea of InfoGAN, Chen et al.
 *   2016, and of MGAN, Hoang et al. 2018, brought to every split)
 *
 * Both sums are weighted means over the nodes of a level, summed over levels.
 *
 * @param recognised `Q [batch, gates]`, logits
 * @returns The loss, and what to report of it
 */
export function localizeLoss(
  { weights, gates, logits }: Mixture,
  recognised: Tensor,
  { sharpen, recognise }: LocalizeOptions,
): { loss: Tensor; metrics: Readonly<Record<string, Tensor>> } {
  const [batch, count] = gates.shape;
  const reached = stopGradient(slice(nodeWeights(weights), { start: [0, 0], shape: [batch, count] }));
  const usage = mean(reached, { axes: [0] });
  const average = div(mean(mul(reached, gates), { axes: [0] }), maximum(usage, TINY));
  const spread = entropy(average);
  // H(σ(a)) = softplus(a) − a σ(a).
  const doubt = mean(mul(reached, sub(softplus(logits), mul(logits, gates))), { axes: [0] });
  const information = sum(sub(mul(usage, spread), doubt));
  const told = sum(mean(mul(reached, crossEntropy(recognised, gates)), { axes: [0] }));
  return {
    loss: sub(mul(told, recognise), mul(information, sharpen)),
    metrics: { decisionInformation: information, recognitionLoss: told },
  };
}

/** `−g log g − (1 − g) log(1 − g)`. */
function entropy(g: Tensor): Tensor {
  const part = (p: Tensor) => mul(p, log(maximum(p, TINY)));
  return neg(add(part(g), part(sub(1, g))));
}

/** `−g log σ(q) − (1 − g) log(1 − σ(q)) = softplus(q) − g q`. */
function crossEntropy(logits: Tensor, g: Tensor): Tensor {
  return sub(softplus(logits), mul(g, logits));
}
