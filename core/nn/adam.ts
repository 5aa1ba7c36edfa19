/** Adam with the correction of AMSGrad, as a function of parameters, gradients and moments. */

import { isTensor, type Tensors } from "../grad.ts";
import { add, copy, div, maximum, mul, reciprocal, sqrt, square, sub, where } from "../ops/elementwise.ts";
import { slice } from "../ops/movement.ts";
import { constant, zeros } from "../ops/source.ts";
import type { Tensor } from "../tensor.ts";
import { leavesOf, mapTree } from "../tree.ts";

/** Step size, decay rates of both moments, and what keeps the denominator from 0. */
export interface AdamOptions {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/** What Adam remembers: three trees like the parameters, and the weights of the two averages so far. */
export interface Moments<P extends Tensors> {
  readonly [name: string]: Tensors;
  /** Average of the gradients. */
  readonly first: P;
  /** Average of their squares. */
  readonly second: P;
  /** The largest `second` so far. */
  readonly largest: P;
  /** `[2]`: `1 − β₁ᵗ` and `1 − β₂ᵗ` after `t` steps. */
  readonly weights: Tensor;
}

/** The moments before the first step. */
export function initialMoments<P extends Tensors>(parameters: P): Moments<P> {
  const like = () => mapTree<Tensor, Tensor>(parameters, isTensor, (p) => zeros(p.shape)) as P;
  return { first: like(), second: like(), largest: like(), weights: zeros([2]) };
}

/**
 * One step (Kingma & Ba 2015, arXiv 1412.6980; Reddi et al. 2018, arXiv 1904.09237), with the formulas of PyTorch:
 * `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `v̂ ← max(v̂, v)`, `p ← p − lr · m/(1−β₁ᵗ) / (√(v̂/(1−β₂ᵗ)) + ε)`.
 *
 * The corrections are averages too, those of ones: `1 − βᵗ = β (1 − βᵗ⁻¹) + (1 − β)`, which loses no digits where `βᵗ` is
 * near 1, and needs no step counter.
 */
export function adam<P extends Tensors>(
  parameters: P,
  gradients: P,
  moments: Moments<P>,
  { learningRate, beta1, beta2, epsilon }: AdamOptions,
): { parameters: P; moments: Moments<P> } {
  const average = (beta: number, old: Tensor, now: Tensor) => add(mul(old, beta), mul(now, 1 - beta));
  const weights = add(mul(moments.weights, constant([beta1, beta2])), constant([1 - beta1, 1 - beta2]));
  // lr/(1−β₁ᵗ) and 1/√(1−β₂ᵗ), side by side with the weights so that one kernel computes all four.
  const scales = where(constant([1, 0]), div(learningRate, weights), reciprocal(sqrt(weights)));
  const step = slice(scales, { start: [0], shape: [1] });
  const correction = slice(scales, { start: [1], shape: [1] });

  const trees = [gradients, moments.first, moments.second, moments.largest].map((tree) => new Map(leaves(tree)));
  const results = new Map(
    leaves(parameters).map(([path, p]) => {
      const [anyGradient, m, v, largestSoFar] = trees.map((tree) => tree.get(path)!);
      const gradient = copy(anyGradient); // so that the rest is the same for every parameter, and one kernel for all
      const first = average(beta1, m, gradient);
      const second = average(beta2, v, square(gradient));
      const largest = maximum(largestSoFar, second);
      const denominator = add(mul(sqrt(largest), correction), epsilon);
      return [path, { first, second, largest, parameters: sub(p, mul(step, div(first, denominator))) }];
    }),
  );
  const tree = (name: "first" | "second" | "largest" | "parameters") =>
    mapTree<Tensor, Tensor>(parameters, isTensor, (_, path) => results.get(path)![name]) as P;
  return {
    parameters: tree("parameters"),
    moments: { first: tree("first"), second: tree("second"), largest: tree("largest"), weights },
  };
}

function leaves(tree: Tensors): [path: string, leaf: Tensor][] {
  return leavesOf<Tensor>(tree, isTensor);
}
