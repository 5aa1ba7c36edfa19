/** Walks over graphs of tensors. */

import { Tensor } from "../tensor.ts";

/** Every node under the outputs once, inputs before what uses them. */
export function topologicalOrder(outputs: readonly Tensor[]): Tensor[] {
  const done = new Set<Tensor>();
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

/** The outputs with every node replaced by `f` of the node on its replaced inputs. */
export function rewrite(outputs: readonly Tensor[], f: (node: Tensor) => Tensor): Tensor[] {
  const replaced = new Map<Tensor, Tensor>();
  for (const node of topologicalOrder(outputs)) {
    const inputs = node.inputs.map((input) => replaced.get(input)!);
    replaced.set(node, f(withInputs(node, inputs)));
  }
  return outputs.map((output) => replaced.get(output)!);
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
