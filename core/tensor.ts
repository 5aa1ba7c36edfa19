/** A tensor is an immutable description of a value: an operation, its inputs, a shape. It has no buffer. */

import type { AdapterTraits } from "./adapter.ts";
import { type Shape, sizeOf } from "./shape.ts";

export { type AdapterTraits, TEXTURE_PITCH } from "./adapter.ts";

/** Element type; masks are `f32` with values 0 and 1. */
export type DType = "f32" | "u32";

/** The numbers and lists an operation needs beside its tensors, such as `stride`. */
export type Attributes = Readonly<Record<string, unknown>>;

/** A value to be computed: `op(inputs, attributes)`, row-major, of a known shape. */
export class Tensor {
  constructor(
    readonly op: Operation,
    readonly inputs: readonly Tensor[],
    readonly attributes: Attributes,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }
}

/** What the gradient and the compiler know of an operation; made by `defineOp`. Exactly one of the last six is present. */
export interface Operation {
  readonly name: string;
  /** Cotangents of the inputs from the cotangent `dy` of the result `y`; null where there is none. */
  readonly vjp?: (dy: Tensor, inputs: readonly Tensor[], attributes: Attributes, y: Tensor) => (Tensor | null)[];
  /** No inputs: the value comes from outside (`variable`, `input`), from data, or is one number everywhere. */
  readonly source?: "variable" | "input" | "constant" | "fill";
  /** Another way to index the one input, no arithmetic. */
  readonly view?: (input: View, attributes: Attributes, shape: Shape) => View | null;
  /** WGSL expression of one element or four: inputs are `x`, `y`, `z` of type `T`; `F` is the same of `f32`. */
  readonly expression?: (attributes: Attributes) => string;
  /** Reduction over `attributes.axes`, which stay as length 1. */
  readonly reduction?: "sum" | "max";
  /** A shader of its own, or several that compute the same, best first by rule. */
  readonly kernel?: (y: Tensor, adapter: AdapterTraits) => Kernel | readonly Kernel[];
  /** The same value by other operations, chosen for the adapter. */
  readonly lower?: (inputs: readonly Tensor[], attributes: Attributes, adapter: AdapterTraits) => Tensor;
}

/**
 * Where the elements of a strided view lie: element `c` is at `offset + Σ c[axis] · strides[axis]` of its source,
 * or 0 where a coordinate is outside `[bounds[axis][0], bounds[axis][1])`.
 */
export interface View {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly bounds: readonly (readonly [from: number, to: number])[];
}

/**
 * One dispatch of a shader file. The text goes through `expand` with `constants`; those it declares as `override` are
 * also set on the pipeline. Inputs are declared by the shader at bindings 0, 1, … of group 0. Results leave through
 * `store(index, value: T)`, where `index` counts groups of `width` elements of the row-major result; the compiler adds
 * `alias T`, `store` and the bindings it needs, and so fuses what follows into the kernel.
 */
export interface Kernel {
  readonly shader: string;
  readonly entryPoint?: string;
  readonly constants: Readonly<Record<string, number>>;
  /**
   * How each input is bound: a storage buffer, or an `rgba32float` texture (see `TEXTURE_PITCH`), in which the operands
   * begin at texels `ROW_BASE` and `COLUMN_BASE`; the compiler sets these.
   */
  readonly operands: readonly ("buffer" | "texture")[];
  readonly width: 1 | 4;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** Surely slower than those before it: taken where none of them compiles. */
  readonly lastResort?: boolean;
  /** Multiply-adds, for figures in FLOP/s; 0 where nobody counts. */
  readonly multiplyAdds?: number;
}
