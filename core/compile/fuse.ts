/**
 * Which values get a buffer, and which kernels compute them. An elementwise value is computed inside whatever uses it,
 * unless that would repeat work; kernels of equal size join when one uses the other or both read the same.
 */

import type { AdapterTraits, Tensor } from "../tensor.ts";
import { topologicalOrder, usersOf } from "./graph.ts";
import { type Read, readsOf, viewThrough, Visits, withoutViews } from "./reads.ts";

/** One kernel: what it is built on and what it stores. */
export interface Group {
  /** A reduction or an operation with its own shader; absent in elementwise kernels. */
  readonly anchor?: Tensor;
  /** Values computed here, inputs first; the anchor among them. */
  readonly members: Tensor[];
}

/** The kernels in an order in which every value is computed before it is read. */
export interface Fusion {
  readonly groups: Group[];
  /** Values that have a name of their own: in a buffer, or stored by the kernel that computes them. */
  readonly roots: ReadonlySet<Tensor>;
}

const CHEAP = { operations: 4, reads: 2 }; // repeated rather than stored and read back
/** Behind a product: its shader repeats them for every register, and CPU drivers take seconds to compile many reads. */
const EPILOGUE = { operations: 16, reads: 4, readsOnSoftware: 1 };
const FUNCTION_COST = 6; // of exp, log, sqrt, … in operations

/** Chooses kernels for the outputs; `updates` are those that replace a variable and so run as late as they can. */
export function fuse(outputs: readonly Tensor[], updates: readonly Tensor[], adapter: AdapterTraits): Fusion {
  const order = topologicalOrder(outputs);
  const roots = chooseRoots(order, outputs, adapter);
  const groups = joinGroups(order.filter((node) => roots.has(node)), roots, adapter);
  return { groups: schedule(groups, new Set(updates), roots), roots };
}

function chooseRoots(order: readonly Tensor[], outputs: readonly Tensor[], adapter: AdapterTraits): Set<Tensor> {
  const roots = new Set<Tensor>(order.filter((node) => node.op.kernel || node.op.reduction));
  const users = usersOf(order);
  const wanted = new Set(outputs);
  // At least 4, since WebGPU promises 8 buffers: more than an operation has inputs.
  const mostReads = Math.min(adapter.maxStorageBuffers - 4, 24);
  for (const node of order) {
    if (!node.op.expression) continue;
    boundReads(node, roots, mostReads);
    const uses = usesThroughViews(node, users);
    const { operations, reads } = costOf(node, roots);
    const large = [...reads].filter((read) => read.size > 1);
    const cheap = operations <= CHEAP.operations && large.length <= CHEAP.reads;
    if (
      wanted.has(node) || uses.some((use) => use.padded || use.user.op.kernel) ||
      uses.length > 1 && (!cheap || endsProduct(node, users)) || uses.some((use) => use.expanded) && operations > 1
    ) roots.add(node);
  }
  // A value seen through views that strides cannot express gets a buffer.
  for (let found = true; found;) {
    found = false;
    for (const root of [...roots]) {
      if (root.op.kernel) continue;
      for (const node of unreadable(root, roots)) {
        roots.add(node);
        found = true;
      }
    }
  }
  return roots;
}

/** Stores inputs of a value, those that read most first, until a kernel can bind all that the value reads. */
function boundReads(node: Tensor, roots: Set<Tensor>, most: number): void {
  const readsOfInput = (input: Tensor) => roots.has(input) ? 1 : costOf(input, roots).reads.size;
  while (costOf(node, roots).reads.size > most) {
    const inputs = node.inputs.map(withoutViews).sort((a, b) => readsOfInput(b) - readsOfInput(a));
    roots.add(inputs[0]);
  }
}

/** Whether a value is all that is wanted of a product: stored instead of it, it costs nothing. */
function endsProduct(node: Tensor, users: Map<Tensor, Tensor[]>): boolean {
  return node.inputs.map(withoutViews).some((input) =>
    input.op.kernel && input.size === node.size && usesThroughViews(input, users).length === 1
  );
}

interface Use {
  user: Tensor;
  expanded: boolean; // read more often than it has elements
  padded: boolean;
}

function usesThroughViews(node: Tensor, users: Map<Tensor, Tensor[]>): Use[] {
  return users.get(node)!.flatMap((user) => {
    if (!user.op.view) return [{ user, expanded: false, padded: false }];
    return usesThroughViews(user, users).map((use) => ({
      user: use.user,
      expanded: use.expanded || user.size > node.size && user.op.name === "broadcastTo",
      padded: use.padded || user.op.name === "pad",
    }));
  });
}

function costOf(node: Tensor, roots: ReadonlySet<Tensor>): { operations: number; reads: Set<Tensor> } {
  const reads = new Set<Tensor>();
  const seen = new Set<Tensor>();
  let operations = 0;
  const visit = (at: Tensor): void => {
    if (seen.has(at)) return;
    seen.add(at);
    if (at.op.source === "fill") return;
    if (at !== node && (at.inputs.length === 0 || roots.has(at))) {
      reads.add(at);
      return;
    }
    if (at.op.expression) {
      operations += /\w\(/.test(at.op.expression(at.attributes).replace(/select|max|min|T\(/g, "")) ? FUNCTION_COST : 1;
    }
    at.inputs.forEach(visit);
  };
  visit(node);
  return { operations, reads };
}

/** Inlined values under `root` that views pushed through them make unreadable. */
function unreadable(root: Tensor, roots: ReadonlySet<Tensor>): Set<Tensor> {
  const found = new Set<Tensor>();
  const seen = new Visits();
  const visit = (node: Tensor, views: readonly Tensor[], inlined: Tensor | null): void => {
    if (node.op.expression && seen.again(node, views)) return;
    if (node.op.view) return visit(node.inputs[0], [node, ...views], inlined);
    if (node.inputs.length === 0 || roots.has(node)) {
      if (inlined !== null && viewThrough(node, views) === null) found.add(inlined);
      return;
    }
    for (const input of node.inputs) visit(input, views, node);
  };
  for (const input of root.inputs) visit(input, [], null);
  return found;
}

/** Joins kernels where no other kernel must run between them. */
function joinGroups(rootOrder: readonly Tensor[], roots: ReadonlySet<Tensor>, adapter: AdapterTraits): Group[] {
  const groupOf = new Map<Tensor, Group>();
  const groups: Group[] = [];
  for (const root of rootOrder) {
    const anchored = root.op.kernel || root.op.reduction;
    const reads = readsOf(root, roots);
    const joined = anchored ? undefined : candidates(root, reads, groupOf, groups)
      .find((group) => canJoin(root, reads, group, groupOf, roots, adapter));
    if (joined) joined.members.push(root);
    else groups.push(anchored ? { anchor: root, members: [root] } : { members: [root] });
    groupOf.set(root, joined ?? groups[groups.length - 1]);
  }
  return groups;
}

/** Groups worth joining: those whose values are read first, latest first, then elementwise ones that read the same. */
function candidates(
  root: Tensor,
  reads: readonly Read[],
  groupOf: Map<Tensor, Group>,
  groups: readonly Group[],
): Group[] {
  const producers = new Set(reads.flatMap(({ node }) => groupOf.get(node) ?? []));
  const sameSize = (group: Group) => group.members[0].size === root.size;
  const sources = new Set(reads.filter((read) => read.inPlace).map((read) => read.node));
  const siblings = groups.filter((group) =>
    group.anchor === undefined && sameSize(group) && !producers.has(group) &&
    group.members.some((member) => sharesSource(member, sources, groupOf))
  );
  return [...[...producers].filter(sameSize).reverse(), ...siblings];
}

function sharesSource(member: Tensor, sources: ReadonlySet<Tensor>, groupOf: Map<Tensor, Group>): boolean {
  const seen = new Set<Tensor>();
  const visit = (node: Tensor): boolean => {
    if (sources.has(node)) return true;
    if (seen.has(node) || node !== member && !node.op.view && groupOf.has(node)) return false;
    seen.add(node);
    return node.inputs.some(visit);
  };
  return member.size > 1 && visit(member);
}

function canJoin(
  root: Tensor,
  reads: readonly Read[],
  group: Group,
  groupOf: Map<Tensor, Group>,
  roots: ReadonlySet<Tensor>,
  adapter: AdapterTraits,
): boolean {
  // What it reads from the group it must read in place, and nothing else it reads may wait for the group.
  if (reads.some(({ node, inPlace }) => groupOf.get(node) === group && !inPlace)) return false;
  const others = reads.flatMap(({ node }) => groupOf.get(node) ?? []).filter((other) => other !== group);
  if (others.some((other) => dependsOn(other, group, groupOf, roots))) return false;
  if (group.anchor?.op.kernel) {
    const behind = [...group.members, root].filter((member) => member !== group.anchor);
    const operations = behind.reduce((total, member) => total + costOf(member, roots).operations, 0);
    const read = new Set(behind.flatMap((member) => readsOf(member, roots).map(({ node }) => node)));
    const outside = [...read].filter((node) => groupOf.get(node) !== group).length;
    const most = adapter.software ? EPILOGUE.readsOnSoftware : EPILOGUE.reads;
    if (operations > EPILOGUE.operations || outside > most) return false;
  }
  if (group.anchor !== undefined && root.dtype !== group.anchor.dtype) return false;
  const bound = new Set(
    [...group.members, root].flatMap((member) => [member, ...readsOf(member, roots).map((r) => r.node)]),
  );
  return bound.size + 2 <= Math.min(adapter.maxStorageBuffers, 28);
}

function dependsOn(group: Group, on: Group, groupOf: Map<Tensor, Group>, roots: ReadonlySet<Tensor>): boolean {
  const seen = new Set<Group>();
  const visit = (at: Group): boolean => {
    if (at === on) return true;
    if (seen.has(at)) return false;
    seen.add(at);
    return producersOf(at, groupOf, roots).some(visit);
  };
  return visit(group);
}

function producersOf(group: Group, groupOf: Map<Tensor, Group>, roots: ReadonlySet<Tensor>): Group[] {
  const producers = group.members.flatMap((member) =>
    readsOf(member, roots).flatMap(({ node }) => groupOf.get(node) ?? [])
  );
  return [...new Set(producers)].filter((producer) => producer !== group);
}

/** Kernels after those they read from; those that only replace variables come last, so that they can do it in place. */
function schedule(groups: readonly Group[], updates: ReadonlySet<Tensor>, roots: ReadonlySet<Tensor>): Group[] {
  const groupOf = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)));
  const done = new Set<Group>();
  const result: Group[] = [];
  const place = (group: Group): void => {
    if (done.has(group)) return;
    done.add(group);
    producersOf(group, groupOf, roots).forEach(place);
    result.push(group);
  };
  const late = (group: Group) => group.members.some((member) => updates.has(member));
  groups.filter((group) => !late(group)).forEach(place);
  groups.forEach(place);
  return result;
}
