/** Symmetric matrices in float64: factors of those that may be singular, and eigenvalues. */

/** `S = FᵀF` of a positive semidefinite matrix. */
export interface Factor {
  /** `F [rank, size]`, columns in the order of `permutation`, zeros below the diagonal. */
  readonly values: Float64Array;
  readonly rank: number;
  /** Column `i` of `F` belongs to row `permutation[i]` of `S`. */
  readonly permutation: Uint32Array;
}

/** Part of the largest variance below which what is left of one is rounding error. */
const NEGLIGIBLE = 1e-14;
/** Rounds of QL that are more than enough for any eigenvalue. */
const MOST_ROUNDS = 60;

/**
 * Cholesky factor with complete pivoting, which ends where what remains is rounding error (Higham, "Accuracy and
 * stability of numerical algorithms", 2002, 10.3).
 *
 * @param matrix `[size, size]`, symmetric and positive semidefinite
 */
export function factorize(matrix: Float64Array, size: number): Factor {
  const remaining = Float64Array.from({ length: size }, (_, i) => matrix[i * size + i]);
  const smallest = remaining.reduce((a, b) => Math.max(a, b), 0) * NEGLIGIBLE;
  const pivots: number[] = [];
  const rows: Float64Array[] = []; // of F, columns in the order of S
  const used = new Uint8Array(size);
  while (pivots.length < size) {
    let pivot = -1;
    for (let i = 0; i < size; i++) if (!used[i] && (pivot < 0 || remaining[i] > remaining[pivot])) pivot = i;
    if (!(remaining[pivot] > smallest)) break;
    const row = matrix.slice(pivot * size, (pivot + 1) * size);
    subtractProducts(row, rows, pivot);
    used[pivot] = 1;
    const root = Math.sqrt(remaining[pivot]);
    for (let i = 0; i < size; i++) {
      row[i] = i === pivot ? root : used[i] ? 0 : row[i] / root;
      remaining[i] -= row[i] * row[i];
    }
    rows.push(row);
    pivots.push(pivot);
  }
  const rest = Array.from(used.keys()).filter((i) => !used[i]);
  const permutation = Uint32Array.from([...pivots, ...rest]);
  const values = new Float64Array(rows.length * size);
  rows.forEach((row, j) => permutation.forEach((i, at) => values[j * size + at] = row[i]));
  return { values, rank: rows.length, permutation };
}

/** `target −= Σ rows[l][pivot] · rows[l]`, four rows at a time. */
function subtractProducts(target: Float64Array, rows: readonly Float64Array[], pivot: number): void {
  let l = 0;
  for (; l + 3 < rows.length; l += 4) {
    const [a, b, c, d] = [rows[l], rows[l + 1], rows[l + 2], rows[l + 3]];
    const [x, y, z, w] = [a[pivot], b[pivot], c[pivot], d[pivot]];
    for (let i = 0; i < target.length; i++) target[i] -= x * a[i] + y * b[i] + z * c[i] + w * d[i];
  }
  for (; l < rows.length; l++) {
    const a = rows[l];
    const x = a[pivot];
    for (let i = 0; i < target.length; i++) target[i] -= x * a[i];
  }
}

/**
 * `F S Fᵀ` for a factor of one matrix and another matrix of the same size.
 *
 * @param matrix `S [size, size]`, symmetric
 * @returns `[rank, rank]`, of which the lower triangle is there
 */
export function sandwich({ values, rank, permutation }: Factor, matrix: Float64Array): Float64Array {
  const size = permutation.length;
  const permuted = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const from = permutation[i] * size;
    for (let j = 0; j < size; j++) permuted[i * size + j] = matrix[from + permutation[j]];
  }
  const half = new Float64Array(rank * size); // F S; a row of F begins at its diagonal
  for (let j = 0; j < rank; j++) dots(values, j * size, permuted, half, j * size, { size, count: size, first: j });
  const result = new Float64Array(rank * rank);
  for (let j = 0; j < rank; j++) dots(half, j * size, values, result, j * rank, { size, count: j + 1, first: 0 });
  return result;
}

/** `result[k] = Σ left[i] right[k, i]` over `i` from `first` on, for four `k` at a time. */
function dots(
  left: Float64Array,
  leftAt: number,
  right: Float64Array,
  result: Float64Array,
  resultAt: number,
  { size, count, first }: { size: number; count: number; first: number },
): void {
  for (let k = 0; k < count; k += 4) {
    const [a, b, c, d] = [0, 1, 2, 3].map((more) => Math.min(k + more, count - 1) * size);
    let [s, t, u, v] = [0, 0, 0, 0];
    for (let i = first; i < size; i++) {
      const x = left[leftAt + i];
      s += x * right[a + i];
      t += x * right[b + i];
      u += x * right[c + i];
      v += x * right[d + i];
    }
    [s, t, u, v].slice(0, count - k).forEach((sum, more) => result[resultAt + k + more] = sum);
  }
}

/**
 * Eigenvalues in ascending order: Householder's reduction to a tridiagonal matrix, then implicit QL (Wilkinson & Reinsch,
 * "Handbook for automatic computation II: linear algebra", 1971; EISPACK's `tred1` and `imtql1`).
 *
 * @param matrix `[size, size]`, of which the lower triangle is read, and overwritten
 * @throws {RangeError} If QL does not converge, which finite numbers do not let happen
 *
 * @example
 * ```ts
 * import { symmetricEigenvalues } from "./symmetric.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const [small, large] = symmetricEigenvalues(Float64Array.of(2, 0, 1, 2), 2); // [[2, 1], [1, 2]]
 * assertAlmostEquals(small, 1);
 * assertAlmostEquals(large, 3);
 * ```
 */
export function symmetricEigenvalues(matrix: Float64Array, size: number): Float64Array {
  const { diagonal, beside } = tridiagonal(matrix, size);
  return ql(diagonal, beside).sort();
}

/** Diagonal and, from 1 on, the numbers beside it of a similar tridiagonal matrix. */
function tridiagonal(a: Float64Array, size: number): { diagonal: Float64Array; beside: Float64Array } {
  const diagonal = new Float64Array(size);
  const beside = new Float64Array(size);
  const [u, p] = [new Float64Array(size), new Float64Array(size)];
  for (let i = size - 1; i > 0; i--) {
    const row = i * size;
    diagonal[i] = a[row + i];
    let scale = 0;
    for (let k = 0; k < i; k++) scale = Math.max(scale, Math.abs(a[row + k]));
    if (scale === 0) continue;
    let square = 0;
    for (let k = 0; k < i; k++) square += (u[k] = a[row + k] / scale) ** 2;
    const length = u[i - 1] > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    beside[i] = scale * length;
    const h = square - u[i - 1] * length; // |u|²/2 of the reflection I − u uᵀ/h
    u[i - 1] -= length;
    p.fill(0, 0, i);
    for (let j = 0; j < i; j++) { // p = A u, each element of the lower triangle used for both its places
      const at = j * size;
      const uj = u[j];
      let sum = a[at + j] * uj;
      for (let k = 0; k < j; k++) {
        const x = a[at + k];
        sum += x * u[k];
        p[k] += x * uj;
      }
      p[j] += sum;
    }
    let dot = 0;
    for (let j = 0; j < i; j++) dot += (p[j] /= h) * u[j];
    const shift = dot / (2 * h);
    for (let j = 0; j < i; j++) p[j] -= shift * u[j];
    for (let j = 0; j < i; j++) { // A −= u pᵀ + p uᵀ
      const at = j * size;
      const [uj, pj] = [u[j], p[j]];
      for (let k = 0; k <= j; k++) a[at + k] -= uj * p[k] + pj * u[k];
    }
  }
  diagonal[0] = a[0];
  return { diagonal, beside };
}

/** Eigenvalues of a tridiagonal matrix in place of its diagonal. */
function ql(d: Float64Array, beside: Float64Array): Float64Array {
  const n = d.length;
  const e = new Float64Array(n);
  e.set(beside.subarray(1));
  for (let l = 0; l < n; l++) {
    for (let round = 0;; round++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      if (round === MOST_ROUNDS) {
        throw new RangeError(`Cannot find eigenvalue ${l} of ${n}: ${round} rounds of QL, expected fewer to be enough`);
      }
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      let r = Math.hypot(g, 1);
      g = d[m] - d[l] + e[l] / (g + (g < 0 ? -r : r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) { // it falls apart here
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
      }
      if (r === 0 && i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  return d;
}
