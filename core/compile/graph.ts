/** Walks over graphs of tensors. */

import { Tensor } from "../tensor.ts";

/** Every node under the outputs once, inputs before what uses them; not those in `known`, nor what is under them alone. */
export function topologicalOrder(outputs: readonly Tensor[], known: ReadonlySet<Tensor> = new Set()): Tensor[] {
  const done = new Set(known);
  const order: Tensor[] = [];
  const stack = [...outputs].reverse();
  while (stack.length > 0) {
    const node = stack[stack.length - 1];
    if (done.has(node)) {
      stack.pop();
      continue;
    }
    const pending = node.inputs.filter((input) => !done.has(input));
    if (pending.length > 0) {
      stack.push(...pending.reverse());
      continue;
    }
    stack.pop();
    done.add(node);
    order.push(node);
  }
  return order;
}

/** The outputs with every node replaced by `f` of the node on its replaced inputs; those in `kept` stay. */
export function rewrite(
  outputs: readonly Tensor[],
  f: (node: Tensor) => Tensor,
  kept?: ReadonlySet<Tensor>,
): Tensor[] {
  const replaced = new Map<Tensor, Tensor>();
  for (const node of topologicalOrder(outputs, kept)) {
    const inputs = node.inputs.map((input) => replaced.get(input) ?? input);
    replaced.set(node, f(withInputs(node, inputs)));
  }
  return outputs.map((output) => replaced.get(output) ?? output);
}

/** The node on other inputs; itself if they are the same. */
export function withInputs(node: Tensor, inputs: readonly Tensor[]): Tensor {
  return inputs.every((input, i) => input === node.inputs[i])
    ? node
    : new Tensor(node.op, inputs, node.attributes, node.shape, node.dtype);
}

/** Which nodes use each node, each user once. */
export function usersOf(order: readonly Tensor[]): Map<Tensor, Tensor[]> {
  const users = new Map<Tensor, Tensor[]>(order.map((node) => [node, []]));
  for (const node of order) {
    for (const input of new Set(node.inputs)) users.get(input)!.push(node);
  }
  return users;
}

/** Numbers for things, in the order they are asked about. */
export function numbering(): (thing: object) => number {
  const numbers = new Map<object, number>();
  return (thing) => {
    if (!numbers.has(thing)) numbers.set(thing, numbers.size);
    return numbers.get(thing)!;
  };
}
