/** Tensors without inputs: one number everywhere, data, and values that come from outside. */

import { defineOp } from "../op.ts";
import { type Shape, ShapeError, sizeOf } from "../shape.ts";
import { type DType, Tensor } from "../tensor.ts";

const fillOp = defineOp<[], { value: number; shape: Shape }>({
  name: "fill",
  source: "fill",
  shape: (_, { shape }) => shape,
});

/**
 * One number everywhere.
 *
 * @throws {RangeError} If `f32` cannot hold the number
 */
export function fill(value: number, shape: Shape = []): Tensor {
  if (Number.isFinite(Math.fround(value))) return fillOp({ value, shape });
  throw new RangeError(`Cannot fill a tensor with ${value}: expected a finite number that fits f32`);
}

/** Zeros of a shape. */
export function zeros(shape: Shape): Tensor {
  return fill(0, shape);
}

/** Ones of a shape. */
export function ones(shape: Shape): Tensor {
  return fill(1, shape);
}

/** A tensor as it is, a number as a scalar tensor. */
export function asTensor(value: Tensor | number): Tensor {
  return value instanceof Tensor ? value : fill(value);
}

type Data = Float32Array | Uint32Array;

const constantF32 = defineOp<[], { data: Data; shape: Shape }>({
  name: "constant",
  source: "constant",
  shape: (_, { shape }) => shape,
});
const constantU32 = defineOp<[], { data: Data; shape: Shape }>({
  name: "constantU32",
  source: "constant",
  dtype: "u32",
  shape: (_, { shape }) => shape,
});

/**
 * Data from the host, row-major: `f32` from numbers or a `Float32Array`, `u32` from a `Uint32Array`.
 *
 * @throws {ShapeError} If the shape has another number of elements than the data
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { constant } from "@hmog/hmog";
 *
 * assertEquals(constant([1, 2, 3, 4, 5, 6], [2, 3]).dtype, "f32");
 * assertEquals(constant(Uint32Array.of(7, 8)).dtype, "u32");
 * ```
 */
export function constant(data: Data | readonly number[], shape: Shape = [data.length]): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(`Cannot shape ${data.length} numbers as [${shape}]: expected ${sizeOf(shape)} of them`);
  }
  return data instanceof Uint32Array
    ? constantU32({ data, shape })
    : constantF32({ data: data instanceof Float32Array ? data : Float32Array.from(data), shape });
}

/** A place for a value: its name appears in errors, `dtype` is `f32` unless given. */
export interface Placeholder {
  name: string;
  shape: Shape;
  dtype?: DType;
  /** The buffer that it shares with other variables, and where it begins there in elements. */
  shared?: { readonly buffer: SharedBuffer; readonly at: number };
}

/** Memory of several variables side by side. */
export interface SharedBuffer {
  /** Elements, with gaps. */
  readonly size: number;
  /** How many variables there are. */
  readonly count: number;
}

const placeholder = (source: "input" | "variable", dtype: DType) =>
  defineOp<[], Placeholder>({
    name: dtype === "f32" ? source : `${source}U32`,
    source,
    dtype,
    shape: (_, { shape }) => shape,
  });
const inputs = { f32: placeholder("input", "f32"), u32: placeholder("input", "u32") };
const variables = { f32: placeholder("variable", "f32"), u32: placeholder("variable", "u32") };

/** A value given anew at every run of a program. Two inputs are different even if all they are given is equal. */
export function input(place: Placeholder): Tensor {
  return inputs[place.dtype ?? "f32"]({ ...place });
}

/** A value that stays on the GPU between runs. Its identity, not its name, says which it is. */
export function variable(place: Placeholder): Tensor {
  return variables[place.dtype ?? "f32"]({ ...place });
}
