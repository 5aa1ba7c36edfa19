/** Everything about a program but its buffers: kernels in order, what replaces which variable, who shares memory. */

import type { AdapterTraits } from "../adapter.ts";
import type { Tensor } from "../tensor.ts";
import { fuse } from "./fuse.ts";
import { numbering, topologicalOrder } from "./graph.ts";
import { copy } from "../ops/elementwise.ts";
import { lower } from "./lower.ts";
import type { Read } from "./reads.ts";
import { planRows } from "./rows.ts";
import { simplify } from "./simplify.ts";
import { type Part, sharedBufferOf, updateTogether } from "./together.ts";
import { chooseTextures } from "./textures.ts";
import { type Variants, writeKernel } from "./write.ts";

/** A variable and its new value. */
export interface Update {
  place: Tensor;
  value: Tensor;
}

/** What a program consists of before anything is allocated. */
export interface Plan {
  kernels: readonly Variants[];
  /** The tensors that hold the outputs, in the order they were asked for. */
  outputs: readonly Tensor[];
  /** Values written into the buffer of the variable they replace. */
  inPlace: ReadonlyMap<Tensor, Tensor>;
  /** Values that have their place in a larger one. */
  parts: ReadonlyMap<Tensor, Part>;
  /** Values to be copied over their variables at the end. */
  copied: readonly Update[];
  /** Inputs, variables and constants that are read. */
  sources: readonly Tensor[];
}

/** Plans the program that computes `outputs` and replaces variables. */
export function plan(outputs: readonly Tensor[], updates: readonly Update[], adapter: AdapterTraits): Plan {
  const values = kernelValues([...outputs, ...updates.map(({ value }) => value)], adapter);
  const outputValues = values.slice(0, outputs.length);
  const newValues = updates.map(({ place }, i): Update => ({ place, value: values[outputs.length + i] }));

  const placeOf = new Map(newValues.map(({ place, value }) => [value, place]));
  const fusion = fuse(values, placeOf, adapter);
  const steps = fusion.groups.map(({ members }) => ({
    members,
    reads: members.flatMap((member) => fusion.reads.get(member)!),
  }));
  const free = chooseInPlace(newValues, steps);
  const copied = newValues.filter(({ value }) => !free.has(value));
  const { groups, inPlace, parts } = updateTogether(fusion.groups, free, { ...fusion, kept: new Set(values) });

  const carried = groups.flatMap((group) => group.rows === undefined ? [] : [...planRows(group, fusion.reads).carried]);
  const buffered = new Set([...values, ...carried, ...parts.keys(), ...inPlace.keys()]);
  const stored = new Set([...storedValues(steps, buffered), ...inPlace.keys()]);
  const surroundings = {
    adapter,
    roots: new Set([...fusion.roots, ...inPlace.keys()]),
    reads: fusion.reads,
    stored,
    inBuffer: new Set([...parts.values()].map(({ whole }) => whole)),
    inTexture: chooseTextures(groups, { stored, buffered, adapter }),
    inPlace,
    number: numbering(),
  };
  return {
    kernels: groups.map((group) => writeKernel(group, surroundings)),
    outputs: outputValues,
    inPlace,
    parts,
    copied,
    sources: topologicalOrder(values).filter((node) => node.op.source && node.op.source !== "fill"),
  };
}

/** The values as kernels compute them, each in a buffer of its own: sources, views and what is wanted twice are copied. */
function kernelValues(wanted: readonly Tensor[], adapter: AdapterTraits): Tensor[] {
  const owned = (tensor: Tensor) => tensor.op.view || tensor.op.source ? copy(tensor) : tensor;
  const simple = simplify(lower(simplify(wanted).map(owned), adapter)).map(owned);
  return simple.map((tensor, i) => simple.indexOf(tensor) < i ? copy(tensor) : tensor);
}

/** One kernel of the program: what it computes, and what from. */
interface Step {
  readonly members: readonly Tensor[];
  readonly reads: readonly Read[];
}

/**
 * New values that may overwrite their variable: no later kernel reads it, their own one only where it writes, and no
 * other variable of the same buffer, which it could not bind.
 */
function chooseInPlace(newValues: readonly Update[], steps: readonly Step[]): Map<Tensor, Tensor> {
  const placeOf = new Map(newValues.map(({ place, value }) => [value, place]));
  const free = newValues.filter(({ place, value }) => {
    const at = steps.findIndex(({ members }) => members.includes(value));
    const buffer = sharedBufferOf(place);
    const isBeside = (node: Tensor) => {
      const other = placeOf.get(node) ?? node; // a new value may lie there, too
      return buffer !== undefined && other !== place && sharedBufferOf(other) === buffer;
    };
    return !steps[at].reads.some(({ node }) => isBeside(node)) &&
      steps.slice(at).every(({ reads }, later) =>
        reads.every(({ node, inPlace }) => node !== place || later === 0 && inPlace)
      );
  });
  return new Map(free.map(({ place, value }) => [value, place]));
}

/** Members that leave their kernel: another one reads them, or the program keeps them. */
function storedValues(steps: readonly Step[], kept: ReadonlySet<Tensor>): Set<Tensor> {
  const readers = new Map<Tensor, Set<Step>>();
  for (const step of steps) {
    for (const { node } of step.reads) readers.set(node, (readers.get(node) ?? new Set()).add(step));
  }
  const leaves = (member: Tensor, own: Step) =>
    kept.has(member) || [...readers.get(member) ?? []].some((step) => step !== own);
  return new Set(steps.flatMap((step) => step.members.filter((member) => leaves(member, step))));
}
