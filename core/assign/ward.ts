/** Ward's hierarchical clustering: what a tree is compared with. */

import type { Matrix } from "../metrics/matrix.ts";

/** Two clusters that become one. Rows are the clusters `0` to `rows − 1`, merge `i` makes cluster `rows + i`. */
export interface Merge {
  /** The smaller of the two numbers. */
  readonly left: number;
  readonly right: number;
  /** Ward's distance of the two. */
  readonly height: number;
  /** Rows in the new cluster. */
  readonly size: number;
}

/** Most rows: their distances take 4 n² bytes, half a gigabyte here. */
export const MOST_WARD_ROWS = 11_000;

/**
 * All merges of Ward's clustering, lowest first, as SciPy's `linkage(points, "ward")` numbers them. Of two clusters `a` and
 * `b` the height is `√(2 |a| |b| / (|a| + |b|)) ‖mean(a) − mean(b)‖`, for two rows their distance: what a merge adds to the
 * sum of squares within clusters is half its square. Found by chains of nearest neighbours (Murtagh, "A survey of recent
 * advances in hierarchical clustering algorithms", The Computer Journal 26, 1983) in `O(n²)`, distances after Lance &
 * Williams.
 *
 * @returns `rows − 1` merges
 * @throws {RangeError} If there are more than 11,000 rows
 *
 * @example
 * ```ts
 * import { cutMerges, wardClustering } from "./ward.ts";
 * import { matrix } from "../metrics/matrix.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const merges = wardClustering(matrix(Float32Array.of(0, 10, 1, 12), 1));
 * assertEquals(merges.map(({ left, right }) => [left, right]), [[0, 2], [1, 3], [4, 5]]);
 * assertEquals([...cutMerges(merges, 2)], [0, 1, 0, 1]);
 * ```
 */
export function wardClustering(points: Matrix): Merge[] {
  const { rows } = points;
  if (rows > MOST_WARD_ROWS) {
    throw new RangeError(`Cannot cluster ${rows} rows after Ward: expected at most ${MOST_WARD_ROWS}`);
  }
  const squares = squaredDistances(points);
  const sizes = new Uint32Array(rows).fill(1); // 0 for those that went into another
  const found: { a: number; b: number; square: number }[] = [];
  const chain: number[] = [];
  let first = 0;
  while (found.length < rows - 1) {
    if (chain.length === 0) {
      while (sizes[first] === 0) first++;
      chain.push(first);
    }
    const last = chain[chain.length - 1];
    const before = chain[chain.length - 2] ?? -1; // preferred, so that the chain ends
    let [nearest, least] = [before, before < 0 ? Infinity : squares[pair(last, before)]];
    for (let other = 0; other < rows; other++) {
      if (sizes[other] === 0 || other === last) continue;
      const square = squares[pair(last, other)];
      if (square < least) [nearest, least] = [other, square];
    }
    if (nearest !== before) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    found.push({ a: last, b: before, square: least });
    join(squares, sizes, { from: Math.min(last, before), to: Math.max(last, before), square: least });
  }
  return numbered(found, rows);
}

/**
 * The clusters that are there after all merges but the last ones.
 *
 * @param merges All merges, lowest first
 * @param clusters From 1 to the number of rows
 * @returns Cluster of every row, from 0 in the order of their first rows
 * @throws {RangeError} If there are not so many
 */
export function cutMerges(merges: readonly Merge[], clusters: number): Uint32Array {
  const names = new Map<number, number>();
  return topsOf(merges, clusters).map((top) => {
    if (!names.has(top)) names.set(top, names.size);
    return names.get(top)!;
  });
}

/** The number of the cluster that each row is in after all merges but the last ones. */
function topsOf(merges: readonly Merge[], clusters: number): Uint32Array {
  const rows = merges.length + 1;
  if (!Number.isInteger(clusters) || clusters < 1 || clusters > rows) {
    throw new RangeError(`Cannot cut ${rows} rows into ${clusters} clusters: expected 1 to ${rows}`);
  }
  const tops = Uint32Array.from({ length: 2 * rows - clusters }, (_, node) => node);
  for (let i = rows - clusters - 1; i >= 0; i--) { // from above, so that what is over a cluster is known
    const { left, right } = merges[i];
    tops[left] = tops[right] = tops[rows + i];
  }
  return tops.slice(0, rows);
}

/**
 * Dendrogram purity (as `dendrogramPurity` of core/metrics) of the tree that the last merges make, whose leaves are the
 * clusters of `cutMerges`.
 *
 * @param merges All merges, lowest first
 * @param classes Class of every row, whole numbers from 0
 * @param leaves From 1 to the number of rows
 * @throws {RangeError} If no two rows are of one class, or there are not so many leaves
 */
export function mergePurity(merges: readonly Merge[], classes: ArrayLike<number>, leaves: number): number {
  const rows = classes.length;
  const kinds = Array.from(classes).reduce((most, c) => Math.max(most, c + 1), 0);
  const counts = new Map<number, Uint32Array>(); // of the classes, by cluster
  const tops = topsOf(merges, leaves);
  tops.forEach((top, row) => {
    if (!counts.has(top)) counts.set(top, new Uint32Array(kinds));
    counts.get(top)![classes[row]]++;
  });
  let [pairs, sum] = [0, 0];
  const meet = (count: number, share: number) => {
    pairs += count;
    sum += count * share;
  };
  for (const own of counts.values()) {
    const size = own.reduce((a, b) => a + b, 0);
    for (const count of own) meet(count * (count - 1) / 2, count / size);
  }
  merges.slice(rows - leaves).forEach(({ left, right, size }, i) => {
    const [a, b] = [counts.get(left)!, counts.get(right)!];
    const both = a.map((count, c) => count + b[c]);
    for (let c = 0; c < kinds; c++) meet(a[c] * b[c], both[c] / size);
    counts.set(2 * rows - leaves + i, both);
  });
  if (pairs > 0) return sum / pairs;
  throw new RangeError(`Cannot compute the dendrogram purity: no two of ${rows} labels are equal, expected some`);
}

/** Place of two different rows in the triangle below the diagonal. */
const pair = (i: number, j: number): number => i > j ? i * (i - 1) / 2 + j : j * (j - 1) / 2 + i;

/** `|x − y|²` of all pairs, row by row below the diagonal. */
function squaredDistances({ values, rows, columns }: Matrix): Float64Array {
  const squares = new Float64Array(rows * (rows - 1) / 2);
  for (let i = 1, at = 0; i < rows; i++) {
    for (let j = 0; j < i; j++, at++) {
      let sum = 0;
      for (let x = i * columns, y = j * columns, end = x + columns; x < end; x++, y++) {
        const difference = values[x] - values[y];
        sum += difference * difference;
      }
      squares[at] = sum;
    }
  }
  return squares;
}

/** Makes `to` the union: `d²(k, a ∪ b) = ((n_a + n_k) d²(k, a) + (n_b + n_k) d²(k, b) − n_k d²(a, b)) / (n_a + n_b + n_k)`. */
function join(
  squares: Float64Array,
  sizes: Uint32Array,
  { from, to, square }: { from: number; to: number; square: number },
): void {
  const [a, b] = [sizes[from], sizes[to]];
  for (let k = 0; k < sizes.length; k++) {
    const n = sizes[k];
    if (n === 0 || k === from || k === to) continue;
    const place = pair(k, to);
    squares[place] = ((a + n) * squares[pair(k, from)] + (b + n) * squares[place] - n * square) / (a + b + n);
  }
  sizes[to] = a + b;
  sizes[from] = 0;
}

/** Merges of rows that stand for clusters, in the order they were found, as merges of clusters, lowest first. */
function numbered(found: readonly { a: number; b: number; square: number }[], rows: number): Merge[] {
  const cluster = Int32Array.from({ length: rows }, (_, row) => row);
  const above = Int32Array.from({ length: rows }, (_, row) => row); // towards the row that stands for the cluster
  const sizes = new Uint32Array(rows).fill(1);
  const standsFor = (row: number): number => {
    while (above[row] !== row) row = above[row] = above[above[row]];
    return row;
  };
  return [...found].sort((x, y) => x.square - y.square).map(({ a, b, square }, i) => {
    const [p, q] = [standsFor(a), standsFor(b)];
    const [left, right] = [cluster[p], cluster[q]].sort((x, y) => x - y);
    above[p] = q;
    cluster[q] = rows + i;
    sizes[q] += sizes[p];
    return { left, right, height: Math.sqrt(square), size: sizes[q] };
  });
}
