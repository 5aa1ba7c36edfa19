/** Spectral normalisation of a critic's weights. */

import { isTensor } from "../grad.ts";
import type { Initializer } from "../nn/init.ts";
import { add, div, mul, sqrt, square } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, stopGradient, transpose } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";
import { leavesOf, mapTree } from "../tree.ts";
import type { CriticParameters } from "./critic.ts";

/** A direction `u [1, outputs]` per weight, by the weight's path: the state of the power iteration. */
export type Directions = { readonly [path: string]: Tensor };

const isWeight = (path: string): boolean => path.endsWith("weight");
const TINY = 1e-12; // under the root of a length

/** Directions to begin with, `N(0, 1)`. */
export function initialDirections(init: Initializer, parameters: CriticParameters): Directions {
  const weights = leavesOf<Tensor>(parameters, isTensor).filter(([path]) => isWeight(path));
  return Object.fromEntries(weights.map(([path, { shape }]) => [key(path), init.normal([1, shape.at(-1)!])]));
}

/** Paths as names of a flat record. */
const key = (path: string): string => path.replaceAll("/", ".");

/**
 * Divides every weight `W`, as a matrix of inputs and outputs, by its largest singular value, `W / σ`, `σ = v W uᵀ`, after
 * one round of power iteration from the last directions: `v ∝ u Wᵀ`, `u ∝ v W` (Miyato, Kataoka, Koyama & Yoshida,
 * "Spectral normalization for generative adversarial networks", ICLR 2018). `u` and `v` count as constants.
 *
 * @returns The parameters to score with, and the directions for the next step
 */
export function normalizeSpectral(
  parameters: CriticParameters,
  directions: Directions,
): { parameters: CriticParameters; directions: Directions } {
  const next: Record<string, Tensor> = {};
  const normalized = mapTree<Tensor, Tensor>(parameters, isTensor, (weight, path) => {
    if (!isWeight(path)) return weight;
    const outputs = weight.shape.at(-1)!;
    const matrix = reshape(weight, [weight.size / outputs, outputs]);
    const fixed = stopGradient(matrix);
    const v = unit(matmul(directions[key(path)], transpose(fixed)));
    const u = unit(matmul(v, fixed));
    next[key(path)] = u;
    const sigma = sum(mul(matmul(v, matrix), u));
    return div(weight, sigma);
  });
  return { parameters: normalized as CriticParameters, directions: next };
}

/** `x / ‖x‖`. */
function unit(x: Tensor): Tensor {
  return div(x, sqrt(add(sum(square(x)), TINY)));
}
