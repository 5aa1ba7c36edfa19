/** Exponential moving average of the generator's parameters: what pictures are drawn with. */

import { isTensor, type Tensors } from "../grad.ts";
import { add, div, minimum, mul, sub } from "../ops/elementwise.ts";
import type { Tensor } from "../tensor.ts";
import { leavesOf, mapTree } from "../tree.ts";

/**
 * `a ← d a + (1 − d) p` with `d = min(decay, (1 + t) / (10 + t))`: early on the average is over the last tenth of the run,
 * so that it does not hold on to the random start.
 *
 * @param step `t`, steps of the generator before this one, one element
 */
export function movingAverage<P extends Tensors>(average: P, parameters: P, step: Tensor, decay: number): P {
  const rate = sub(1, minimum(decay, div(add(step, 1), add(step, 10))));
  const now = new Map(leavesOf<Tensor>(parameters, isTensor));
  return mapTree<Tensor, Tensor>(
    average,
    isTensor,
    (old, path) => add(old, mul(rate, sub(now.get(path)!, old))),
  ) as P;
}
