/** What a kernel binds, and what every generated text has. */

import { type AdapterTraits, type Kernel, type Tensor, TEXTURE_PITCH } from "../tensor.ts";
import { type Names, typeName } from "./body.ts";
import type { Group, Reads } from "./groups.ts";
import { withoutViews } from "./reads.ts";
import { isBetterInTexture, placeInTexture } from "./textures.ts";

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

/** A buffer that is read, one that is written (and maybe read in place), or a texture that is read or written. */
export interface Binding {
  readonly node: Tensor;
  readonly access: "read" | "write" | "texture" | "textureWrite";
}

/** What a group must know of the rest of the program. */
export interface Surroundings {
  readonly adapter: AdapterTraits;
  readonly roots: ReadonlySet<Tensor>;
  readonly reads: Reads;
  /** Members whose value somebody else reads. */
  readonly stored: ReadonlySet<Tensor>;
  /** Values that are in textures and nowhere else. */
  readonly inTexture: ReadonlySet<Tensor>;
  /** Values that are read once as a whole, which is not worth a second copy of them. */
  readonly inBuffer: ReadonlySet<Tensor>;
  /** Variables that a member replaces in their own buffer. */
  readonly inPlace: ReadonlyMap<Tensor, Tensor>;
  number(node: Tensor): number;
}

/** The ways to write one kernel, best first by rule; each is written when it is asked for. */
export type Variants = readonly (() => KernelText)[];

/** Collects bindings while bodies are written, and declares them. */
export class Declarations {
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

  /** Binds an operand of a shader; where it begins in its texture. */
  operand(input: Tensor, kind: "buffer" | "texture"): number {
    const operand = withoutViews(input);
    const { node, base } = kind === "buffer"
      ? { node: operand, base: 0 }
      : placeInTexture(operand, this.surroundings.adapter);
    this.bindings.push({ node, access: kind === "buffer" ? "read" : "texture" });
    return base;
  }

  /** Names for a body that loads this many elements of each value. */
  reading(loads: number): Names {
    return {
      number: (node) => this.number(node),
      element: (node, width, step) => this.#element(node, width, step, loads),
    };
  }

  #element(node: Tensor, width: 1 | 4, step: string, loads: number): string {
    // What the kernel itself stores, also over a variable that it replaces, is bound once, in the steps that are written.
    const { inPlace } = this.surroundings;
    const stored = this.members.find((member) => member === node || inPlace.get(member) === node);
    if (stored === undefined) {
      if (!this.#asTexture(node, loads)) return `${this.#declare(node, "read", width)}[${step}]`;
      const texel = this.#texture(node);
      return width === 4 ? `${texel}(${step})` : `${texel}((${step}) / 4u)[(${step}) % 4u]`;
    }
    const steps = this.result(stored);
    if (this.widthOf(stored) === width) return `${steps}[${step}]`;
    if (width === 1) return `${steps}[(${step}) / 4u][(${step}) % 4u]`;
    return `${typeName(node.dtype, 4)}(${[0, 1, 2, 3].map((i) => `${steps}[(${step}) * 4u + ${i}u]`).join(", ")})`;
  }

  #asTexture(node: Tensor, loads: number): boolean {
    const { adapter, inTexture, inBuffer } = this.surroundings;
    if (inTexture.has(node) || this.#names.has(this.#textureKey(node))) return true;
    return !inBuffer.has(node) && isBetterInTexture(node, loads, adapter);
  }

  #textureKey(node: Tensor): string {
    return `${this.number(node)} texture`;
  }

  /** Name of a function that loads four neighbouring elements. */
  #texture(node: Tensor): string {
    const known = this.#names.get(this.#textureKey(node));
    if (known !== undefined) return known;
    const at = this.bindings.length;
    const { node: bound, base } = placeInTexture(node, this.surroundings.adapter);
    this.#lines.push(
      `@group(0) @binding(${at}) var texture${at}: texture_storage_2d<rgba32float, read>;`,
      block(`fn in${at}(i: u32) -> vec4<f32>`, [
        `return textureLoad(texture${at}, ${texelAt(base === 0 ? "i" : `i + ${base}u`)});`,
      ]),
    );
    this.bindings.push({ node: bound, access: "texture" });
    this.#names.set(this.#textureKey(node), `in${at}`);
    return `in${at}`;
  }

  /** The statement that stores a step of a member. */
  store(member: Tensor, step: string, value: string): string {
    if (!this.surroundings.inTexture.has(member)) return `${this.result(member)}[${step}] = ${value};`;
    return `textureStore(${this.#storedTexture(member)}, ${texelAt(step)}, ${value});`;
  }

  #storedTexture(member: Tensor): string {
    const key = `${this.number(member)} stored texture`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = `out${this.bindings.length}`;
    this.#lines.push(
      `@group(0) @binding(${this.bindings.length}) var ${name}: texture_storage_2d<rgba32float, write>;`,
    );
    this.bindings.push({ node: member, access: "textureWrite" });
    this.#names.set(key, name);
    return name;
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

/** Where four elements of a value are in its texture. */
function texelAt(step: string): string {
  return `vec2<u32>((${step}) % ${TEXTURE_PITCH}u, (${step}) / ${TEXTURE_PITCH}u)`;
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
