/** The whole WGSL text of a group: its shader file, expanded, with the generated parts behind it. */

import { fold } from "../ops/workgroups.ts";
import { sizeOf } from "../shape.ts";
import type { AdapterTraits, Kernel, Tensor } from "../tensor.ts";
import { Body, type Index, typeName } from "./body.ts";
import { expand } from "./expand.ts";
import type { Group } from "./fuse.ts";
import { withoutViews } from "./reads.ts";
import elementwiseShader from "../../shaders/elementwise.wgsl" with { type: "text" };
import reduceShader from "../../shaders/reduce.wgsl" with { type: "text" };

/** One dispatch: the text, and which value each binding of group 0 holds. */
export interface KernelText {
  readonly label: string;
  readonly code: string;
  readonly entryPoint: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [x: number, y: number, z: number];
  readonly multiplyAdds: number;
}

/** A buffer that is read, one that is written (and maybe read in place), or a texture copied from a buffer. */
export interface Binding {
  readonly node: Tensor;
  readonly access: "read" | "write" | "texture";
}

/** What a group must know of the rest of the program. */
export interface Surroundings {
  readonly adapter: AdapterTraits;
  readonly roots: ReadonlySet<Tensor>;
  /** Members whose value somebody else reads. */
  readonly stored: ReadonlySet<Tensor>;
  /** Variables that a member replaces in their own buffer. */
  readonly inPlace: ReadonlyMap<Tensor, Tensor>;
  number(node: Tensor): number;
}

/** The ways to write one kernel, best first by rule; each is written when it is asked for. */
export type Variants = readonly (() => KernelText)[];

/** Text and bindings of the kernel that computes a group. */
export function writeKernel(group: Group, surroundings: Surroundings): Variants {
  const { anchor } = group;
  if (anchor?.op.kernel) {
    const kernels = [anchor.op.kernel(anchor, surroundings.adapter)].flat();
    return kernels.map((kernel) => () => writeAnchored(group, anchor, kernel, surroundings));
  }
  return [() => anchor ? writeReduction(group, anchor, surroundings) : writeElementwise(group, surroundings)];
}

/** Collects bindings while bodies are written, and declares them. */
class Declarations {
  readonly bindings: Binding[] = [];
  readonly #lines: string[] = [];
  readonly #names = new Map<string, string>();

  /** Those the kernel stores. */
  readonly members: readonly Tensor[];

  constructor(readonly surroundings: Surroundings, members: readonly Tensor[], readonly width: 1 | 4) {
    this.members = members.filter((member) => surroundings.stored.has(member));
  }

  number(node: Tensor): number {
    return this.surroundings.number(node);
  }

  operand(node: Tensor, kind: "buffer" | "texture"): void {
    this.bindings.push({ node: withoutViews(node), access: kind === "buffer" ? "read" : "texture" });
  }

  buffer(node: Tensor, width: 1 | 4): string {
    // A variable replaced in place is read at the step that is written, hence in steps of the same width.
    const replacing = this.members.find((member) => this.surroundings.inPlace.get(member) === node);
    return replacing ? this.result(replacing) : this.#declare(node, "read", width);
  }

  result(node: Tensor): string {
    return this.#declare(node, "write", this.width);
  }

  #declare(node: Tensor, access: "read" | "write", width: 1 | 4): string {
    const key = `${this.number(node)} ${access} ${width}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const at = this.bindings.length;
    const name = `${access === "read" ? "in" : "out"}${at}`;
    const mode = access === "read" ? "read" : "read_write";
    this.#lines.push(
      `@group(0) @binding(${at}) var<storage, ${mode}> ${name}: array<${typeName(node.dtype, width)}>;`,
    );
    this.bindings.push({ node, access });
    this.#names.set(key, name);
    return name;
  }

  get text(): string {
    return this.#lines.join("\n");
  }
}

/** `fn store(i, value)`: everything the group stores for its i-th step, from the anchor's `value` if it has one. */
function storeFunction(group: Group, declarations: Declarations, { roots }: Surroundings): string {
  const { width, members } = declarations;
  const name = width === 1 ? "i" : "e";
  const body = new Body(declarations, roots, { name, width, step: "i" });
  const stores = group.members.map((member) => {
    if (member === group.anchor) body.define(member, "value");
    const value = member === group.anchor ? "value" : body.compute(member);
    return members.includes(member) ? `${declarations.result(member)}[i] = ${value};` : "";
  });
  const parameters = group.anchor ? "i: u32, value: T" : "i: u32";
  return block(`fn store(${parameters})`, [
    ...width === 4 && body.lines.some((line) => /\be\b/.test(line)) ? ["let e = i * 4u;"] : [],
    ...body.lines,
    ...stores.filter((line) => line !== ""),
  ]);
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => `  ${line}`).join("\n")}\n}`;
}

/** What a kernel computes, for people: its operations and the shape of the last result. */
function label(group: Group): string {
  const names = group.members.map((member) => member.op.name);
  const shown = names.length > 4 ? `${names.slice(0, 3).join("+")}+${names.length - 3} more` : names.join("+");
  const from = group.anchor?.op.reduction ? `[${group.anchor.inputs[0].shape}] to ` : "";
  return `${shown} ${from}[${group.members[group.members.length - 1].shape}]`;
}

function writeElementwise(group: Group, surroundings: Surroundings): KernelText {
  const { size, dtype } = group.members[0];
  const width = size % 4 === 0 ? 4 : 1;
  const declarations = new Declarations(surroundings, group.members, width);
  const store = storeFunction(group, declarations, surroundings);
  const workgroup = surroundings.adapter.software ? 32 : 128;
  const [x, y, z] = fold(Math.ceil(size / width / workgroup));
  return {
    label: label(group),
    code: [elementwiseShader, `alias T = ${typeName(dtype, width)};`, declarations.text, store].join("\n"),
    entryPoint: "elementwise",
    constants: { GROUPS: size / width, WORKGROUP: workgroup, STRIDE: x * workgroup },
    bindings: declarations.bindings,
    workgroups: [x, y, z],
    multiplyAdds: 0,
  };
}

function writeAnchored(group: Group, anchor: Tensor, kernel: Kernel, surroundings: Surroundings): KernelText {
  const declarations = new Declarations(surroundings, group.members, kernel.width);
  anchor.inputs.forEach((input, i) => declarations.operand(input, kernel.operands[i]));
  const store = storeFunction(group, declarations, surroundings);
  const shader = expand(kernel.shader, kernel.constants);
  return {
    label: label(group),
    code: [shader, `alias T = ${typeName(anchor.dtype, kernel.width)};`, declarations.text, store].join("\n"),
    entryPoint: kernel.entryPoint ?? /@compute[\s\S]*?fn\s+(\w+)/.exec(shader)![1],
    constants: overrides(shader, kernel.constants),
    bindings: declarations.bindings,
    workgroups: kernel.workgroups,
    multiplyAdds: kernel.multiplyAdds ?? 0,
  };
}

/** The constants a text declares as `override`. */
function overrides(text: string, constants: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(constants).filter(([name]) => new RegExp(`override ${name}\\b`).test(text)));
}

function writeReduction(group: Group, anchor: Tensor, surroundings: Surroundings): KernelText {
  const [input] = anchor.inputs;
  const axes = anchor.attributes.axes as number[];
  const kept = input.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const isLong = (axis: number) => input.shape[axis] > 1;
  const row = Math.max(...axes.filter(isLong), -1) > Math.max(...kept.filter(isLong), -1);
  const lengthOf = (list: readonly number[]) => sizeOf(list.map((axis) => input.shape[axis]));
  const [results, terms] = [lengthOf(kept), lengthOf(axes)];
  const width = (row ? terms : results) % 4 === 0 ? 4 : 1;
  const resultWidth = row ? 1 : width;

  const declarations = new Declarations(surroundings, group.members, resultWidth);
  const o: Index = { name: row ? "o" : "o0", axes: kept, width: row ? 1 : width, step: "o" };
  const r: Index = { name: row ? "r0" : "r", axes, width: row ? width : 1, step: "r" };
  const body = new Body(declarations, surroundings.roots, row ? r : o, [row ? o : r]);
  const value = body.value(input);
  const term = block("fn term(o: u32, r: u32) -> V", [
    row ? `let r0 = r * ${width}u;` : `let o0 = o * ${width}u;`,
    ...body.lines,
    `return ${value};`,
  ]);
  const store = storeFunction(group, declarations, surroundings);
  const { lanes, together } = reductionShape(
    row,
    results / resultWidth,
    row ? terms / width : terms,
    surroundings.adapter,
  );
  const groups = fold(Math.ceil(results / resultWidth / together));
  const constants = { ROW: Number(row), MAXIMUM: Number(anchor.op.reduction === "max"), WIDTH: width };
  const shader = expand(reduceShader, { ...constants, LANES: lanes, GROUP: together });
  const types = `alias T = ${typeName(anchor.dtype, resultWidth)};\nalias V = ${typeName(anchor.dtype, width)};`;
  return {
    label: label(group),
    code: [shader, types, declarations.text, term, store].join("\n"),
    entryPoint: "reduce",
    constants: { RESULTS: results / resultWidth, TERMS: row ? terms / width : terms, STRIDE: groups[0] },
    bindings: declarations.bindings,
    workgroups: groups,
    multiplyAdds: 0,
  };
}

/** Invocations that share a result, and results in a workgroup: many of the first where there are few results. */
function reductionShape(row: boolean, results: number, terms: number, { software }: AdapterTraits) {
  const most = software ? 8 : 64; // a CPU runs 8 invocations as one vector
  if (row) {
    const lanes = terms >= 2 * most ? most : 1;
    return { lanes, together: Math.max(1, most / lanes) };
  }
  const lanes = terms >= 32 && results < 1024 ? 8 : 1;
  return { lanes, together: software ? 8 : 32 };
}
