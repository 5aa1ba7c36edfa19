/** WGSL text of elementwise values: which element of which buffer, and the expression around it. */

import { type Shape, sizeOf } from "../shape.ts";
import type { DType, Tensor, View } from "../tensor.ts";
import { isContiguous, viewThrough } from "./reads.ts";

/** A part of a view along some axes: `(index / inner) % length` times `stride`, 0 outside `[from, to)`. */
interface Term {
  inner: number;
  length: number;
  stride: number;
  from: number;
  to: number;
  outermost: boolean;
}

/** An index that counts elements along some axes of what is computed, and how many elements one step computes. */
export interface Index {
  /** Name of a `u32` in the text: the first element. */
  name: string;
  /** Axes it runs over in a shape; all unless given. */
  axes?: (shape: Shape) => readonly number[];
  width: 1 | 4;
  /** Name of a `u32` in the text that is the first element divided by the width. */
  step?: string;
}

/** Where a body finds the values that are not computed in it. */
export interface Names {
  /** Text of what a buffer has at a step of this width. */
  element(node: Tensor, width: 1 | 4, step: string): string;
  /** Name of the one number that all of the step read of `node` through a view, where it has one. */
  shared?(node: Tensor, view: View): string | undefined;
  /** A number for every node. */
  number(node: Tensor): number;
}

/** WGSL type of one or four elements. */
export function typeName(dtype: DType, width: 1 | 4): string {
  return width === 1 ? dtype : `vec4<${dtype}>`;
}

/** The lines that compute values for one step of a main index, and maybe of further ones that are the same for the step. */
export class Body {
  readonly lines: string[] = [];
  readonly #known = new Map<string, string>(); // by node and views
  readonly #lets = new Map<string, string>(); // by text

  constructor(
    readonly names: Names,
    readonly roots: ReadonlySet<Tensor>,
    readonly main: Index,
    readonly others: readonly Index[] = [],
  ) {}

  /** Declares that `text` is the step's part of `node`. */
  define(node: Tensor, text: string): void {
    this.#known.set(this.#key(node, []), text);
  }

  /** Name of the step's part of a value that is computed here even if others read it from a buffer. */
  compute(root: Tensor): string {
    const name = this.#expression(root, []);
    this.define(root, name);
    return name;
  }

  /** Name of the step's part of `node` seen through views (innermost first). */
  value(node: Tensor, views: readonly Tensor[] = []): string {
    const known = this.#known.get(this.#key(node, views)) ?? this.#sameElements(node, views);
    if (known !== undefined) return known;
    if (node.op.view) return this.value(node.inputs[0], [node, ...views]);
    const name = node.inputs.length === 0 || this.roots.has(node)
      ? this.#load(node, viewThrough(node, views)!)
      : this.#expression(node, views);
    this.#known.set(this.#key(node, views), name);
    return name;
  }

  /** A value known here and seen through reshapes only has the same elements at the same places. */
  #sameElements(node: Tensor, views: readonly Tensor[]): string | undefined {
    const known = views.length > 0 ? this.#known.get(this.#key(node, [])) : undefined;
    if (known === undefined || node.op.view) return undefined;
    const view = viewThrough(node, views);
    return view !== null && isContiguous(view, node) ? known : undefined;
  }

  #key(node: Tensor, views: readonly Tensor[]): string {
    return [node, ...views].map((link) => this.names.number(link)).join(" ");
  }

  #let(prefix: string, text: string): string {
    const known = this.#lets.get(text);
    if (known !== undefined) return known;
    const name = `${prefix}${this.lines.length}`;
    this.lines.push(`let ${name} = ${text};`);
    this.#lets.set(text, name);
    return name;
  }

  #expression(node: Tensor, views: readonly Tensor[]): string {
    const operands = node.inputs.map((input) => this.value(input, views));
    const { width } = this.main;
    const words: Record<string, string> = {
      x: operands[0],
      y: operands[1],
      z: operands[2],
      T: typeName(node.inputs[0].dtype, width),
      F: typeName("f32", width),
    };
    return this.#let(
      "v",
      node.op.expression!(node.attributes).replace(/(?<![\w.])[xyzTF](?!\w)/g, (word) => words[word]),
    );
  }

  #load(node: Tensor, view: View): string {
    return this.#let("x", this.#loadText(node, view));
  }

  #loadText(node: Tensor, view: View): string {
    const { names, main: { width, step } } = this;
    const type = typeName(node.dtype, width);
    const shared = names.shared?.(node, view);
    if (shared !== undefined) return width === 1 ? shared : `${type}(${shared})`;
    switch (layoutOf(node, view, this.main, this.others)) {
      case "border":
        return `${type}(0)`;
      case "same step":
        return names.element(node, width, step!);
      case "one element": {
        const parts = this.#partsOf(view);
        const text = this.#elementText(node, view, parts);
        return masked(width === 1 ? text : `${type}(${text})`, parts, type);
      }
      case "aligned run": {
        const parts = this.#partsOf(view);
        const first = indexText(view.offset, parts);
        const at = first === this.main.name && step ? step : `(${first}) / ${width}u`;
        return masked(names.element(node, width, at), parts, type);
      }
      case "scattered": {
        const elements = Array.from({ length: width }, (_, lane) => {
          const parts = this.#partsOf(view, lane);
          return masked(this.#elementText(node, view, parts), parts, node.dtype);
        });
        return `${type}(${elements.join(", ")})`;
      }
    }
  }

  #elementText(node: Tensor, view: View, parts: readonly Part[]): string {
    if (node.op.source === "fill") return `${node.dtype}(${node.attributes.value})`;
    return this.names.element(node, 1, indexText(view.offset, parts));
  }

  /** Where one element of the step lies in a view. */
  #partsOf(view: View, lane = 0): Part[] {
    const { name, width } = this.main;
    const shared = this.others.flatMap((index) => this.#parts(terms(view, index), index.name));
    const along = terms(view, this.main);
    const apart = lane > 0 && !staysInRun(along.at(-1)!, width);
    const parts = [...shared, ...this.#parts(along, apart ? this.#let("e", `${name} + ${lane}u`) : name)];
    if (lane === 0 || apart) return parts;
    const last = parts.pop()!;
    return [...parts, { ...last, coordinate: `(${last.coordinate} + ${lane}u)` }];
  }

  #parts(list: readonly Term[], element: string): Part[] {
    return list.map((term) => {
      if (term.length === 1) return { term, coordinate: "0u" };
      const divided = term.inner === 1 ? element : `${element} / ${term.inner}u`;
      const text = term.outermost ? divided : `(${divided}) % ${term.length}u`;
      return { term, coordinate: text === element ? element : this.#let("c", text) };
    });
  }
}

interface Part {
  term: Term;
  coordinate: string;
}

const isWhole = (term: Term): boolean => term.from <= 0 && term.to >= term.length;

/** Where the elements of a step lie in their source. */
type Layout =
  | "border" // nowhere: all are zeros around it
  | "same step" // as in the step itself
  | "one element" // all at the same place
  | "aligned run" // behind one another, from a multiple of the width
  | "scattered"; // each in its own place

function layoutOf(source: Tensor, view: View, main: Index, others: readonly Index[]): Layout {
  // No index may stand in the text of a border: constant evaluation would find it out of bounds.
  if (view.bounds.some(([from, to], axis) => Math.max(from, 0) >= Math.min(to, view.shape[axis]))) return "border";
  const { width } = main;
  if (width === 1) return "one element";
  const isFill = source.op.source === "fill";
  // Buffers hold whole steps, even where the last one reaches behind the elements.
  if (!isFill && main.axes === undefined && main.step && isContiguous(view, source)) return "same step";
  const along = terms(view, main);
  const inner = along.at(-1);
  if (inner === undefined) return "one element";
  if (!staysInRun(inner, width) || !isWhole(inner)) return "scattered";
  if (isFill || inner.stride === 0) return "one element";
  const outer = [...along.slice(0, -1), ...others.flatMap((index) => terms(view, index))];
  const aligned = view.offset % width === 0 && outer.every(({ stride }) => stride % width === 0);
  return inner.stride === 1 && aligned ? "aligned run" : "scattered";
}

/** Whether the elements of a step differ in the innermost coordinate only. */
const staysInRun = (inner: Term, width: number): boolean => inner.length % width === 0;

/** The axes of a view that an index runs over as few terms, outermost first: neighbours that are contiguous are one. */
function terms(view: View, index: Index): Term[] {
  const axes = index.axes?.(view.shape) ?? view.shape.map((_, axis) => axis);
  const result: Term[] = [];
  let inner = 1;
  for (const axis of [...axes].reverse()) {
    const length = view.shape[axis];
    const [from, to] = view.bounds[axis];
    const term = { inner, length, stride: view.strides[axis], from, to, outermost: false };
    inner *= length;
    if (length === 1 && isWhole(term)) continue;
    const last = result[0];
    if (last && isWhole(last) && isWhole(term) && term.stride === last.stride * last.length) {
      last.length *= length;
      last.to = last.length;
    } else result.unshift(term);
  }
  if (result.length > 0 && result[0].inner * result[0].length === sizeOf(axes.map((axis) => view.shape[axis]))) {
    result[0].outermost = true;
  }
  // Along a repeated axis nothing depends on the coordinate; the innermost stays, it tells how long a run is.
  return result.filter((term, i) => i === result.length - 1 || term.stride !== 0 || !isWhole(term));
}

function indexText(offset: number, parts: readonly Part[]): string {
  const products = parts.filter(({ term }) => term.stride !== 0 && term.length > 0)
    .map(({ term, coordinate }) => term.stride === 1 ? coordinate : `${coordinate} * ${term.stride}u`);
  if (offset !== 0 || products.length === 0) products.push(`${offset >>> 0}u`); // modulo 2³², as the sum is
  return products.join(" + ");
}

/** The text of a value, or 0 where its coordinates are out of bounds. */
function masked(text: string, parts: readonly Part[], type: string): string {
  const mask = maskText(parts);
  return mask === "" ? text : `select(${type}(0), ${text}, ${mask})`;
}

function maskText(parts: readonly Part[]): string {
  return parts.flatMap(({ term, coordinate }) => [
    ...term.from > 0 ? [`${coordinate} >= ${term.from}u`] : [],
    ...term.to < term.length ? [`${coordinate} < ${Math.max(term.to, 0)}u`] : [],
  ]).join(" && ");
}
