/** Activations by name, for options, and softmax in logarithms. */

import { add, exp, leakyRelu, log, relu, sigmoid, sub, tanh } from "../ops/elementwise.ts";
import { stopGradient } from "../ops/movement.ts";
import { max, sum } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";

/** Functions of one tensor, element by element; `leakyRelu` has slope 0.2. */
export const activations = {
  identity: (x: Tensor): Tensor => x,
  relu: (x: Tensor): Tensor => relu(x),
  leakyRelu: (x: Tensor): Tensor => leakyRelu(x, { negativeSlope: 0.2 }),
  sigmoid: (x: Tensor): Tensor => sigmoid(x),
  tanh: (x: Tensor): Tensor => tanh(x),
};

/** Name of an activation. */
export type Activation = keyof typeof activations;

/**
 * `log Σ exp x` along an axis, which stays with length 1. Finite where `x` is, for the largest is taken out: any shift
 * cancels, so it counts as a constant.
 *
 * @param axis The last unless given
 */
export function logSumExp(x: Tensor, axis = -1): Tensor {
  const largest = largestOf(x, axis);
  return add(logTotal(sub(x, largest), axis), largest);
}

/**
 * `log softmax(x) = x − log Σ exp x` along an axis, as exact for large `x` as for small.
 *
 * @param axis The last unless given
 */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  const shifted = sub(x, largestOf(x, axis));
  return sub(shifted, logTotal(shifted, axis));
}

const largestOf = (x: Tensor, axis: number): Tensor => stopGradient(max(x, { axes: [axis], keepDims: true }));

const logTotal = (x: Tensor, axis: number): Tensor => log(sum(exp(x), { axes: [axis], keepDims: true }));
