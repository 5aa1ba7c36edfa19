/** k-means: what a tree's leaves are compared with. */

import { type Draws, draws } from "../draws.ts";
import type { Matrix } from "../metrics/matrix.ts";

/** Clusters with a centre each. */
export interface Clusters {
  /** Cluster of every row `[rows]`. */
  readonly assignments: Uint32Array;
  /** `[clusters, columns]`, row-major. */
  readonly centres: Float64Array;
  /** Sum of the squared distances of the rows from their centres. */
  readonly inertia: number;
  /** Rounds until no row changed its cluster, or until there were enough. */
  readonly rounds: number;
}

/** How clusters are looked for. */
export interface KMeansOptions {
  readonly clusters: number;
  /** Of the starts; default 0. */
  readonly seed?: number;
  /** The best of so many is taken; default 4. */
  readonly starts?: number;
}

const STARTS = 4;
const START_STREAM = 0x6b00; // "k", apart from those that choose pictures by the same seed
const MOST_ROUNDS = 300; // as scikit-learn

/**
 * Clusters with a small sum of squared distances to their means: Lloyd's rounds (`lloyd`) from several random starts, of
 * which the one with the least inertia is given. Centres of a start are rows drawn one after the other with a probability in
 * proportion to their squared distance from the nearest so far (k-means++, Arthur & Vassilvitskii, SODA 2007).
 *
 * @throws {RangeError} If there are fewer rows than clusters, no clusters or no starts
 *
 * @example
 * ```ts
 * import { kMeans } from "./k_means.ts";
 * import { matrix } from "../metrics/matrix.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { assignments, inertia } = kMeans(matrix(Float32Array.of(0, 10, 2, 12), 1), { clusters: 2 });
 * assertEquals([assignments[0] === assignments[2], assignments[1] === assignments[3], inertia], [true, true, 4]);
 * ```
 */
export function kMeans(points: Matrix, { clusters, seed = 0, starts = STARTS }: KMeansOptions): Clusters {
  if (!Number.isInteger(clusters) || clusters < 1 || clusters > points.rows) {
    throw new RangeError(`Cannot make ${clusters} clusters of ${points.rows} rows: expected 1 to ${points.rows}`);
  }
  if (!Number.isInteger(starts) || starts < 1) {
    throw new RangeError(`Cannot start k-means ${starts} times: expected a whole number from 1`);
  }
  const found = Array.from(
    { length: starts },
    (_, start) => lloyd(points, plusPlus(points, clusters, draws(seed, START_STREAM + start))),
  );
  return found.reduce((best, other) => other.inertia < best.inertia ? other : best);
}

/**
 * Lloyd's rounds: every row goes to its nearest centre, of equally near ones the first or the one it has; every centre becomes
 * the mean of its rows, and stays where it has none. Until no row moves, at most 300 times. Rows whose nearest centre cannot
 * have changed, by how far the centres have moved, are not looked at (Hamerly, "Making k-means even faster", SDM 2010).
 *
 * @param start `[clusters, columns]`
 */
export function lloyd(points: Matrix, start: Float64Array): Clusters {
  const { values, rows, columns } = points;
  const clusters = start.length / columns;
  const between = (x: Numbers, at: number, y: Float64Array, c: number) =>
    Math.sqrt(distanceOf(x, at, y, c * columns, columns));
  let centres = start;
  const assignments = new Uint32Array(rows).fill(clusters); // none
  const own = new Float64Array(rows).fill(Infinity); // at least the distance from the row's centre
  const other = new Float64Array(rows); // at most that from any other
  for (let round = 1;; round++) {
    let moved = false;
    for (let row = 0; row < rows; row++) {
      if (own[row] < other[row]) continue;
      if (assignments[row] < clusters) own[row] = between(values, row * columns, centres, assignments[row]);
      if (own[row] < other[row]) continue;
      let [nearest, least, second] = [0, Infinity, Infinity];
      for (let c = 0; c < clusters; c++) {
        const distance = between(values, row * columns, centres, c);
        if (distance < least) [nearest, least, second] = [c, distance, least];
        else if (distance < second) second = distance;
      }
      moved ||= assignments[row] !== nearest;
      [assignments[row], own[row], other[row]] = [nearest, least, second];
    }
    if (!moved || round === MOST_ROUNDS) {
      return { assignments, centres, inertia: inertiaOf(points, centres, assignments), rounds: round };
    }
    const next = meansOf(points, centres, assignments);
    const moves = Float64Array.from({ length: clusters }, (_, c) => between(next, c * columns, centres, c));
    const farthest = Math.max(...moves);
    for (let row = 0; row < rows; row++) {
      own[row] += moves[assignments[row]];
      other[row] -= farthest;
    }
    centres = next;
  }
}

function plusPlus({ values, rows, columns }: Matrix, clusters: number, random: Draws): Float64Array {
  const centres = new Float64Array(clusters * columns);
  const nearest = new Float64Array(rows).fill(Infinity);
  let chosen = random.below(rows);
  for (let c = 0; c < clusters; c++) {
    const centre = values.subarray(chosen * columns, (chosen + 1) * columns);
    centres.set(centre, c * columns);
    let total = 0;
    for (let row = 0; row < rows; row++) {
      nearest[row] = Math.min(nearest[row], distanceOf(values, row * columns, centres, c * columns, columns));
      total += nearest[row];
    }
    let left = random.uniform() * total;
    chosen = 0; // where all rows are centres
    for (let row = 0; row < rows; row++) {
      if (nearest[row] === 0) continue;
      chosen = row;
      if ((left -= nearest[row]) < 0) break;
    }
  }
  return centres;
}

function meansOf({ values, columns }: Matrix, old: Float64Array, assignments: Uint32Array): Float64Array {
  const sums = new Float64Array(old.length);
  const counts = new Uint32Array(old.length / columns);
  assignments.forEach((cluster, row) => {
    counts[cluster]++;
    for (let i = 0; i < columns; i++) sums[cluster * columns + i] += values[row * columns + i];
  });
  return sums.map((sum, i) => {
    const count = counts[Math.floor(i / columns)];
    return count === 0 ? old[i] : sum / count;
  });
}

function inertiaOf({ values, columns }: Matrix, centres: Float64Array, assignments: Uint32Array): number {
  let sum = 0;
  assignments.forEach((cluster, row) => {
    sum += distanceOf(values, row * columns, centres, cluster * columns, columns);
  });
  return sum;
}

type Numbers = Float32Array | Float64Array;

/** `|x − y|²`, in four sums that do not wait for each other. */
function distanceOf(x: Numbers, at: number, y: Float64Array, other: number, length: number): number {
  let [a, b, c, d, i] = [0, 0, 0, 0, 0];
  for (; i + 3 < length; i += 4) {
    const [p, q] = [at + i, other + i];
    a += (x[p] - y[q]) ** 2;
    b += (x[p + 1] - y[q + 1]) ** 2;
    c += (x[p + 2] - y[q + 2]) ** 2;
    d += (x[p + 3] - y[q + 3]) ** 2;
  }
  for (; i < length; i++) a += (x[at + i] - y[other + i]) ** 2;
  return a + b + c + d;
}
