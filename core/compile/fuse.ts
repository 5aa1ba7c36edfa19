/**
 * Which values get a buffer, and which kernels compute them. An elementwise value is computed inside whatever uses it,
 * unless that would repeat work; kernels of equal size join when one uses the other or both read the same.
 */

import type { AdapterTraits, Tensor } from "../tensor.ts";
import { topologicalOrder, usersOf } from "./graph.ts";
import { BINDINGS, bindingsOf, dependsOn, type Group, mostBound, type Reads, schedule } from "./groups.ts";
import { joinRows } from "./rows.ts";
import { sharedBufferOf } from "./together.ts";
import { readsOf, viewThrough, Visits, withoutViews } from "./reads.ts";

/** The kernels in an order in which every value is computed before it is read. */
export interface Fusion {
  readonly groups: readonly Group[];
  /** Values that have a name of their own: in a buffer, or stored by the kernel that computes them. */
  readonly roots: ReadonlySet<Tensor>;
  readonly reads: Reads;
}

/** What is repeated rather than stored and read back; `perElement` where it would be computed again for every element. */
const CHEAP = { operations: 4, reads: 2, perElement: 1 };
/** Behind a product: its shader repeats them for every register, and CPU drivers take seconds to compile many reads. */
const EPILOGUE = { operations: 16, reads: 4, readsOnSoftware: 1 };
const FUNCTION_COST = 6; // of exp, log, sqrt, … in operations

/** Chooses kernels for the outputs; `updates` are those that replace a variable and so run as late as they can. */
export function fuse(
  outputs: readonly Tensor[],
  updates: ReadonlyMap<Tensor, Tensor>,
  adapter: AdapterTraits,
): Fusion {
  const order = topologicalOrder(outputs);
  const roots = chooseRoots(order, outputs, adapter);
  const reads = new Map(order.filter((node) => roots.has(node)).map((root) => [root, readsOf(root, roots)]));
  const replacing = new Set(updates.keys());
  const together = new Set([...updates].filter(([, place]) => sharedBufferOf(place)).map(([value]) => value));
  const separate = joinGroups({ roots, reads, adapter, together, groups: [], groupOf: new Map() });
  const groups = joinRows(separate, { updates: replacing, kept: new Set(outputs), reads, adapter });
  return { groups: schedule(groups, replacing), roots, reads };
}

function chooseRoots(order: readonly Tensor[], outputs: readonly Tensor[], adapter: AdapterTraits): Set<Tensor> {
  const roots = new Set<Tensor>(order.filter((node) => node.op.kernel || node.op.reduction));
  const users = usersOf(order);
  const wanted = new Set(outputs);
  const mostReads = mostBound(adapter) - BINDINGS.results; // of the 8 WebGPU promises 4, more than an op has inputs
  for (const node of order) {
    if (!node.op.expression) continue;
    boundReads(node, roots, mostReads);
    const uses = usesThroughViews(node, users);
    const { operations, reads } = costOf(node, roots);
    const largeReads = [...reads].filter((read) => read.size > 1).length;
    const cheap = operations <= CHEAP.operations && largeReads <= CHEAP.reads;

    const isCopy = node.op.name === "copy";
    const isOperand = uses.some(({ user }) => user.op.kernel); // of a shader, which reads buffers
    const isPadded = uses.some(({ padded }) => padded); // with zeros, which an expression would not leave 0
    const costlyTwice = uses.length > 1 && (!cheap || endsProduct(node, users));
    const costlyPerElement = uses.some(({ expanded }) => expanded) && operations > CHEAP.perElement;
    if (wanted.has(node) || isCopy || isOperand || isPadded || costlyTwice || costlyPerElement) roots.add(node);
  }
  storeUnreadable(roots);
  return roots;
}

/** Stores inputs of a value, those that read most first, until a kernel can bind all that the value reads. */
function boundReads(node: Tensor, roots: Set<Tensor>, most: number): void {
  const readsOfInput = (input: Tensor) => roots.has(input) ? 1 : costOf(input, roots).reads.size;
  while (bindingsOf([readsOf(node, roots)]) > most) {
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

/** Stores values that are seen through views which strides cannot express; what is stored then may be seen so too. */
function storeUnreadable(roots: Set<Tensor>): void {
  const before = roots.size;
  for (const root of [...roots]) {
    if (root.op.kernel) continue;
    for (const node of unreadable(root, roots)) roots.add(node);
  }
  if (roots.size > before) storeUnreadable(roots);
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
function joinGroups(joining: Joining): Group[] {
  for (const root of joining.reads.keys()) {
    const anchored = root.op.kernel || root.op.reduction;
    let group = anchored ? undefined : candidates(root, joining).find((candidate) => canJoin(root, candidate, joining));
    if (group === undefined) {
      group = { anchor: anchored ? root : undefined, members: [], producers: new Set() };
      joining.groups.push(group);
    }
    group.members.push(root);
    for (const producer of producersOf(root, joining)) if (producer !== group) group.producers.add(producer);
    joining.groupOf.set(root, group);
  }
  return joining.groups;
}

/** The groups so far, and what they are made from. */
interface Joining {
  readonly roots: ReadonlySet<Tensor>;
  readonly reads: Reads;
  readonly adapter: AdapterTraits;
  /** Values that are to be computed by one kernel with those of other variables, and so by none with other values. */
  readonly together: ReadonlySet<Tensor>;
  readonly groups: Group[];
  readonly groupOf: Map<Tensor, Group>;
}

/** Groups that a root reads from. */
function producersOf(root: Tensor, { reads, groupOf }: Joining): Set<Group> {
  return new Set(reads.get(root)!.flatMap(({ node }) => groupOf.get(node) ?? []));
}

/** Groups worth joining: those whose values are read first, latest first, then elementwise ones that read the same. */
function candidates(root: Tensor, joining: Joining): Group[] {
  const { groups, reads, together } = joining;
  const producers = producersOf(root, joining);
  const sources = new Set(reads.get(root)!.filter((read) => read.inPlace).map((read) => read.node));
  const readsSame = (member: Tensor) =>
    (member.size > 1 || together.has(member)) && reads.get(member)!.some(({ node }) => sources.has(node));
  const sameSize = (group: Group) => group.members[0].size === root.size;
  const siblings = groups.filter((group) =>
    group.anchor === undefined && sameSize(group) && !producers.has(group) && group.members.some(readsSame)
  );
  return [...[...producers].filter(sameSize).reverse(), ...siblings];
}

function canJoin(root: Tensor, group: Group, joining: Joining): boolean {
  const { roots, reads, adapter, together, groupOf } = joining;
  if (group.members.some((member) => together.has(member) !== together.has(root))) return false;
  const readNodes = (members: readonly Tensor[]) =>
    members.flatMap((member) => reads.get(member)!.map(({ node }) => node));
  // What it reads from the group it must read in place, and nothing else it reads may wait for the group.
  if (reads.get(root)!.some(({ node, inPlace }) => groupOf.get(node) === group && !inPlace)) return false;
  if (group.anchor?.op.kernel) {
    const behind = [...group.members, root].filter((member) => member !== group.anchor);
    const operations = behind.reduce((total, member) => total + costOf(member, roots).operations, 0);
    const outside = [...new Set(readNodes(behind))].filter((node) => groupOf.get(node) !== group).length;
    const most = adapter.software ? EPILOGUE.readsOnSoftware : EPILOGUE.reads;
    if (operations > EPILOGUE.operations || outside > most) return false;
  }
  if (group.anchor !== undefined && root.dtype !== group.anchor.dtype) return false;
  const members = [...group.members, root];
  if (members.length + bindingsOf(members.map((member) => reads.get(member)!)) > mostBound(adapter)) return false;
  const others = [...producersOf(root, joining)].filter((other) => other !== group);
  return !dependsOn(others, group);
}
