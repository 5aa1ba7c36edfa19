/** Equal values become one node, arithmetic on constants is done at once, and what changes nothing is dropped. */

import { add, mul, neg } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { fill } from "../ops/source.ts";
import { sameShape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { rewrite, withInputs } from "./graph.ts";
import { isContiguous, viewThrough } from "./reads.ts";

/** The same values from fewer operations. */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  const numbers = new Map<Tensor, number>(); // of the nodes that stand for their value
  const known = new Map<string, Tensor>();

  /** The node that stands for this operation on these inputs with these attributes. */
  const unique = (node: Tensor): Tensor => {
    if (numbers.has(node)) return node;
    const interned = withInputs(node, node.inputs.map(unique));
    const fresh = interned.op.source !== undefined && interned.op.source !== "fill";
    const inputs = interned.inputs.map((input) => numbers.get(input));
    const key = fresh
      ? `${numbers.size}`
      : `${interned.op.name} ${inputs} ${JSON.stringify(interned.attributes)} ${interned.shape}`;
    const first = known.get(key) ?? interned;
    known.set(key, first);
    if (!numbers.has(first)) numbers.set(first, numbers.size);
    return first;
  };
  return rewrite(outputs, (node) => unique(simplifyNode(node)));
}

const FOLD: Record<string, (...values: number[]) => number> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  neg: (x) => -x,
  square: (x) => x * x,
  sqrt: Math.sqrt,
};

/** What an operation with one constant operand amounts to, or null. */
const IDENTITIES: Record<string, (x: Tensor, y: Tensor) => Tensor | null> = {
  add: (x, y) => valueOf(y) === 0 ? x : valueOf(x) === 0 ? y : null,
  sub: (x, y) => valueOf(y) === 0 ? x : valueOf(x) === 0 ? neg(y) : y.op.name === "neg" ? add(x, y.inputs[0]) : null,
  // A product with 0 is 0: a mask drops what it hides, NaN included.
  mul: (x, y) =>
    valueOf(y) === 1 ? x : valueOf(x) === 1 ? y : [valueOf(x), valueOf(y)].includes(0) ? zero(x) : scaled(x, y),
  div: (x, y) =>
    valueOf(y) === 1
      ? x
      : valueOf(x) === 0
      ? x
      : valueOf(y) !== null && valueOf(y) !== 0
      ? times(x, 1 / valueOf(y)!)
      : null,
  neg: (x) => x.op.name === "neg" ? x.inputs[0] : null,
};

const zero = (x: Tensor): Tensor => fill(0, x.shape);

/** `(x a) b = x (a b)` for numbers `a`, `b`. */
function scaled(x: Tensor, y: Tensor): Tensor | null {
  const [value, other] = valueOf(y) !== null ? [valueOf(y)!, x] : [valueOf(x), y];
  if (value === null || other.op.name !== "mul") return null;
  const [a, b] = other.inputs;
  if (valueOf(b) !== null) return times(a, value * valueOf(b)!);
  if (valueOf(a) !== null) return times(b, value * valueOf(a)!);
  return null;
}

/** `x` times a number, or null if `f32` cannot hold the number: then the GPU makes of it what it makes. */
function times(x: Tensor, value: number): Tensor | null {
  return fitsF32(value) ? mul(x, fill(value, x.shape)) : null;
}

const fitsF32 = (value: number): boolean => Number.isFinite(Math.fround(value));

/** The number a tensor holds everywhere, or null. */
function valueOf(x: Tensor): number | null {
  return x.op.source === "fill" ? x.attributes.value as number : null;
}

function simplifyView(node: Tensor): Tensor {
  const { op, inputs: [input], shape } = node;
  const view = viewThrough(input, [node]);
  const isWhole = view?.bounds.every(([from, to], axis) => from <= 0 && to >= shape[axis]);
  if (input.op.source === "fill" && isWhole) return fill(valueOf(input)!, shape);
  if (op.name === "reshape" && input.op.name === "reshape") return reshape(input.inputs[0], shape);
  return view !== null && isContiguous(view, input) && sameShape(shape, input.shape) ? input : node;
}

function simplifyNode(node: Tensor): Tensor {
  const { op, inputs, shape, dtype } = node;
  if (inputs.length === 0) return node;
  if (op.view) return simplifyView(node);
  const values = inputs.map(valueOf);
  if (op.expression && dtype === "f32") {
    if (op.name in FOLD && values.every((value) => value !== null)) {
      const value = FOLD[op.name](...values);
      return fitsF32(value) ? fill(value, shape) : node;
    }
    return IDENTITIES[op.name]?.(inputs[0], inputs[1]) ?? node;
  }
  if (op.reduction && values[0] !== null) {
    const count = sizeOf(inputs[0].shape) / sizeOf(shape);
    const value = op.reduction === "sum" ? values[0] * count : values[0];
    return fitsF32(value) ? fill(value, shape) : node;
  }
  if (op.reduction && sameShape(shape, inputs[0].shape)) return inputs[0];
  return node;
}
