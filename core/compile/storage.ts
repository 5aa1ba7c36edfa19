/** Where the values of a program live while it runs: who shares buffers and textures, and what is copied when. */

import { type Tensor, TEXTURE_PITCH } from "../tensor.ts";
import type { KernelText } from "./declarations.ts";
import { largestLiveSet, type MemoryPlan, planMemory } from "./memory.ts";
import type { Plan } from "./plan.ts";

/** Slots of intermediate values. */
export interface Storage {
  /** In bytes. */
  readonly buffers: MemoryPlan<Tensor>;
  /** In rows of texels. */
  readonly textures: MemoryPlan<Tensor>;
  /** The most bytes that values take at once, in buffers and textures. */
  readonly largestLiveSet: number;
  /** Values that a kernel reads as textures, and no kernel before it did: they are copied right before it. */
  readonly freshTextures: readonly (readonly Tensor[])[];
}

/** From the first kernel that uses a value to the last. */
interface Span {
  from: number;
  to: number;
}

/** Variables that a program reads through textures. */
export function variablesInTextures(texts: readonly KernelText[]): Tensor[] {
  return [...spans(texts, ["texture"], (node) => node).keys()].filter((node) => node.op.source === "variable");
}

/** Plans where the chosen kernels find what they read and leave what they compute; the variables in `cached` have textures. */
export function planStorage(
  texts: readonly KernelText[],
  { outputs, inPlace, parts, copied }: Plan,
  cached: ReadonlySet<Tensor>,
): Storage {
  const wholeOf = (node: Tensor) => parts.get(node)?.whole ?? node;
  const inTextures = spans(texts, ["texture", "textureWrite"], (node) => node);
  for (const node of cached) inTextures.delete(node);
  const inBuffers = spans(texts, ["read", "write"], wholeOf);
  const stored = (access: string) =>
    new Set(
      texts.flatMap(({ bindings }) => bindings.filter((binding) => binding.access === access)).map(({ node }) => node),
    );
  const [written, computedInTextures] = [stored("write"), stored("textureWrite")];
  const toTextures = [...inTextures.keys()].filter((node) => !computedInTextures.has(node));
  // Inputs, variables and constants are copied together before the first kernel.
  for (const node of toTextures) if (!written.has(node)) inTextures.get(node)!.from = 0;
  const elsewhere = new Set([...outputs, ...inPlace.keys(), ...inPlace.values()]);
  const values = [...new Set([...written].map(wholeOf))].filter((node) => !elsewhere.has(node));
  for (const node of values) {
    const copy = inTextures.get(node);
    // What is copied into a texture is free before the kernel that the copy is for.
    if (copy) extend(inBuffers.get(node)!, copy.from - 1);
  }
  for (const { value } of copied) extend(inBuffers.get(value)!, texts.length);
  const lifetimes = (nodes: readonly Tensor[], spans: ReadonlyMap<Tensor, Span>, sizeOf: (node: Tensor) => number) =>
    nodes.map((key) => ({ key, size: sizeOf(key), ...spans.get(key)! }));
  const all = [
    ...lifetimes(values, inBuffers, bytesOfValue),
    ...lifetimes([...inTextures.keys()], inTextures, bytesOfValue),
  ];
  return {
    largestLiveSet: largestLiveSet(all),
    buffers: planMemory(lifetimes(values, inBuffers, bytesOfValue)),
    textures: planMemory(lifetimes([...inTextures.keys()], inTextures, rowsOf)),
    freshTextures: texts.map((_, i) => toTextures.filter((node) => inTextures.get(node)!.from === i)),
  };
}

/** When each value is bound in one of these ways. */
function spans(
  texts: readonly KernelText[],
  ways: readonly string[],
  valueOf: (node: Tensor) => Tensor,
): Map<Tensor, Span> {
  const found = new Map<Tensor, Span>();
  texts.forEach(({ bindings }, i) => {
    for (const { node: bound, access } of bindings) {
      if (!ways.includes(access)) continue;
      const node = valueOf(bound);
      const span = found.get(node);
      if (span) extend(span, i);
      else found.set(node, { from: i, to: i });
    }
  });
  return found;
}

function extend(span: Span, to: number): void {
  span.to = Math.max(span.to, to);
}

/** Bytes of a buffer that holds a value in whole vectors of four. */
export const bytesOfValue = (value: Tensor): number => Math.ceil(value.size / 4) * 16;

/** Rows of a texture that holds a value. */
export const rowsOf = (value: Tensor): number => Math.ceil(value.size / 4 / TEXTURE_PITCH);
