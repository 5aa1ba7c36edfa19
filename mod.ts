/**
 * Hierarchical mixtures of generators on WebGPU: tensors as descriptions, gradients of any order, compiled training
 * steps, and generators whose decision tree can be read.
 *
 * @module
 */

export { type Shape, ShapeError } from "./core/shape.ts";
export type { Tensor } from "./core/tensor.ts";
export { defineOp, type Op } from "./core/op.ts";
