/** What a kernel binds, and what every generated text has. */

import type { AdapterTraits, Kernel, Tensor } from "../tensor.ts";
import { type Names, typeName } from "./body.ts";
import type { Group, Reads } from "./groups.ts";
import { withoutViews } from "./reads.ts";

/** One dispatch: the text, and which value each binding of group 0 holds. */
export interface KernelText {
  readonly label: string;
  readonly code: string;
  readonly entryPoint: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [x: number, y: number, z: number];
  readonly multiplyAdds: number;
  /** What it was made from, if that is a shader of an operation's own. */
  readonly kernel?: Kernel;
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
  readonly reads: Reads;
  /** Members whose value somebody else reads. */
  readonly stored: ReadonlySet<Tensor>;
  /** Variables that a member replaces in their own buffer. */
  readonly inPlace: ReadonlyMap<Tensor, Tensor>;
  number(node: Tensor): number;
}

/** The ways to write one kernel, best first by rule; each is written when it is asked for. */
export type Variants = readonly (() => KernelText)[];

/** Collects bindings while bodies are written, and declares them. */
export class Declarations implements Names {
  readonly bindings: Binding[] = [];
  readonly #lines: string[] = [];
  readonly #names = new Map<string, string>();

  /** Those the kernel stores. */
  readonly members: readonly Tensor[];

  /** @param widthOf Elements of a step in which a member is stored */
  constructor(
    readonly surroundings: Surroundings,
    members: readonly Tensor[],
    readonly widthOf: (member: Tensor) => 1 | 4,
  ) {
    this.members = members.filter((member) => surroundings.stored.has(member));
  }

  number(node: Tensor): number {
    return this.surroundings.number(node);
  }

  operand(node: Tensor, kind: "buffer" | "texture"): void {
    this.bindings.push({ node: withoutViews(node), access: kind === "buffer" ? "read" : "texture" });
  }

  element(node: Tensor, width: 1 | 4, step: string): string {
    // What the kernel itself stores, also over a variable that it replaces, is bound once, in the steps that are written.
    const { inPlace } = this.surroundings;
    const stored = this.members.find((member) => member === node || inPlace.get(member) === node);
    if (stored === undefined) return `${this.#declare(node, "read", width)}[${step}]`;
    const steps = this.result(stored);
    return this.widthOf(stored) === width ? `${steps}[${step}]` : `${steps}[(${step}) / 4u][(${step}) % 4u]`;
  }

  /** Name of the buffer that a member is stored in. */
  result(member: Tensor): string {
    return this.#declare(member, "write", this.widthOf(member));
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

/** A block of WGSL. */
export function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => `  ${line}`).join("\n")}\n}`;
}

/** What a kernel computes, for people: its operations and the shape of the last result. */
export function label(group: Group): string {
  const names = group.members.map((member) => member.op.name);
  const shown = names.length > 4 ? `${names.slice(0, 3).join("+")}+${names.length - 3} more` : names.join("+");
  const from = group.anchor?.op.reduction ? `[${group.anchor.inputs[0].shape}] to ` : "";
  return `${shown} ${from}[${group.members[group.members.length - 1].shape}]`;
}
