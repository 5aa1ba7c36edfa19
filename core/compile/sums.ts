/** Sums of sums become one: gradients that several passes add up, such as those of a scale, are reduced together. */

import { add } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { sum } from "../ops/reduce.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { topologicalOrder, usersOf, withInputs } from "./graph.ts";

/** The outputs with `Σ x + Σ y` over the same axes as `Σ (x + y)`, where nothing else needs either sum. */
export function mergeSums(outputs: readonly Tensor[]): Tensor[] {
  const order = topologicalOrder(outputs);
  const users = usersOf(order);
  const wanted = new Set(outputs);
  const isUsedOnce = (x: Tensor): boolean =>
    users.get(x)!.length === 1 && !wanted.has(x) && (x.op.name !== "reshape" || isUsedOnce(x.inputs[0]));
  const replaced = new Map<Tensor, Tensor>();
  for (const node of order) {
    const inputs = node.inputs.map((input) => replaced.get(input)!);
    const merged = node.op.name === "add" && node.inputs[0] !== node.inputs[1] && node.inputs.every(isUsedOnce)
      ? merge(node, inputs)
      : null;
    replaced.set(node, merged ?? withInputs(node, inputs));
  }
  return outputs.map((output) => replaced.get(output)!);
}

function merge(node: Tensor, inputs: readonly Tensor[]): Tensor | null {
  const [a, b] = inputs.map(sumBehind);
  if (a === null || b === null) return null;
  const axes = a.attributes.axes as number[];
  if (!sameShape(a.inputs[0].shape, b.inputs[0].shape) || axes.join() !== (b.attributes.axes as number[]).join()) {
    return null;
  }
  return reshape(sum(add(a.inputs[0], b.inputs[0]), { axes, keepDims: true }), node.shape);
}

/** The sum that a value is another shape of. */
function sumBehind(x: Tensor): Tensor | null {
  if (x.op.name === "reshape") return sumBehind(x.inputs[0]);
  return x.op.reduction === "sum" ? x : null;
}
