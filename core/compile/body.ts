/** WGSL text of elementwise values: which element of which buffer, and the expression around it. */

import { sizeOf } from "../shape.ts";
import type { DType, Tensor, View } from "../tensor.ts";
import { isContiguous } from "./lower.ts";
import { viewThrough } from "./reads.ts";

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
  /** Axes it runs over in a shape of this rank; all unless given. */
  axes?: readonly number[];
  width: 1 | 4;
  /** Name of a `u32` in the text that is the first element divided by the width. */
  step?: string;
}

/** Where a body finds the values that are not computed in it. */
export interface Names {
  /** Name of a buffer declared with elements of this width. */
  buffer(node: Tensor, width: 1 | 4): string;
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
    const { width } = this.main;
    const type = typeName(node.dtype, width);
    // A border alone: nothing is read, and no index may stand in the text that constant evaluation finds out of bounds.
    const border = view.bounds.some(([from, to], axis) => Math.max(from, 0) >= Math.min(to, view.shape[axis]));
    if (border) return this.#let("x", `${type}(0)`);
    // Element by element the same: buffers hold whole steps, even where the last one reaches behind the elements.
    if (
      width > 1 && this.main.axes === undefined && this.main.step && node.op.source !== "fill" &&
      isContiguous(view, node)
    ) {
      return this.#let("x", `${this.names.buffer(node, width)}[${this.main.step}]`);
    }
    const vector = terms(view, this.main.axes);
    const inner = vector[vector.length - 1];
    const shared = this.others.flatMap((index) => this.#parts(terms(view, index.axes), index.name, 0));
    // A step of several elements stays inside one run of the innermost axis, or is computed element by element.
    const together = width === 1 || inner === undefined || inner.length % width === 0;
    const steps = Array.from({ length: width }, (_, lane) => lane);
    const fill = node.op.source === "fill" ? `${node.dtype}(${node.attributes.value})` : null;
    const at = (lane: number): Part[] => {
      if (!together) return [...shared, ...this.#parts(vector, this.main.name, lane)];
      const parts = [...shared, ...this.#parts(vector, this.main.name, 0)];
      if (lane === 0 || inner === undefined) return parts;
      const last = parts[parts.length - 1];
      const coordinate = `(${last.coordinate} + ${lane}u)`;
      return [...parts.slice(0, -1), { ...last, coordinate, term: inner }];
    };
    const index = (parts: readonly Part[]) => indexText(view.offset, parts);
    const masked = (text: string, parts: readonly Part[], of: string): string => {
      const mask = maskText(parts);
      return mask === "" ? text : `select(${of}(0), ${text}, ${mask})`;
    };
    const scalar = (lane: number): string => {
      const parts = at(lane);
      const text = fill ?? `${this.names.buffer(node, 1)}[${index(parts)}]`;
      return masked(text, parts, node.dtype);
    };
    if (width === 1) return this.#let("x", scalar(0));
    const whole = vector.length === 0 || isWhole(inner);
    if (fill !== null && whole && together) return this.#let("x", masked(`${type}(${fill})`, at(0), type));
    if (together && whole && (inner === undefined || inner.stride === 0)) {
      return this.#let("x", masked(`${type}(${this.names.buffer(node, 1)}[${index(at(0))}])`, at(0), type));
    }
    const aligned = [...vector.slice(0, -1), ...this.others.flatMap((other) => terms(view, other.axes))]
      .every((term) => term.stride % width === 0);
    if (together && whole && inner.stride === 1 && aligned && view.offset % width === 0) {
      const first = index(at(0));
      const step = first === this.main.name && this.main.step ? this.main.step : `(${first}) / ${width}u`;
      return this.#let("x", masked(`${this.names.buffer(node, width)}[${step}]`, at(0), type));
    }
    return this.#let("x", `${type}(${steps.map(scalar).join(", ")})`);
  }

  #parts(list: readonly Term[], name: string, lane: number): Part[] {
    const element = lane === 0 ? name : this.#let("e", `${name} + ${lane}u`);
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

/** The axes of a view as few terms, outermost first: neighbours that are contiguous are one. */
function terms(view: View, axes: readonly number[] = view.shape.map((_, axis) => axis)): Term[] {
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

function maskText(parts: readonly Part[]): string {
  return parts.flatMap(({ term, coordinate }) => [
    ...term.from > 0 ? [`${coordinate} >= ${term.from}u`] : [],
    ...term.to < term.length ? [`${coordinate} < ${Math.max(term.to, 0)}u`] : [],
  ]).join(" && ");
}
