/** `defineOp` binds shape rule, kernel and gradient of an operation into one function of tensors. */

import { type Shape, ShapeError } from "./shape.ts";
import { type AdapterTraits, type Attributes, type DType, type Kernel, type Operation, Tensor } from "./tensor.ts";
import type { View } from "./tensor.ts";

/** An operation as a function: tensors, then its attributes. */
export type Op<Inputs extends readonly Tensor[], A = undefined> = A extends undefined ? (...inputs: Inputs) => Tensor
  : (...args: [...Inputs, attributes: A]) => Tensor;

/** One operation; exactly one of `source`, `view`, `expression`, `reduction`, `kernel`, `lower` says how it is computed. */
export interface Definition<A> {
  name: string;
  /** Shape of the result; throws a `ShapeError` for inputs that do not fit. */
  shape: (shapes: readonly Shape[], attributes: A) => Shape;
  /** Element types of the inputs a kernel can read; null, or no list, for any. */
  inputs?: readonly (DType | null)[];
  /** Element type of the result; that of the first input unless given. */
  dtype?: DType;
  source?: Operation["source"];
  view?: (input: View, attributes: A, shape: Shape) => View | null;
  expression?: string | ((attributes: A) => string);
  reduction?: Operation["reduction"];
  kernel?: (y: Tensor, adapter: AdapterTraits, attributes: A) => Kernel | readonly Kernel[];
  lower?: (inputs: readonly Tensor[], attributes: A, adapter: AdapterTraits) => Tensor;
  vjp?: (dy: Tensor, inputs: readonly Tensor[], attributes: A, y: Tensor) => (Tensor | null)[];
}

/** Every operation by name, so that a test can ask whether each has a case. */
export const operations: Map<string, Operation> = new Map();

/**
 * Makes the function that describes `name(inputs, attributes)`. It throws a `TypeError` for an input of a wrong
 * element type and a `ShapeError` for a result with a length that is not a whole number of at least 1.
 *
 * @throws {RangeError} If the name is taken
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defineOp, mul, ones, type Tensor } from "@hmog/hmog";
 *
 * const cube = defineOp<[x: Tensor]>({
 *   name: "cube",
 *   shape: ([x]) => x,
 *   expression: "x * x * x",
 *   vjp: (dy, [x]) => [mul(mul(dy, 3), mul(x, x))], // (x³)' = 3 x²
 * });
 * assertEquals(cube(ones([2])).shape, [2]);
 * ```
 */
export function defineOp<Inputs extends readonly Tensor[], A = undefined>(definition: Definition<A>): Op<Inputs, A> {
  const { name, shape, expression, kernel, dtype } = definition;
  const operation = {
    ...definition,
    expression: expression === undefined
      ? undefined
      : typeof expression === "string"
      ? () => expression
      : (attributes: Attributes) => expression(attributes as A),
    kernel: kernel && ((y: Tensor, adapter: AdapterTraits) => kernel(y, adapter, y.attributes as A)),
  } as unknown as Operation;
  if (operations.has(name)) throw new RangeError(`Cannot define op ${name}: the name is taken, expected a new one`);
  operations.set(name, operation);

  const build = (...args: [...Inputs, A?]): Tensor => {
    const inputs = args.filter((arg): arg is Tensor => arg instanceof Tensor);
    const attributes = (args.length > inputs.length ? args[args.length - 1] : {}) as A;
    const result = shape(inputs.map((input) => input.shape), attributes);
    if (!result.every((length) => Number.isInteger(length) && length >= 1)) {
      throw new ShapeError(`Cannot make ${name} of shape [${result}]: expected whole lengths of at least 1`);
    }
    definition.inputs?.forEach((dtype, i) => {
      if (dtype === null || dtype === inputs[i].dtype) return;
      throw new TypeError(`Cannot compute ${name} with ${inputs[i].dtype} [${inputs[i].shape}]: expected ${dtype}`);
    });
    return new Tensor(operation, inputs, attributes as Attributes, result, dtype ?? inputs[0]?.dtype ?? "f32");
  };
  return build as unknown as Op<Inputs, A>;
}
