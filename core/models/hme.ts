/** The hierarchical mixture of experts: the supervised model that the tree of generators comes from. */

import { logSoftmax, logSumExp } from "../nn/activation.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { add, exp, maximum, mul, neg, square, sub } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";
import { checkDepth, logLevelWeights } from "./soft_tree.ts";

/** What is learned: numbers with Gaussian noise, or probabilities of classes. */
export type HmeTask = "regression" | "classification";

/** What a mixture of experts is made from. */
export interface HmeOptions {
  /** Length of an input. */
  readonly inputs: number;
  /** The tree has `2^depth` experts. */
  readonly depth: number;
  readonly task: HmeTask;
  /** Numbers to predict, or classes. */
  readonly outputs: number;
  /** Least `σ²` of an expert, so that none can shrink to a point; default 1e-6. */
  readonly leastVariance?: number;
}

/** A layer `x W + b` for all gates or all experts: weight `[inputs, columns]`, bias `[columns]`. */
type Layer<T> = { weight: T; bias: T };

/**
 * Parameters, as tensors or as arrays: a column of `gates` for each gate in level order; `outputs` columns of `experts`
 * for each leaf from left to right; in regression the logarithm of each leaf's `σ²`.
 */
export type HmeParameters<T> =
  | { gates: Layer<T>; experts: Layer<T>; logVariance: T }
  | { gates: Layer<T>; experts: Layer<T> };

/** What a mixture makes of a batch. */
export interface HmePrediction<T> {
  /** Expected output, or probabilities of the classes `[count, outputs]`. */
  readonly prediction: T;
  /** `π [count, leaves]`, each row sums to 1. */
  readonly weights: T;
}

/** A model: sizes, and what it computes as tensors. */
export interface Hme extends Required<HmeOptions> {
  readonly leaves: number;
  readonly gates: number;
  /** @param x `[count, inputs]` */
  apply(parameters: HmeParameters<Tensor>, x: Tensor): HmePrediction<Tensor>;
  /**
   * Log-likelihood of each sample in nats.
   *
   * @param x `[count, inputs]`
   * @param y `[count, outputs]`; in classification each row sums to 1
   * @returns `[count]`
   */
  logLikelihood(parameters: HmeParameters<Tensor>, x: Tensor, y: Tensor): Tensor;
}

/**
 * Hierarchical mixture of experts (Jordan & Jacobs, "Hierarchical mixtures of experts and the EM algorithm", Neural
 * Computation 6, 1994): `P(y | x) = Σ_l π_l(x) P_l(y | x)`, with the path weights `π` of a soft binary tree (gates
 * `g_m(x) = sigmoid(v_m · x + c_m)` for the left child) and linear experts,
 *
 * - regression: `P_l = N(y; W_l x + b_l, σ_l² I)`, every expert with its own variance
 * - classification: `P_l(k) = softmax(W_l x + b_l)_k`. A target is a distribution `t` over the classes, in the plainest
 *   case one-hot; its likelihood is `Σ_k t_k log P(k | x)`
 *
 * `fitEm` (`hme_em.ts`) and `fitGradient` (`core/train/hme_gradient.ts`) train it, `predict` (`hme_numbers.ts`) applies it.
 * Differs from the paper: a node has two children, so that its gate is one sigmoid and not a softmax; experts of a
 * regression may differ in their variance.
 *
 * @throws {RangeError} If the depth is no whole number from 1 to 10, a size none from 1 (for classes from 2), or the least
 *   variance not above 0
 *
 * @example
 * ```ts
 * import { hme } from "./hme.ts";
 * import { fitEm } from "./hme_em.ts";
 * import { predict } from "./hme_numbers.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const x = Array.from({ length: 101 }, (_, i) => i / 50 - 1);
 * const model = hme({ inputs: 1, depth: 1, task: "regression", outputs: 1 });
 * const { parameters } = fitEm(model, { x, y: x.map(Math.abs) }); // two pieces, two experts
 * assertAlmostEquals(predict(model, parameters, [-0.5]).prediction[0], 0.5, 0.01);
 * ```
 */
export function hme(options: HmeOptions): Hme {
  const { inputs, depth, task, outputs, leastVariance = 1e-6 } = options;
  checkDepth(depth, "mixture of experts");
  check({ inputs, task, outputs, leastVariance });
  const leaves = 2 ** depth;
  const parts = ({ gates, experts }: HmeParameters<Tensor>, x: Tensor) => ({
    logWeights: reshape(logLevelWeights(linear(gates as Linear, x), depth), [x.shape[0], leaves, 1]),
    outputs: reshape(linear(experts as Linear, x), [x.shape[0], leaves, outputs]),
  });
  /** `log P(k | x) [count, classes]`. */
  const logClasses = (logWeights: Tensor, logits: Tensor) => logSumExp(add(logWeights, logSoftmax(logits)), 1);
  return {
    inputs,
    depth,
    task,
    outputs,
    leastVariance,
    leaves,
    gates: leaves - 1,
    apply(parameters, x) {
      const { logWeights, outputs: values } = parts(parameters, x);
      const weights = exp(logWeights);
      const prediction = task === "regression"
        ? sum(mul(weights, values), { axes: [1] })
        : reshape(exp(logClasses(logWeights, values)), [x.shape[0], outputs]);
      return { prediction, weights: reshape(weights, [x.shape[0], leaves]) };
    },
    logLikelihood(parameters, x, y) {
      const { logWeights, outputs: values } = parts(parameters, x);
      const count = x.shape[0];
      if (!("logVariance" in parameters)) {
        return sum(mul(y, reshape(logClasses(logWeights, values), [count, outputs])), { axes: [1] });
      }
      const logVariance = maximum(parameters.logVariance, Math.log(leastVariance));
      const errors = sum(square(sub(values, reshape(y, [count, 1, outputs]))), { axes: [2] });
      const spread = add(mul(errors, exp(neg(logVariance))), mul(logVariance, outputs));
      const logDensity = mul(add(spread, outputs * Math.log(2 * Math.PI)), -0.5);
      return reshape(logSumExp(add(reshape(logWeights, [count, leaves]), logDensity), 1), [count]);
    },
  };
}

function check({ inputs, task, outputs, leastVariance }: Omit<Required<HmeOptions>, "depth">): void {
  const least = task === "classification" ? 2 : 1;
  if (!Number.isInteger(inputs) || inputs < 1 || !Number.isInteger(outputs) || outputs < least) {
    throw new RangeError(
      `Cannot build a mixture of experts for ${task} from ${inputs} to ${outputs} numbers: expected at least 1 and ${least}`,
    );
  }
  if (!(leastVariance > 0)) {
    throw new RangeError(
      `Cannot build a mixture of experts with least variance ${leastVariance}: expected more than 0`,
    );
  }
}
