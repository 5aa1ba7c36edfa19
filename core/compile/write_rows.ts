/** The WGSL text of a joined kernel: loops over a row, and what is known of the row as a whole between them. */

import { fold } from "../ops/workgroups.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { Body, type Index, type Names, typeName } from "./body.ts";
import { block, Declarations, type KernelText, label, type Surroundings } from "./declarations.ts";
import { expand } from "./expand.ts";
import type { Group } from "./groups.ts";
import { isShared, lanesOf, planRows, type RowPlan, widthOf } from "./rows.ts";
import rowsShader from "../../shaders/rows.wgsl" with { type: "text" };

/** Text and bindings of a joined kernel. */
export function writeRows(group: Group, surroundings: Surroundings): KernelText {
  const writer = new RowWriter(group, surroundings);
  const [x, y, z] = fold(group.rows!);
  return {
    label: `${label(group)} by rows`,
    code: writer.text(x),
    entryPoint: "rows",
    constants: {},
    bindings: writer.declarations.bindings,
    workgroups: [x, y, z],
    multiplyAdds: 0,
  };
}

const PARAMETERS = "@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32";

/** Writes pass after pass into `#lines`. */
class RowWriter {
  readonly rows: number;
  readonly declarations: Declarations;
  readonly #plan: RowPlan;
  readonly #lanes: number;
  readonly #lines: string[] = [];
  /** Names of what is one number for the row. */
  readonly #scalars = new Map<Tensor, string>();
  /** Everything outside loops: what was computed in an earlier pass is still there. */
  readonly #ofRow: Body;
  #written = 0; // lines of `#ofRow` so far

  constructor(readonly group: Group, readonly surroundings: Surroundings) {
    this.rows = group.rows!;
    this.#plan = planRows(group, surroundings.reads);
    this.#lanes = lanesOf(this.#plan, this.rows, surroundings.adapter);
    this.declarations = new Declarations(
      surroundings,
      group.members,
      (member) => isInRuns(member) ? 1 : widthOf(member.size / this.rows, this.rows),
    );
    this.#ofRow = this.#body(this.#rowIndex, [], this.rows);
  }

  text(workgroupsInX: number): string {
    this.#plan.passes.forEach((pass, i) => {
      if (i > 0) this.#lines.push("storageBarrier();");
      pass.scalars.forEach((member) => this.#writeScalar(member));
      pass.loops.forEach(({ length, members }) => this.#writeLoop(length, members));
      pass.inner.forEach((member) => this.#writeInner(member));
    });
    const entry = block(`@compute @workgroup_size(${this.#lanes})\nfn rows(${PARAMETERS})`, [
      `let row = workgroup.y * ${workgroupsInX}u + workgroup.x;`,
      ...this.rows % workgroupsInX > 0 ? [`if (row >= ${this.rows}u) { return; }`] : [],
      ...this.#lines,
    ]);
    return [expand(rowsShader, { LANES: this.#lanes }), this.declarations.text, entry].join("\n");
  }

  #rowAxes = (shape: Shape): number[] => this.rows === 1 ? [] : shape.slice(0, 1).map(() => 0);
  #within = (shape: Shape): number[] => shape.map((_, axis) => axis).slice(this.rows === 1 ? 0 : 1);

  get #rowIndex(): Index {
    return { name: "row", axes: this.#rowAxes, width: 1 };
  }

  /** @param loads Elements that all invocations load of each value */
  #body(main: Index, others: readonly Index[], loads: number): Body {
    const names: Names = {
      ...this.declarations.reading(loads),
      shared: (node, view) => node.size === this.rows && isShared(view, this.rows) ? this.#scalar(node) : undefined,
    };
    return new Body(names, this.surroundings.roots, main, others);
  }

  /** Name of a value that is one number for the row; what is not computed here is loaded once, before the loop that asks. */
  #scalar(node: Tensor): string | undefined {
    if (node.op.source === "fill") return undefined;
    let name = this.#scalars.get(node);
    if (name === undefined) {
      name = `s${this.declarations.number(node)}`;
      this.#lines.push(`let ${name} = ${this.declarations.reading(this.rows).element(node, 1, "row")};`);
      this.#scalars.set(node, name);
    }
    return name;
  }

  /** Names one number of the row, in a way that no name inside a loop hides, and stores it where others read it. */
  #define(member: Tensor, value: string): void {
    const name = `s${this.declarations.number(member)}`;
    this.#lines.push(`let ${name} = ${value};`);
    this.#scalars.set(member, name);
    if (!this.declarations.members.includes(member)) return;
    this.#lines.push(`if (lane == 0u) { ${this.declarations.result(member)}[row] = ${name}; }`);
  }

  #writeScalar(member: Tensor): void {
    const value = this.#ofRow.compute(member);
    this.#lines.push(...this.#ofRow.lines.slice(this.#written));
    this.#written = this.#ofRow.lines.length;
    this.#define(member, value);
  }

  #writeLoop(length: number, members: readonly Tensor[]): void {
    const width = widthOf(length, this.rows);
    const steps = length / width;
    const index: Index = { name: width === 1 ? "r" : "r0", axes: this.#within, width, step: "r" };
    const body = this.#body(index, [this.#rowIndex], this.rows * length);
    const results: string[] = [];
    const totals = members.filter((member) => member.op.reduction);
    for (const member of members) {
      if (member.op.reduction) {
        results.push(
          `${this.#accumulated(member)} = ${this.#combined(member, body.value(member.inputs[0]), "r == lane")};`,
        );
        continue;
      }
      const value = body.compute(member);
      if (!this.declarations.members.includes(member)) continue;
      results.push(this.declarations.store(member, `row * ${steps}u + r`, value));
    }
    this.#lines.push(
      ...totals.map((member) => `var ${this.#accumulated(member)} = ${typeName("f32", width)}();`),
      block(`for (var r = lane; r < ${steps}u; r += ${this.#lanes}u)`, [
        ...width === 1 ? [] : ["let r0 = r * 4u;"],
        ...body.lines,
        ...results,
      ]),
    );
    for (const member of totals) {
      const part = across(member, this.#accumulated(member), width);
      const arguments_ = member.op.reduction === "max"
        ? `lane, ${part}, ${Math.min(steps, this.#lanes)}u`
        : `lane, ${part}`;
      this.#define(member, `total_${member.op.reduction}(${arguments_})`);
    }
  }

  /** Several results a row, each reduced by one invocation. */
  #writeInner(member: Tensor): void {
    const [input] = member.inputs;
    const reduced = member.attributes.axes as number[];
    const kept = this.#within(input.shape).filter((axis) => !reduced.includes(axis));
    const inRuns = isInRuns(member);
    const [results, terms] = [member.size / this.rows, input.size / member.size];
    const width = widthOf(inRuns ? terms : results, this.rows);
    const [resultWidth, termWidth] = inRuns ? [1, width] : [width, 1];

    const index = (step: string, axes: readonly number[], width: number): Index => ({
      name: width === 1 ? step : `${step}0`,
      axes: () => axes,
      width: width as 1 | 4,
      step,
    });
    const [o, q] = [index("o", kept, resultWidth), index("q", reduced, termWidth)];
    const body = this.#body(inRuns ? q : o, [this.#rowIndex, inRuns ? o : q], input.size);
    const value = body.value(input);
    const total = this.#accumulated(member);
    const stored = this.declarations.result(member);
    const steps = results / resultWidth;
    this.#lines.push(block(`for (var o = lane; o < ${steps}u; o += ${this.#lanes}u)`, [
      ...resultWidth === 1 ? [] : ["let o0 = o * 4u;"],
      `var ${total} = ${typeName("f32", width)}();`,
      block(`for (var q = 0u; q < ${terms / termWidth}u; q++)`, [
        ...termWidth === 1 ? [] : ["let q0 = q * 4u;"],
        ...body.lines,
        `${total} = ${this.#combined(member, value, "q == 0u")};`,
      ]),
      `${stored}[row * ${steps}u + o] = ${inRuns ? across(member, total, width) : total};`,
    ]));
  }

  #accumulated(member: Tensor): string {
    return `t${this.declarations.number(member)}`;
  }

  /** The next term combined with those before; a maximum starts from the first, since all may be -Infinity. */
  #combined(member: Tensor, value: string, isFirst: string): string {
    const total = this.#accumulated(member);
    return member.op.reduction === "sum"
      ? `${total} + ${value}`
      : `select(max(${total}, ${value}), ${value}, ${isFirst})`;
  }
}

/** Whether the terms of a reduction lie in runs, not its results: then each result is stored by itself. */
function isInRuns({ op, inputs: [input], attributes, size }: Tensor): boolean {
  if (!op.reduction || size === input.size) return false;
  const innermost = input.shape.findLastIndex((length) => length > 1);
  return (attributes.axes as number[]).includes(innermost);
}

/** The one number that the components of a vector amount to. */
function across(member: Tensor, vector: string, width: 1 | 4): string {
  if (width === 1) return vector;
  const [x, y, z, w] = ["x", "y", "z", "w"].map((component) => `${vector}.${component}`);
  return member.op.reduction === "sum" ? `(${x} + ${y}) + (${z} + ${w})` : `max(max(${x}, ${y}), max(${z}, ${w}))`;
}
