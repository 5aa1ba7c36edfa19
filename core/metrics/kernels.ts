/** Squared maximum mean discrepancy, without bias, for any kernel of inner products. */

import type { BlockProduct, Rows } from "./products.ts";

/** Two sets, one behind the other. */
export class Union implements Rows {
  constructor(readonly real: Rows, readonly fake: Rows) {}

  get count(): number {
    return this.real.count + this.fake.count;
  }

  get dimensions(): number {
    return this.real.dimensions;
  }

  /** Writes a row of the one or of the other. */
  write(row: number, target: Float32Array, at: number, stride: number): void {
    const set = row < this.real.count ? this.real : this.fake;
    set.write(set === this.real ? row : row - this.real.count, target, at, stride);
  }
}

/**
 * The unbiased estimate of `MMD²` (Gretton et al., "A kernel two-sample test", JMLR 13, 2012, lemma 6):
 *
 *     Σ_{i≠j} k(x_i, x_j) / (n (n−1)) + Σ_{i≠j} k(y_i, y_j) / (m (m−1)) − 2 Σ_{ij} k(x_i, y_j) / (n m)
 *
 * with `n` real `x` and `m` fake `y`, summed up in float64. Around 0, and below it as often as above, for equal
 * distributions.
 *
 * @param kernel From `x_i · x_j` and the numbers of both rows in the union
 */
export async function squaredMmd(
  product: BlockProduct,
  union: Union,
  kernel: (product: number, i: number, j: number) => number,
): Promise<number> {
  const [n, m] = [union.real.count, union.fake.count];
  const sums = { real: 0, fake: 0, both: 0 }; // pairs within the sets once
  await product.forEach(union, union, ({ products, stride, firstRow, rows, firstColumn, columns }) => {
    for (let j = firstColumn; j < firstColumn + columns; j++) {
      const end = Math.min(firstRow + rows, j); // the upper triangle
      const middle = Math.max(firstRow, Math.min(end, n));
      const at = j - firstColumn - firstRow * stride;
      let [withReal, withFake] = [0, 0];
      for (let i = firstRow; i < middle; i++) withReal += kernel(products[at + i * stride], i, j);
      for (let i = middle; i < end; i++) withFake += kernel(products[at + i * stride], i, j);
      if (j < n) sums.real += withReal;
      else {
        sums.both += withReal;
        sums.fake += withFake;
      }
    }
  });
  return 2 * sums.real / (n * (n - 1)) + 2 * sums.fake / (m * (m - 1)) - 2 * sums.both / (n * m);
}
