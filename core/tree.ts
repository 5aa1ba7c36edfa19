/** Records and lists of values, nested as one likes: parameters, gradients, optimiser state. */

/** A value, or a record or list of trees. */
export type Tree<T> = T | { readonly [name: string]: Tree<T> } | readonly Tree<T>[];

type IsLeaf<T> = (value: unknown) => value is T;

/** Leaves with their paths (`"body/0/weight"`), in the order of insertion. */
export function leavesOf<T>(tree: Tree<T>, isLeaf: IsLeaf<T>, path = ""): [path: string, leaf: T][] {
  if (isLeaf(tree)) return [[path, tree]];
  return Object.entries(tree as Record<string, Tree<T>>)
    .flatMap(([name, child]) => leavesOf(child, isLeaf, path === "" ? name : `${path}/${name}`));
}

/** The same tree with every leaf replaced. */
export function mapTree<T, U>(tree: Tree<T>, isLeaf: IsLeaf<T>, f: (leaf: T, path: string) => U, path = ""): Tree<U> {
  if (isLeaf(tree)) return f(tree, path);
  const child = ([name, value]: [string, Tree<T>]): [string, Tree<U>] => [
    name,
    mapTree(value, isLeaf, f, path === "" ? name : `${path}/${name}`),
  ];
  const entries = Object.entries(tree as Record<string, Tree<T>>).map(child);
  return Array.isArray(tree) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}
