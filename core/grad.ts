/** Gradients: the walk back over the graph. The result is a graph again, so it can be differentiated again. */

import { add } from "./ops/elementwise.ts";
import { ones, zeros } from "./ops/source.ts";
import { sameShape, ShapeError } from "./shape.ts";
import { Tensor } from "./tensor.ts";
import { leavesOf, mapTree, type Tree } from "./tree.ts";

/** A tensor, or a record or list of them. */
export type Tensors = Tree<Tensor>;

/** Whether a tree is a single tensor. */
export const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

/**
 * Vector-Jacobian product `dxᵢ = (∂y/∂xᵢ)ᵀ dy` for every `xᵢ`; zeros where `y` does not depend on it.
 *
 * @param dy Cotangent of `y`, of its shape; 1 unless given, then `y` must have one element
 * @throws {ShapeError} If `dy` has not the shape of `y`, or is missing while `y` has several elements
 */
export function vjp(y: Tensor, xs: readonly Tensor[], dy?: Tensor): Tensor[] {
  if (dy === undefined && y.size !== 1) {
    throw new ShapeError(`Cannot differentiate a value of shape [${y.shape}]: expected one element, or its cotangent`);
  }
  if (dy !== undefined && !sameShape(dy.shape, y.shape)) {
    throw new ShapeError(`Cannot use a cotangent of shape [${dy.shape}]: expected [${y.shape}]`);
  }
  const wanted = new Set(xs);
  const order = dependents(y, wanted);
  const depends = new Set(order);
  const cotangents = new Map<Tensor, Tensor>([[y, dy ?? ones(y.shape)]]);
  for (const node of order.reverse()) {
    const cotangent = cotangents.get(node);
    if (cotangent === undefined || node.inputs.length === 0) continue;
    if (node.op.vjp === undefined) throw new TypeError(`Cannot differentiate ${node.op.name}: it has no vjp`);
    node.op.vjp(cotangent, node.inputs, node.attributes, node).forEach((d, i) => {
      const input = node.inputs[i];
      if (d === null || !depends.has(input)) return;
      const sofar = cotangents.get(input);
      cotangents.set(input, sofar === undefined ? d : add(sofar, d));
    });
  }
  return xs.map((x) => cotangents.get(x) ?? zeros(x.shape));
}

/** The nodes under `y` that depend on one of `xs`, inputs first. */
function dependents(y: Tensor, xs: ReadonlySet<Tensor>): Tensor[] {
  const depends = new Map<Tensor, boolean>();
  const order: Tensor[] = [];
  const stack: Tensor[] = [y];
  while (stack.length > 0) {
    const node = stack[stack.length - 1];
    if (depends.has(node)) {
      stack.pop();
      continue;
    }
    const pending = node.inputs.filter((input) => !depends.has(input));
    if (pending.length > 0) {
      stack.push(...pending);
      continue;
    }
    stack.pop();
    const found = xs.has(node) || node.inputs.some((input) => depends.get(input));
    depends.set(node, found);
    if (found) order.push(node);
  }
  return order;
}

/** The gradient `∂y/∂p` of a number in every tensor of a tree that it was computed from. */
export function gradientsOf<P extends Tensors>(y: Tensor, parameters: P): P {
  const leaves = leavesOf<Tensor>(parameters, isTensor).map(([, leaf]) => leaf);
  const gradients = new Map(vjp(y, leaves).map((gradient, i) => [leaves[i], gradient]));
  return mapTree<Tensor, Tensor>(parameters, isTensor, (leaf) => gradients.get(leaf)!) as P;
}

/** A function of a tree of tensors to one number; what comes after it is held constant. */
export type Loss<P extends Tensors, Rest extends unknown[]> = (parameters: P, ...rest: Rest) => Tensor;

/**
 * `f` and its gradient in the first argument: `(p, ...rest) => [f(p, ...rest), ∂f/∂p]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { input, mul, sum, type Tensor, valueAndGrad } from "@hmog/hmog";
 *
 * const x = input({ name: "x", shape: [3] });
 * const [value, gradient] = valueAndGrad((x: Tensor) => sum(mul(x, x)))(x);
 * assertEquals([value.shape, gradient.shape], [[], [3]]); // descriptions: nothing is computed yet
 * ```
 */
export function valueAndGrad<P extends Tensors, Rest extends unknown[]>(
  f: Loss<P, Rest>,
): (parameters: P, ...rest: Rest) => [value: Tensor, gradient: P] {
  return (parameters, ...rest) => {
    const value = f(parameters, ...rest);
    return [value, gradientsOf(value, parameters)];
  };
}

/** The gradient of `f` in its first argument: `(p, ...rest) => ∂f/∂p`. */
export function grad<P extends Tensors, Rest extends unknown[]>(
  f: Loss<P, Rest>,
): (parameters: P, ...rest: Rest) => P {
  const both = valueAndGrad(f);
  return (parameters, ...rest) => both(parameters, ...rest)[1];
}
