/** Which of many samples are shown for a node. */

import type { Matrix } from "../metrics/matrix.ts";

const MOST_CANDIDATES = 256; // all pairs of them are compared
const SIDE = 8; // of pictures as they are compared

/**
 * Pictures in few numbers, to compare them by: averages over the cells of an 8x8 grid (fewer where a side is shorter), which
 * a shift by a pixel leaves alike.
 *
 * @param images `[n, height, width, channels]`, row-major
 * @returns `[n, 8·8·channels]`
 */
export function thumbnails(images: Float32Array, shape: readonly number[]): Matrix {
  const [n, height, width, channels] = shape;
  const [rows, columns] = [Math.min(SIDE, height), Math.min(SIDE, width)];
  const length = rows * columns * channels;
  const cellOf = Int32Array.from({ length: height * width }, (_, pixel) => {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return (Math.floor(y * rows / height) * columns + Math.floor(x * columns / width)) * channels;
  });
  const counts = new Float32Array(length);
  for (const cell of cellOf) for (let c = 0; c < channels; c++) counts[cell + c]++;
  const values = new Float32Array(n * length);
  for (let i = 0; i < n; i++) {
    for (let pixel = 0; pixel < cellOf.length; pixel++) {
      const [to, from] = [i * length + cellOf[pixel], (i * cellOf.length + pixel) * channels];
      for (let c = 0; c < channels; c++) values[to + c] += images[from + c];
    }
    for (let k = 0; k < length; k++) values[i * length + k] /= counts[k];
  }
  return { values, rows: n, columns: length };
}

/**
 * The samples whose paths go through a node most surely: the half of what gets there (`½ Σ r`) with the largest weights, at
 * least `atLeast` and at most 256 of them; of equally sure ones those drawn first.
 *
 * @param reach Path weight of the node for every sample
 * @returns Numbers of samples, surest first
 */
export function surest(reach: Float32Array, atLeast: number): number[] {
  const half = Math.ceil(reach.reduce((sum, r) => sum + r, 0) / 2);
  const most = Math.max(atLeast, Math.min(half, MOST_CANDIDATES));
  return Array.from(reach.keys()).sort((a, b) => reach[b] - reach[a] || a - b).slice(0, most);
}

/**
 * Samples that stand for all candidates: first the one nearest to the mean, the most typical; then, one by one, the one that
 * makes `Σ_i min_j ‖x_i − x_j‖²`, over candidates `i` and shown samples `j`, least. So what comes next is common but not
 * shown yet, and what is odd comes last or never. The greedy way to the k-medoids problem (Nemhauser, Wolsey & Fisher, "An
 * analysis of approximations for maximizing submodular set functions", 1978), begun at the mean.
 *
 * @param points `x [samples, columns]`
 * @param candidates Numbers of the samples to choose from
 * @param mean `[columns]`
 * @returns Numbers of samples, at most `count`
 */
export function representatives(
  points: Matrix,
  candidates: readonly number[],
  { mean, count }: { mean: ArrayLike<number>; count: number },
): number[] {
  const n = candidates.length;
  const rows = candidates.map((i) => points.values.subarray(i * points.columns, (i + 1) * points.columns));
  const distances = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) distances[i * n + j] = distances[j * n + i] = squaredDistance(rows[i], rows[j]);
  }
  const toMean = rows.map((row) => squaredDistance(row, mean));
  const chosen = [toMean.indexOf(Math.min(...toMean))];
  const nearest = distances.slice(chosen[0] * n, (chosen[0] + 1) * n);
  while (chosen.length < Math.min(count, n)) {
    const taken = new Set(chosen);
    let [best, least] = [-1, Infinity];
    for (let j = 0; j < n; j++) {
      if (taken.has(j)) continue;
      let sum = 0;
      for (let i = 0; i < n; i++) sum += Math.min(nearest[i], distances[j * n + i]);
      if (sum < least) [best, least] = [j, sum];
    }
    chosen.push(best);
    for (let i = 0; i < n; i++) nearest[i] = Math.min(nearest[i], distances[best * n + i]);
  }
  return chosen.map((i) => candidates[i]);
}

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) ** 2;
  return sum;
}
