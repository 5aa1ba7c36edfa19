/** Everything about a program but its buffers: kernels in order, what replaces which variable, who shares memory. */

import type { AdapterTraits } from "../adapter.ts";
import { type Tensor, TEXTURE_PITCH } from "../tensor.ts";
import { fuse, type Group, type Reads } from "./fuse.ts";
import { topologicalOrder } from "./graph.ts";
import { copy, lower } from "./lower.ts";
import { type MemoryPlan, planMemory } from "./memory.ts";
import { simplify } from "./simplify.ts";
import { type KernelText, writeKernel } from "./write.ts";

/** A variable and its new value. */
export interface Update {
  place: Tensor;
  value: Tensor;
}

/** What a program consists of before anything is allocated. */
export interface Plan {
  texts: readonly KernelText[];
  /** Operands that a kernel needs as textures, and no kernel before it did. */
  freshTextures: readonly (readonly Tensor[])[];
  /** The tensors that hold the outputs, in the order they were asked for. */
  outputs: readonly Tensor[];
  /** Values written into the buffer of the variable they replace. */
  inPlace: ReadonlyMap<Tensor, Tensor>;
  /** Values to be copied over their variables at the end. */
  copied: readonly Update[];
  /** Inputs, variables and constants that are read. */
  sources: readonly Tensor[];
  /** Slots in bytes for intermediate values, and in rows of texels for operand textures. */
  memory: MemoryPlan<Tensor>;
  textures: MemoryPlan<Tensor>;
}

/** Plans the program that computes `outputs` and replaces variables. */
export function plan(outputs: readonly Tensor[], updates: readonly Update[], adapter: AdapterTraits): Plan {
  const wanted = [...outputs, ...updates.map(({ value }) => value)];
  // What leaves the program has a buffer of its own: sources, views and what is wanted twice are copied.
  const owned = (tensor: Tensor) => tensor.op.view || tensor.op.source ? copy(tensor) : tensor;
  const simple = simplify(lower(simplify(wanted).map(owned), adapter)).map(owned);
  const values = simple.map((tensor, i) => simple.indexOf(tensor) < i ? copy(tensor) : tensor);
  const outputValues = values.slice(0, outputs.length);
  const newValues = values.slice(outputs.length);

  const { groups, roots, reads } = fuse(values, newValues, adapter);
  const readBy = groups.map((group) =>
    new Set(group.members.flatMap((member) => reads.get(member)!.map(({ node }) => node)))
  );
  const inPlace = new Map<Tensor, Tensor>();
  updates.forEach(({ place }, i) => {
    const at = groups.findIndex((group) => group.members.includes(newValues[i]));
    const readLater = readBy.some((set, other) => other > at && set.has(place));
    if (!readLater && replaceable(place, groups[at], reads)) inPlace.set(newValues[i], place);
  });
  const stored = storedRoots(groups, readBy, new Set(values));
  const number = numbering();
  const texts = groups.map((group) => writeKernel(group, { adapter, roots, stored, inPlace, number }));

  const copied = updates.map(({ place }, i) => ({ place, value: newValues[i] })).filter(({ value }) =>
    !inPlace.has(value)
  );
  const late = new Set(copied.map(({ value }) => value));
  const elsewhere = new Set([...outputValues, ...inPlace.keys()]);
  const memory = planMemory(
    groups.flatMap((group, from) =>
      group.members.filter((member) => stored.has(member) && !elsewhere.has(member)).map((key) => {
        const to = late.has(key) ? groups.length : Math.max(from, lastIndex(readBy, key));
        return { key, bytes: Math.ceil(key.size / 4) * 16, from, to };
      })
    ),
  );
  const textured = texts.map((text) =>
    new Set(text.bindings.filter(({ access }) => access === "texture").map(({ node }) => node))
  );
  const firstIndex = (key: Tensor) => textured.findIndex((set) => set.has(key));
  const textures = planMemory([...new Set(textured.flatMap((set) => [...set]))].map((key) => ({
    key,
    bytes: Math.ceil(key.size / 4 / TEXTURE_PITCH), // rows
    from: firstIndex(key),
    to: lastIndex(textured, key),
  })));
  return {
    texts,
    freshTextures: textured.map((set, i) => [...set].filter((node) => firstIndex(node) === i)),
    outputs: outputValues,
    inPlace,
    copied,
    sources: topologicalOrder(values).filter((node) => node.op.source && node.op.source !== "fill"),
    memory,
    textures,
  };
}

function lastIndex(sets: readonly ReadonlySet<Tensor>[], node: Tensor): number {
  return sets.findLastIndex((set) => set.has(node));
}

/** Whether a group may overwrite a variable: it reads it, if at all, element by element where it writes. */
function replaceable(place: Tensor, group: Group, reads: Reads): boolean {
  return group.members.every((member) => reads.get(member)!.every(({ node, inPlace }) => node !== place || inPlace));
}

/** Members that leave their kernel: another one reads them, or the program keeps them. */
function storedRoots(
  groups: readonly Group[],
  readBy: readonly ReadonlySet<Tensor>[],
  kept: ReadonlySet<Tensor>,
): Set<Tensor> {
  const readers = new Map<Tensor, Set<number>>();
  readBy.forEach((set, i) => set.forEach((node) => readers.set(node, (readers.get(node) ?? new Set()).add(i))));
  return new Set(
    groups.flatMap((group, own) =>
      group.members.filter((member) => kept.has(member) || [...readers.get(member) ?? []].some((i) => i !== own))
    ),
  );
}

/** Numbers for nodes, in the order they are asked about. */
function numbering(): (node: Tensor) => number {
  const numbers = new Map<Tensor, number>();
  return (node) => {
    if (!numbers.has(node)) numbers.set(node, numbers.size);
    return numbers.get(node)!;
  };
}
