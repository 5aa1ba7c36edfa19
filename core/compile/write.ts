/** The whole WGSL text of a group: its shader file, expanded, with the generated parts behind it. */

import { fold } from "../ops/workgroups.ts";
import { sizeOf } from "../shape.ts";
import type { AdapterTraits, Kernel, Tensor } from "../tensor.ts";
import { Body, type Index, typeName } from "./body.ts";
import { block, Declarations, type KernelText, label, type Surroundings, type Variants } from "./declarations.ts";
import { expand } from "./expand.ts";
import type { Group } from "./groups.ts";
import { withoutViews } from "./reads.ts";
import { writeRows } from "./write_rows.ts";
import elementwiseShader from "../../shaders/elementwise.wgsl" with { type: "text" };
import reduceShader from "../../shaders/reduce.wgsl" with { type: "text" };

export type { Binding, KernelText, Variants } from "./declarations.ts";

/** Text and bindings of the kernel that computes a group. */
export function writeKernel(group: Group, surroundings: Surroundings): Variants {
  if (group.rows !== undefined) return [() => writeRows(group, surroundings)];
  const { anchor } = group;
  if (anchor?.op.kernel) {
    const isBound = (input: Tensor) => !surroundings.inTexture.has(withoutViews(input));
    const kernels = [anchor.op.kernel(anchor, surroundings.adapter)].flat().filter(({ operands }) =>
      anchor.inputs.every((input, i) => operands[i] === "texture" || isBound(input))
    );
    return kernels.map((kernel) => () => writeAnchored(group, anchor, kernel, surroundings));
  }
  return [() => anchor ? writeReduction(group, anchor, surroundings) : writeElementwise(group, surroundings)];
}

/** `fn store(i, value)`: everything the group stores for its i-th step, from the anchor's `value` if it has one. */
function storeFunction(group: Group, declarations: Declarations, width: 1 | 4, size: number): string {
  const { members, surroundings: { roots } } = declarations;
  const name = width === 1 ? "i" : "e";
  const body = new Body(declarations.reading(size), roots, { name, width, step: "i" });
  const stores = group.members.map((member) => {
    if (member === group.anchor) body.define(member, "value");
    const value = member === group.anchor ? "value" : body.compute(member);
    return members.includes(member) ? declarations.store(member, "i", value) : "";
  });
  const parameters = group.anchor ? "i: u32, value: T" : "i: u32";
  return block(`fn store(${parameters})`, [
    ...width === 4 && body.lines.some((line) => /\be\b/.test(line)) ? ["let e = i * 4u;"] : [],
    ...body.lines,
    ...stores.filter((line) => line !== ""),
  ]);
}

function writeElementwise(group: Group, surroundings: Surroundings): KernelText {
  const { size, dtype } = group.members[0];
  const width = size % 4 === 0 ? 4 : 1;
  const declarations = new Declarations(surroundings, group.members, () => width);
  const store = storeFunction(group, declarations, width, size);
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
  const declarations = new Declarations(surroundings, group.members, () => kernel.width);
  const [rowBase = 0, columnBase = 0] = anchor.inputs.map((input, i) =>
    declarations.operand(input, kernel.operands[i])
  );
  const store = storeFunction(group, declarations, kernel.width, anchor.size);
  const shader = expand(kernel.shader, { ...kernel.constants, ROW_BASE: rowBase, COLUMN_BASE: columnBase });
  return {
    label: label(group),
    code: [shader, `alias T = ${typeName(anchor.dtype, kernel.width)};`, declarations.text, store].join("\n"),
    entryPoint: kernel.entryPoint ?? /@compute[\s\S]*?fn\s+(\w+)/.exec(shader)![1],
    constants: overrides(shader, kernel.constants),
    bindings: declarations.bindings,
    workgroups: kernel.workgroups,
    multiplyAdds: kernel.multiplyAdds ?? 0,
    kernel,
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

  const declarations = new Declarations(surroundings, group.members, () => resultWidth);
  const o: Index = { name: row ? "o" : "o0", axes: () => kept, width: row ? 1 : width, step: "o" };
  const r: Index = { name: row ? "r0" : "r", axes: () => axes, width: row ? width : 1, step: "r" };
  const body = new Body(declarations.reading(input.size), surroundings.roots, row ? r : o, [row ? o : r]);
  const value = body.value(input);
  const term = block("fn term(o: u32, r: u32) -> V", [
    row ? `let r0 = r * ${width}u;` : `let o0 = o * ${width}u;`,
    ...body.lines,
    `return ${value};`,
  ]);
  const store = storeFunction(group, declarations, resultWidth, anchor.size);
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
