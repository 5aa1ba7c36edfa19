/**
 * Updates that do the same to every variable of shared buffers become one kernel over these buffers, gaps included. What
 * they compute from (gradients) is laid out in one buffer in the same way.
 */

import { broadcastTo, reshape, slice } from "../ops/movement.ts";
import { fill, type SharedBuffer, variable } from "../ops/source.ts";
import { Tensor } from "../tensor.ts";
import type { Fusion } from "./fuse.ts";
import { numbering } from "./graph.ts";
import type { Group } from "./groups.ts";
import { isContiguous, viewThrough, withoutViews } from "./reads.ts";

/** The buffer that a variable shares with others. */
export function sharedBufferOf(place: Tensor): SharedBuffer | undefined {
  return (place.attributes.shared as { buffer: SharedBuffer } | undefined)?.buffer;
}

/** Where a variable begins in the buffer that it shares, in elements; 0 if it has one of its own. */
export function startOf(place: Tensor): number {
  return (place.attributes.shared as { at: number } | undefined)?.at ?? 0;
}

const wholes = new WeakMap<SharedBuffer, Tensor>();

/** A variable that stands for everything in a shared buffer, gaps included. */
export function wholeOf(buffer: SharedBuffer): Tensor {
  const known = wholes.get(buffer) ?? variable({ name: "all", shape: [buffer.size], shared: { buffer, at: 0 } });
  wholes.set(buffer, known);
  return known;
}

/** Part of a value that is laid out for a joined kernel. */
export interface Part {
  readonly whole: Tensor;
  /** In elements. */
  readonly at: number;
}

/** Kernels with updates joined. */
export interface Together {
  readonly groups: readonly Group[];
  /** The values that replace variables, joined ones included, and which they replace. */
  readonly inPlace: ReadonlyMap<Tensor, Tensor>;
  /** Values that have to lie in one buffer. */
  readonly parts: ReadonlyMap<Tensor, Part>;
}

/**
 * Joins updates. `inPlace` holds the values that may overwrite the variable they replace, `kept` all that the program
 * keeps: these have a place of their own.
 */
export function updateTogether(
  groups: readonly Group[],
  inPlace: ReadonlyMap<Tensor, Tensor>,
  { reads, roots, kept }: Pick<Fusion, "reads" | "roots"> & { kept: ReadonlySet<Tensor> },
): Together {
  const readers = new Map<Tensor, Set<Group>>();
  for (const group of groups) {
    for (const { node } of group.members.flatMap((member) => reads.get(member)!)) {
      readers.set(node, (readers.get(node) ?? new Set()).add(group));
    }
  }
  const readOnlyBy = (node: Tensor, group: Group) => [...readers.get(node) ?? []].every((reader) => reader === group);
  const alike = new Map<string, Update[]>();
  const number = numbering();
  for (const group of groups) {
    const update = describe(group, inPlace, { roots, number });
    if (update === null || !group.members.every((member) => readOnlyBy(member, group))) continue;
    const isOwn = (node: Tensor) => node.op.source || readOnlyBy(node, group) && !kept.has(node);
    if (!update.columns.every(isOwn)) continue;
    alike.set(update.signature, [...alike.get(update.signature) ?? [], update]);
  }
  const result = { groups: [...groups], inPlace: new Map(inPlace), parts: new Map<Tensor, Part>() };
  for (const updates of alike.values()) {
    const [{ buffers: [buffer] }] = updates;
    // A variable that is not among them would be overwritten.
    if (updates.length < 2 || updates.length < buffer.count) continue;
    const joined = join(updates, inPlace, { ...result, roots });
    const last = Math.max(...updates.map(({ group }) => result.groups.indexOf(group)));
    result.groups.splice(last, 1, joined);
    result.groups = result.groups.filter((group) => !updates.some((update) => update.group === group));
  }
  return result;
}

/** One group of updates in terms that do not depend on the variables it is about. */
interface Update {
  readonly group: Group;
  readonly signature: string;
  /** What it reads element by element: variables that it replaces, and copies. */
  readonly columns: readonly Tensor[];
  readonly buffers: readonly SharedBuffer[];
  /** Where its variables begin in their buffers. */
  readonly at: number;
}

function describe(group: Group, inPlace: ReadonlyMap<Tensor, Tensor>, { roots, number }: {
  roots: ReadonlySet<Tensor>;
  number: (thing: object) => number;
}): Update | null {
  if (group.anchor !== undefined || group.rows !== undefined) return null;
  const places = group.members.map((member) => inPlace.get(member));
  if (!places.every((place) => place !== undefined && sharedBufferOf(place))) return null;
  const [at, ...others] = places.map((place) => startOf(place!));
  if (others.some((other) => other !== at)) return null;
  const columns: Tensor[] = [];
  const text = (node: Tensor): string | null => {
    const kind = operandKindOf(node, { group, places, roots });
    if (kind === "member") return `m${group.members.indexOf(withoutViews(node))}`;
    if (kind === "scalar") return `s${number(withoutViews(node))} ${viewThroughAll(node)!.offset}`;
    if (kind === "fill") return `${withoutViews(node).attributes.value}`;
    if (kind === "column") {
      const column = withoutViews(node);
      if (!columns.includes(column)) columns.push(column);
      return `c${columns.indexOf(column)}`;
    }
    return kind === "expression" ? expression(node) : null;
  };
  const expression = (node: Tensor): string | null => {
    const operands = node.inputs.map(text);
    return operands.includes(null) ? null : `${node.op.name}${JSON.stringify(node.attributes)}(${operands.join(", ")})`;
  };
  const texts = group.members.map(expression);
  if (texts.includes(null)) return null;
  const buffers = places.map((place) => sharedBufferOf(place!)!);
  const variables = columns.map((node) => node.op.source ? `v${number(sharedBufferOf(node)!)}` : "value");
  const signature = [...texts, ...variables, ...buffers.map((buffer) => `b${number(buffer)}`)].join("; ");
  return { group, signature, columns, buffers, at };
}

/** What an operand is in a group of updates; null where it fits none of these. */
function operandKindOf(node: Tensor, { group: { members }, places, roots }: {
  group: Group;
  places: readonly (Tensor | undefined)[];
  roots: ReadonlySet<Tensor>;
}): "member" | "column" | "scalar" | "fill" | "expression" | null {
  const source = withoutViews(node);
  const view = viewThroughAll(node);
  if (view === null) return null;
  const inOrder = isContiguous(view, source);
  if (members.includes(source)) return inOrder ? "member" : null;
  if (inOrder && (places.includes(source) || source.op.name === "copy" && source.dtype === "f32")) return "column";
  const isWhole = view.bounds.every(([from, to], axis) => from <= 0 && to >= view.shape[axis]);
  if (source.op.source === "fill") return isWhole ? "fill" : null;
  if (source.inputs.length > 0 && !roots.has(source)) return node === source ? "expression" : null;
  if (isWhole && view.shape.every((length, axis) => length === 1 || view.strides[axis] === 0)) {
    // A variable of the buffers that are written cannot be bound for reading, too.
    const written = places.some((place) => sharedBufferOf(place!) === sharedBufferOf(source));
    return source.op.source && written ? null : "scalar";
  }
  return null;
}

function viewThroughAll(node: Tensor) {
  const chain: Tensor[] = [];
  let source = node;
  for (; source.op.view; source = source.inputs[0]) chain.unshift(source);
  return viewThrough(source, chain);
}

/** The kernel that does for whole buffers what the updates do for each of their variables. */
function join(updates: readonly Update[], inPlace: ReadonlyMap<Tensor, Tensor>, result: {
  inPlace: Map<Tensor, Tensor>;
  parts: Map<Tensor, Part>;
  roots: ReadonlySet<Tensor>;
}): Group {
  const [{ group, buffers, columns }] = updates;
  const shape = [buffers[0].size];
  const whole = new Map<Tensor, Tensor>();
  for (const [i, column] of columns.entries()) {
    const shared = sharedBufferOf(column);
    const all = shared ? wholeOf(shared) : variable({ name: `part ${i} of all`, shape });
    whole.set(column, all);
    if (shared) continue;
    for (const update of updates) result.parts.set(update.columns[i], { whole: all, at: update.at });
  }
  const places = group.members.map((member) => inPlace.get(member));
  const rebuilt = (node: Tensor): Tensor => {
    const source = withoutViews(node);
    const known = whole.get(source);
    if (known) return known;
    const kind = operandKindOf(node, { group, places, roots: result.roots });
    if (kind === "fill") return fill(source.attributes.value as number, shape);
    if (kind === "scalar") return broadcastTo(firstOf(node), shape);
    return new Tensor(node.op, node.inputs.map(rebuilt), node.attributes, shape, node.dtype);
  };
  const members = group.members.map((member, i) => {
    const all = new Tensor(member.op, member.inputs.map(rebuilt), member.attributes, shape, member.dtype);
    whole.set(member, all);
    result.inPlace.set(all, wholeOf(buffers[i]));
    return all;
  });
  return { members, producers: new Set(updates.flatMap((update) => [...update.group.producers])) };
}

/** The first element, `[1]`. */
function firstOf(x: Tensor): Tensor {
  return reshape(slice(x, { start: x.shape.map(() => 0), shape: x.shape.map(() => 1) }), [1]);
}
