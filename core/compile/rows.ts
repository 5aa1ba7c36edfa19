/**
 * Chains of reductions and elementwise kernels become one kernel where every row of the results needs that row of what it
 * is computed from and no other: one workgroup takes its row through the whole chain. So a layer normalisation is one
 * kernel, as is its gradient and the gradient of that. A row is everything at one index of the first axis (one sample of
 * a batch); what is small enough for one workgroup is joined too, as a kernel with a single row.
 */

import type { AdapterTraits, Tensor, View } from "../tensor.ts";
import { bindingsOf, dependsOn, type Group, mostBound, type Reads, schedule } from "./groups.ts";
import { isContiguous, type Read } from "./reads.ts";

/** Elements of a value, and terms of a reduction, that one workgroup computes alone. */
const FEW = { elements: 1024, terms: 4096 };
/** Rows that keep an adapter busy; fewer are joined only where they are short. */
const MANY_ROWS = { software: 8, hardware: 32 };
const SHORT_ROW = 1024;
/** A workgroup each for more of them costs more than kernels of their own. */
const MOST_ROWS = 2 ** 13;
/** Rounds of an invocation's loops: llvmpipe ends them after 65535 without a word, elsewhere one workgroup takes too long. */
const MOST_ROUNDS = { software: 2 ** 15, hardware: 2 ** 9 };
/** Invocations of a workgroup: a CPU runs 8 as one vector. */
const LANES = { software: 8, hardware: 256 };

/** What the joined kernels are made from. */
export interface RowContext {
  /** Values that replace a variable: their kernels stay by themselves, so that they can do it in place. */
  readonly updates: ReadonlySet<Tensor>;
  /** Values that the program keeps. */
  readonly kept: ReadonlySet<Tensor>;
  readonly reads: Reads;
  readonly adapter: AdapterTraits;
}

/** Joins groups that compute the same rows: each with those it reads from, and everything small together. */
export function joinRows(groups: readonly Group[], context: RowContext): Group[] {
  const readers = readersOf(context.reads);
  const joined = new Set(schedule(groups, context.updates));
  const alone = (group: Group) => group.members.some((member) => context.updates.has(member));
  const tryToJoin = (a: Group, b: Group, rows: number): Group | null => {
    if (alone(a) || !joined.has(a) || !fits(a, rows, context) || !fits(b, rows, context)) return null;
    const both = union(a, b, rows);
    if (!canRun(both, context, readers) || reaches(a, b) || reaches(b, a)) return null;
    replace(joined, [a, b], both);
    return both;
  };
  let small: Group | null = null;
  for (const group of [...joined]) {
    if (alone(group)) continue;
    let current = group;
    for (const producer of [...group.producers].reverse()) {
      current = tryToJoin(producer, current, group.members[0].shape[0] ?? 1) ?? current;
    }
    if (current.rows !== undefined || !fits(current, 1, context)) continue;
    small = small && tryToJoin(small, current, 1) || current;
  }
  return [...joined];
}

/** Puts one group in the place of two, also where others read from them. */
function replace(groups: Set<Group>, parts: readonly [Group, Group], whole: Group): void {
  for (const part of parts) groups.delete(part);
  for (const { producers } of groups) {
    const found = parts.filter((part) => producers.delete(part));
    if (found.length > 0) producers.add(whole);
  }
  groups.add(whole);
}

/** The values that read each value. */
function readersOf(reads: Reads): Map<Tensor, Tensor[]> {
  const readers = new Map<Tensor, Tensor[]>();
  for (const [reader, list] of reads) {
    for (const { node } of list) {
      if (!readers.has(node)) readers.set(node, []);
      readers.get(node)!.push(reader);
    }
  }
  return readers;
}

/** Whether one group reads from the other through a third, which would have to run between them. */
function reaches(from: Group, to: Group): boolean {
  return dependsOn([...from.producers].filter((group) => group !== to), to);
}

function union(a: Group, b: Group, rows: number): Group {
  const [first, second] = a.producers.has(b) ? [b, a] : [a, b];
  const producers = new Set([...first.producers, ...second.producers]);
  producers.delete(a);
  producers.delete(b);
  return { members: [...first.members, ...second.members], producers, rows };
}

/** Whether a group computes this many rows, each by itself; one row is what a workgroup computes alone. */
function fits(group: Group, rows: number, { adapter }: RowContext): boolean {
  if (group.rows !== undefined) return group.rows === rows;
  const { anchor, members } = group;
  if (anchor?.op.kernel || anchor !== undefined && anchor.dtype !== "f32" || rows > MOST_ROWS) return false;
  const input = anchor?.inputs[0];
  if (rows === 1) return members.every(({ size }) => size <= FEW.elements) && (input?.size ?? 0) <= FEW.terms;
  const longest = Math.max(members[0].size, input?.size ?? 0) / rows;
  const many = adapter.software ? MANY_ROWS.software : MANY_ROWS.hardware;
  return (rows >= many || longest <= SHORT_ROW) && members.every(({ shape }) => shape[0] === rows) &&
    (input === undefined || input.shape[0] === rows && !(anchor!.attributes.axes as number[]).includes(0));
}

/** Whether what members of a group read from one another lies in their own row, and the adapter can bind and run it all. */
function canRun(group: Group, { kept, reads, adapter }: RowContext, readers: ReadonlyMap<Tensor, Tensor[]>): boolean {
  const own = new Set(group.members);
  const readsOfMembers = group.members.map((member) => reads.get(member)!);
  if (!readsOfMembers.flat().every((read) => !own.has(read.node) || staysInRow(read, group.rows!))) return false;
  const outside = readsOfMembers.map((list) => list.filter(({ node }) => !own.has(node)));
  const plan = planRows(group, reads);
  const isStored = (member: Tensor) =>
    plan.carried.has(member) || kept.has(member) || readers.get(member)?.some((reader) => !own.has(reader));
  if (group.members.filter(isStored).length + bindingsOf(outside) > mostBound(adapter)) return false;
  return roundsOf(plan, group.rows!, adapter) <= (adapter.software ? MOST_ROUNDS.software : MOST_ROUNDS.hardware);
}

function staysInRow({ node, view }: Read, rows: number): boolean {
  if (view === null) return false;
  if (node.size === rows) return isShared(view, rows);
  if (rows === 1) return true;
  const row = node.size / rows;
  // What the first and the last row see lies inside the value, hence every row sees only its own part of it.
  return view.shape[0] === rows && view.strides[0] === row && isWhole(view, 0);
}

/** Whether a view of one number a row shows it everywhere in its row. */
export function isShared(view: View, rows: number): boolean {
  const isRow = (axis: number) => rows > 1 && axis === 0;
  return view.offset === 0 && (rows === 1 || view.shape[0] === rows) &&
    view.shape.every((length, axis) =>
      isWhole(view, axis) && (length === 1 || view.strides[axis] === Number(isRow(axis)))
    );
}

const isWhole = (view: View, axis: number): boolean =>
  view.bounds[axis][0] <= 0 && view.bounds[axis][1] >= view.shape[axis];

/** One round over a row: some values of the row as a whole, then loops. Between passes all invocations wait for each other. */
export interface Pass {
  /** One number for the row, computed by every invocation. */
  readonly scalars: Tensor[];
  /** Elementwise values and reductions to one number a row, over rows of equal length in one loop. */
  readonly loops: { readonly length: number; readonly members: Tensor[] }[];
  /** Reductions to several numbers a row. */
  readonly inner: Tensor[];
}

/** How a joined kernel runs. */
export interface RowPlan {
  readonly passes: readonly Pass[];
  /** Members that a later pass reads from memory. */
  readonly carried: ReadonlySet<Tensor>;
}

/** The passes of a joined kernel. */
export function planRows(group: Group, reads: Reads): RowPlan {
  const rows = group.rows!;
  const passOf = assignPasses(group, reads);
  const passes: Pass[] = Array.from({ length: Math.max(...passOf.values()) + 1 }, () => ({
    scalars: [],
    loops: [],
    inner: [],
  }));
  const carried = new Set<Tensor>();
  for (const member of group.members) {
    const pass = passes[passOf.get(member)!];
    const kind = rowKindOf(member, rows);
    if (kind === "scalar") pass.scalars.push(member);
    else if (kind === "inner") pass.inner.push(member);
    else {
      const length = (kind === "total" ? member.inputs[0].size : member.size) / rows;
      const loop = pass.loops.find((loop) => loop.length === length);
      if (loop) loop.members.push(member);
      else pass.loops.push({ length, members: [member] });
    }
    for (const { node } of reads.get(member)!) {
      if (passOf.has(node) && node.size > rows && passOf.get(node)! < passOf.get(member)!) carried.add(node);
    }
  }
  return { passes, carried };
}

/**
 * What a member of a joined kernel is: one number a row, elementwise (`scalar`) or reduced (`total`); several numbers a
 * row, elementwise (`vector`) or reduced (`inner`).
 */
export function rowKindOf(member: Tensor, rows: number): "scalar" | "total" | "vector" | "inner" {
  if (member.op.reduction) return member.size === rows ? "total" : "inner";
  return member.size === rows ? "scalar" : "vector";
}

/** The first pass in which everything that a member reads is there; elementwise values wait for those that use them. */
function assignPasses(group: Group, reads: Reads): Map<Tensor, number> {
  const rows = group.rows!;
  const passOf = new Map<Tensor, number>();
  /** The first pass in which `member` can read `node`. */
  const readable = (member: Tensor, { node, view }: Read): number => {
    const pass = passOf.get(node)!;
    const kind = rowKindOf(node, rows);
    if (kind === "scalar") return pass;
    const together = kind === "vector" && view !== null && isContiguous(view, node) &&
      ["vector", "total"].includes(rowKindOf(member, rows));
    return together ? pass : pass + 1;
  };
  const within = (member: Tensor) => reads.get(member)!.filter(({ node }) => passOf.has(node));
  for (const member of group.members) {
    passOf.set(member, Math.max(0, ...within(member).map((read) => readable(member, read))));
  }
  const latest = new Map<Tensor, number>();
  for (const member of [...group.members].reverse()) {
    if (rowKindOf(member, rows) === "vector" && latest.has(member)) passOf.set(member, latest.get(member)!);
    for (const read of within(member)) {
      const slack = readable(member, read) - passOf.get(read.node)!;
      latest.set(read.node, Math.min(latest.get(read.node) ?? Infinity, passOf.get(member)! - slack));
    }
  }
  return passOf;
}

/** Invocations that share a row, a power of two: no more than its longest loop has steps, and what the adapter can run. */
export function lanesOf({ passes }: RowPlan, rows: number, { software, maxInvocations }: AdapterTraits): number {
  if (software) return LANES.software;
  const steps = passes.flatMap(({ loops, inner }) => [
    ...loops.map(({ length }) => length / widthOf(length, rows)),
    ...inner.map(({ size }) => size / rows),
  ]);
  const wanted = Math.min(LANES.hardware, maxInvocations, Math.max(1, ...steps));
  return 2 ** Math.floor(Math.log2(wanted));
}

/** Rounds of the loops of one invocation. */
function roundsOf(plan: RowPlan, rows: number, adapter: AdapterTraits): number {
  const lanes = lanesOf(plan, rows, adapter);
  return plan.passes.reduce((total, { loops, inner }) => {
    const ofLoops = loops.map(({ length }) => Math.ceil(length / widthOf(length, rows) / lanes));
    const ofInner = inner.map((member) => {
      const results = member.size / rows;
      return Math.ceil(results / lanes) * (member.inputs[0].size / member.size);
    });
    return [...ofLoops, ...ofInner].reduce((a, b) => a + b, total);
  }, 0);
}

/** Elements of a step in a loop over a row of this length. */
export function widthOf(length: number, rows: number): 1 | 4 {
  return rows > 1 && length % 4 === 0 ? 4 : 1;
}
