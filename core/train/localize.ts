/** What makes the leaves of a tree readable: decisions that are sharp, and can be told from the picture. */

import type { Mixture } from "../models/mixture.ts";
import { nodeWeights } from "../models/soft_tree.ts";
import { add, div, greaterEqual, log, maximum, mul, neg, softplus, sub, where } from "../ops/elementwise.ts";
import { slice } from "../ops/movement.ts";
import { mean, sum } from "../ops/reduce.ts";
import { constant } from "../ops/source.ts";
import type { Tensor } from "../tensor.ts";
import type { TrainOptions } from "./options.ts";

/** How leaves are made readable. */
export type LocalizeOptions = {
  /** Weight of the sharpening term. */
  sharpen: number;
  /** Weight of the recogniser's term. */
  recognise: number;
  /** Part of every batch, in whole images and at least one, whose path is chosen by another latent than the one its leaves see. */
  exchange: number;
  /** Iterations done before paths are exchanged. */
  exchangeFrom: number;
};

/** Temperature of the gates at the start and after half of the iterations. */
export const LOCALIZE_TEMPERATURE: readonly [from: number, to: number] = [1, 0.1];
/** How unlike leaves are at the start. */
export const LOCALIZE_SPREAD = 1;

const EXCHANGE_AFTER = 0.4; // of a run: from the start, pictures stay worse

/** What works for a run of so many iterations. */
export function localizeFor(iterations: number): LocalizeOptions {
  return { sharpen: 2, recognise: 5, exchange: 3 / 8, exchangeFrom: Math.round(EXCHANGE_AFTER * iterations) };
}

/** @throws {RangeError} If there is no tree, or a batch has no two images of which one could be exchanged */
export function checkLocalize(
  { method, model: { head }, localize, batch }: Pick<TrainOptions, "method" | "model" | "localize" | "batch">,
): void {
  if (localize === null) return;
  if (head !== "tree") {
    throw new RangeError(`Cannot localize ${method}: it has no tree whose decisions could be told, expected hmog`);
  }
  if (batch > 1) return;
  throw new RangeError(
    `Cannot localize with batches of ${batch}: paths of a part of each are exchanged, expected 2 or more`,
  );
}

/**
 * Latents by which paths are chosen: late in a run, in the first rows of a batch, others than those the leaves see. So a
 * leaf learns to make good pictures of every latent, also of those its gates would send elsewhere, and can be forced.
 *
 * @param z `[batch, latent]`
 * @param other Independent of `z`, of the same shape
 * @param iteration Iterations done, one element
 */
export function choosers(
  z: Tensor,
  { other, iteration, exchange, exchangeFrom }:
    & { other: Tensor; iteration: Tensor }
    & Pick<LocalizeOptions, "exchange" | "exchangeFrom">,
): Tensor {
  const [batch] = z.shape;
  const exchanged = Math.max(1, Math.floor(exchange * batch));
  const rows = constant(Array.from({ length: batch }, (_, i) => Number(i < exchanged)), [batch, 1]);
  return where(mul(rows, greaterEqual(iteration, exchangeFrom)), other, z);
}

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
 * The first sum is minus the mutual information of path and latent, the second the cross entropy of the paths under the
 * recogniser. Nothing counts as constant, and the recogniser learns by the same loss.
 *
 * @param recognised `Q [batch, gates]`, logits
 * @returns The loss, and what to report of it
 */
export function localizeLoss(
  { weights, gates, logits }: Mixture,
  recognised: Tensor,
  { sharpen, recognise }: Pick<LocalizeOptions, "sharpen" | "recognise">,
): { loss: Tensor; metrics: Readonly<Record<string, Tensor>> } {
  const [batch, count] = gates.shape;
  const reached = slice(nodeWeights(weights), { start: [0, 0], shape: [batch, count] });
  const usage = mean(reached, { axes: [0] });
  const average = div(mean(mul(reached, gates), { axes: [0] }), maximum(usage, TINY));
  const spread = entropy(average);
  // H(σ(a)) = softplus(a) − a σ(a).
  const doubt = mean(mul(reached, sub(softplus(logits), mul(logits, gates))), { axes: [0] });
  const information = sum(sub(mul(usage, spread), doubt));
  const told = sum(mean(mul(reached, bernoulliCrossEntropy(recognised, gates)), { axes: [0] }));
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
function bernoulliCrossEntropy(logits: Tensor, g: Tensor): Tensor {
  return sub(softplus(logits), mul(g, logits));
}
