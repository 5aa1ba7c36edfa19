/** Activations by name, for options. */

import { leakyRelu, relu, sigmoid, tanh } from "../ops/elementwise.ts";
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
