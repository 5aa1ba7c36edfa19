/** Operations become those this adapter has kernels for: products choose their operand order, long sums are split. */

import { add, copy, maximum } from "../ops/elementwise.ts";
import { contiguousView, reshape, slice } from "../ops/movement.ts";
import { max, sum } from "../ops/reduce.ts";
import type { AdapterTraits, Tensor, View } from "../tensor.ts";
import { rewrite, withInputs } from "./graph.ts";
import { isContiguous } from "./reads.ts";
import { mergeSums } from "./sums.ts";

const FEW_COLUMNS = 256; // below it the results of a sum over the outer axes do not keep an adapter busy
const FEW_ROWS = 16; // the same for a sum over the inner axes, where invocations share a result
const LONG_SUM = 4096; // terms; a shorter sum costs less than a second dispatch
const PARTS = 64;
// llvmpipe ends the loops of an invocation after 65535 rounds in all, without a word. Invocations share rows by eights.
const MOST_TERMS = { column: 2 ** 15, row: 2 ** 18 };

/** The same values by operations that have a kernel, a reduction or an expression, with operands as kernels want them. */
export function lower(outputs: readonly Tensor[], adapter: AdapterTraits): Tensor[] {
  const done = new Set<Tensor>(); // so that what an operation is lowered to is walked only down to its inputs
  const lowerNode = (node: Tensor): Tensor => {
    const { lower, reduction } = node.op;
    const lowered = lower
      ? rewrite([lower(node.inputs, node.attributes, adapter)], lowerNode, done)[0]
      : reduction
      ? splitReduction(node)
      : node;
    done.add(lowered);
    return lowered;
  };
  return rewrite(mergeSums(rewrite(outputs, lowerNode)), (node) => {
    if (node.op.view || node.inputs.length === 0) return node;
    return withInputs(node, node.inputs.map((input) => readable(input, node.op.kernel !== undefined)));
  });
}

/**
 * A long reduction in two: over the inner axes, then over the outermost one; along a single axis over equal parts, then
 * over their results. Done where few results keep few invocations busy, or where a loop would be too long.
 */
function splitReduction(node: Tensor): Tensor {
  const [x] = node.inputs;
  const isLong = (axis: number) => x.shape[axis] > 1;
  const [first, ...others] = (node.attributes.axes as number[]).filter(isLong);
  const row = (node.attributes.axes as number[]).includes(x.shape.findLastIndex((length) => length > 1));
  const terms = x.size / node.size;
  const idle = node.size < (row ? FEW_ROWS : FEW_COLUMNS) && terms >= LONG_SUM;
  if (!idle && terms <= (row ? MOST_TERMS.row : MOST_TERMS.column)) return node;

  const [reduce, combine] = node.op.reduction === "sum" ? [sum, add] as const : [max, maximum] as const;
  const along = (x: Tensor, axes: number[]) => splitReduction(reduce(x, { axes, keepDims: true }));
  if (others.length > 0) return along(along(x, others), [first]);
  const run = Math.floor(x.shape[first] / PARTS); // terms of a part; the rest follows apart
  const cut = (from: number, to: number) =>
    slice(x, {
      start: x.shape.map((_, axis) => axis === first ? from : 0),
      shape: x.shape.map((length, axis) => axis === first ? to - from : length),
    });
  const parts = reshape(cut(0, PARTS * run), [...x.shape.slice(0, first), PARTS, run, ...x.shape.slice(first + 1)]);
  const total = reshape(along(along(parts, [first + 1]), [first]), node.shape);
  return PARTS * run === x.shape[first] ? total : combine(total, along(cut(PARTS * run, x.shape[first]), [first]));
}

/** A tensor that a kernel can read: a view that strides cannot express, or that must be contiguous, is copied. */
function readable(x: Tensor, contiguous: boolean): Tensor {
  if (!x.op.view) return x.op.source === "fill" && contiguous ? copy(x) : x;
  const chain: Tensor[] = [];
  let source = x;
  for (; source.op.view; source = source.inputs[0]) chain.unshift(source);
  for (let view: View | null = contiguousView(source.shape); chain.length > 0;) {
    const link = chain.shift()!;
    view = link.op.view!(view, link.attributes, link.shape);
    if (view === null) return readable(rebuild(copy(link.inputs[0]), [link, ...chain]), contiguous);
    if (chain.length === 0 && contiguous && (source.op.source === "fill" || !isContiguous(view, source))) {
      return copy(x);
    }
  }
  return x;
}

function rebuild(x: Tensor, chain: readonly Tensor[]): Tensor {
  return chain.reduce((input, link) => withInputs(link, [input]), x);
}
