/** Symmetric positive definite systems on the host, in float64. */

/**
 * Solves `A x = b` by Cholesky's factors `A = L Lᵀ`.
 *
 * @param a `[n, n]`, symmetric; the lower half is read and overwritten by `L`
 * @param b `[n, columns]`, overwritten by `x`
 * @returns Whether `A` is positive definite to rounding; if not, `a` and `b` hold nothing of use
 *
 * @example
 * ```ts
 * import { solvePositive } from "./cholesky.ts";
 * import { assert, assertAlmostEquals } from "@std/assert";
 *
 * const x = Float64Array.of(1, 2);
 * assert(solvePositive(Float64Array.of(4, 2, 2, 3), x)); // 4 x + 2 y = 1, 2 x + 3 y = 2
 * assertAlmostEquals(x[0], -1 / 8);
 * assertAlmostEquals(x[1], 3 / 4);
 * ```
 */
export function solvePositive(a: Float64Array, b: Float64Array): boolean {
  const n = Math.round(Math.sqrt(a.length));
  const columns = b.length / n;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let rest = a[i * n + j];
      for (let k = 0; k < j; k++) rest -= a[i * n + k] * a[j * n + k];
      if (i > j) a[i * n + j] = rest / a[j * n + j];
      else if (rest > 0) a[j * n + j] = Math.sqrt(rest);
      else return false; // NaN, too
    }
  }
  for (let c = 0; c < columns; c++) {
    for (let i = 0; i < n; i++) { // L y = b
      let rest = b[i * columns + c];
      for (let k = 0; k < i; k++) rest -= a[i * n + k] * b[k * columns + c];
      b[i * columns + c] = rest / a[i * n + i];
    }
    for (let i = n - 1; i >= 0; i--) { // Lᵀ x = y
      let rest = b[i * columns + c];
      for (let k = i + 1; k < n; k++) rest -= a[k * n + i] * b[k * columns + c];
      b[i * columns + c] = rest / a[i * n + i];
    }
  }
  return true;
}
