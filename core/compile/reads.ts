/** What a value is computed from, and through which views: the sources and named values behind inlined ones. */

import { contiguousView } from "../ops/movement.ts";
import { sizeOf, stridesOf } from "../shape.ts";
import type { Tensor, View } from "../tensor.ts";

/** Which nodes were met behind which views: a value used twice is looked into once. */
export class Visits {
  readonly #met = new Map<Tensor, (readonly Tensor[])[]>();

  /** Whether this was asked before. */
  again(node: Tensor, views: readonly Tensor[]): boolean {
    const met = this.#met.get(node) ?? [];
    if (met.some((list) => list.length === views.length && list.every((view, i) => view === views[i]))) return true;
    this.#met.set(node, [...met, views]);
    return false;
  }
}

/** How the elements of a tensor look through views, or null where strides cannot say. */
export function viewThrough(node: Tensor, views: readonly Tensor[]): View | null {
  return views.reduce<View | null>(
    (view, link) => view && link.op.view!(view, link.attributes, link.shape),
    contiguousView(node.shape),
  );
}

/** Whether a view has all elements of its source in their order. */
export function isContiguous(view: View, source: Tensor): boolean {
  const strides = stridesOf(view.shape);
  return view.offset === 0 && sizeOf(view.shape) === source.size &&
    view.shape.every((length, axis) =>
      (length === 1 || view.strides[axis] === strides[axis]) &&
      view.bounds[axis][0] <= 0 && view.bounds[axis][1] >= length
    );
}

/** A value that is read, and how. */
export interface Read {
  node: Tensor;
  inPlace: boolean; // element i of the reader needs only element i
  /** Which element of it every element of the reader needs (of what it reduces, if it does); null for operands of a shader. */
  view: View | null;
}

/** The sources and named values a named value is computed from. */
export function readsOf(root: Tensor, roots: ReadonlySet<Tensor>): Read[] {
  if (root.op.kernel) {
    return root.inputs.map((input) => ({ node: withoutViews(input), inPlace: false, view: null }));
  }
  const reads: Read[] = [];
  const seen = new Visits();
  const visit = (node: Tensor, views: readonly Tensor[]): void => {
    if (node.op.source === "fill" || seen.again(node, views)) return;
    if (node.op.view) return visit(node.inputs[0], [node, ...views]);
    if (node.inputs.length > 0 && !roots.has(node)) return node.inputs.forEach((input) => visit(input, views));
    const view = viewThrough(node, views);
    reads.push({ node, inPlace: !root.op.reduction && view !== null && isContiguous(view, node), view });
  };
  for (const input of root.inputs) visit(input, []);
  return reads;
}

/** The tensor behind a chain of views. */
export function withoutViews(x: Tensor): Tensor {
  return x.op.view ? withoutViews(x.inputs[0]) : x;
}
