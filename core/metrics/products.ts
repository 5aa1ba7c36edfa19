/** All inner products of two sets of rows, `A Bᵀ`, on the GPU, a block at a time. */

import { compile, type Program } from "../compile/program.ts";
import type { Device } from "../gpu/device.ts";
import { matmul } from "../ops/matmul.ts";

/** Rows to multiply. */
export interface Rows {
  readonly count: number;
  readonly dimensions: number;
  /** Writes the numbers of a row to `target[at]`, `target[at + stride]`, … */
  write(row: number, target: Float32Array, at: number, stride: number): void;
}

/** Inner products of some rows of A with some rows of B. */
export interface Block {
  readonly firstRow: number;
  readonly rows: number;
  readonly firstColumn: number;
  readonly columns: number;
  /** `[rows, stride]`, of which the first `columns` count. */
  readonly products: Float32Array;
  readonly stride: number;
}

/** Rows of a block: 1024² products are 4 MB, and long enough a job to hide the upload of the next. */
const MOST_ROWS = 1024;
/** Floats of an operand, 32 MiB: every adapter can bind that, and make a texture of it. */
const MOST_FLOATS = 2 ** 23;
/** Blocks have so many rows or a multiple, so that loads are of four numbers and few sizes are compiled. */
const ALIGNMENT = 16;

/** Rows of a block of products. */
export function blockSize(count: number, dimensions: number): number {
  const fit = Math.floor(MOST_FLOATS / dimensions / ALIGNMENT) * ALIGNMENT;
  return Math.max(ALIGNMENT, Math.min(MOST_ROWS, fit, Math.ceil(count / ALIGNMENT) * ALIGNMENT));
}

/** The product of one block. */
export class BlockProduct {
  readonly #left: Float32Array<ArrayBuffer>;
  readonly #right: Float32Array<ArrayBuffer>;

  private constructor(readonly size: number, readonly dimensions: number, readonly program: Program) {
    this.#left = new Float32Array(size * dimensions);
    this.#right = new Float32Array(size * dimensions);
  }

  /** Compiles it for blocks of `size` rows. */
  static async create(device: Device, size: number, dimensions: number): Promise<BlockProduct> {
    const inputs = { left: { shape: [size, dimensions] }, right: { shape: [dimensions, size] } };
    const program = await compile(
      device,
      (_: Record<string, never>, { left, right }) => ({ outputs: { products: matmul(left, right) } }),
      { inputs },
    );
    return new BlockProduct(size, dimensions, program);
  }

  /**
   * Walks over `A Bᵀ`. While the host looks at a block the GPU computes the next one. Where `b` is `a` the blocks below
   * the diagonal, which are transposes of those above, are left out.
   *
   * @throws {DeviceError} If the adapter was lost
   */
  async forEach(a: Rows, b: Rows, visit: (block: Block) => void): Promise<void> {
    const { size } = this;
    let previous: (() => Promise<void>) | undefined;
    for (let firstColumn = 0; firstColumn < b.count; firstColumn += size) {
      this.#take(this.#right, b, firstColumn, "columns");
      const end = a === b ? Math.min(a.count, firstColumn + size) : a.count;
      for (let firstRow = 0; firstRow < end; firstRow += size) {
        this.#take(this.#left, a, firstRow, "rows");
        const products = this.#products();
        products.catch(() => {}); // awaited after the visit of the previous block
        await previous?.();
        const [rows, columns] = [Math.min(size, a.count - firstRow), Math.min(size, b.count - firstColumn)];
        previous = async () => visit({ firstRow, rows, firstColumn, columns, products: await products, stride: size });
      }
    }
    await previous?.();
  }

  /** Writes rows as the rows or columns of an operand, zeros behind the last one. */
  #take(operand: Float32Array, rows: Rows, first: number, as: "rows" | "columns"): void {
    const { size, dimensions } = this;
    const count = Math.min(size, rows.count - first);
    if (count < size) operand.fill(0);
    for (let i = 0; i < count; i++) {
      if (as === "rows") rows.write(first + i, operand, i * dimensions, 1);
      else rows.write(first + i, operand, i, size);
    }
  }

  /** Enqueues the product; resolves to `[size, size]` numbers. */
  async #products(): Promise<Float32Array> {
    this.program.run({ left: this.#left, right: this.#right });
    return (await this.program.read()).products as Float32Array;
  }

  /** Frees what it owns. */
  destroy(): void {
    this.program.destroy();
  }
}

/**
 * Walks over `A Bᵀ` with a program of its own.
 *
 * @throws {DeviceError} If the adapter was lost
 */
export async function forEachBlock(device: Device, a: Rows, b: Rows, visit: (block: Block) => void): Promise<void> {
  const size = blockSize(Math.max(a.count, b.count), a.dimensions);
  const product = await BlockProduct.create(device, size, a.dimensions);
  try {
    await product.forEach(a, b, visit);
  } finally {
    product.destroy();
  }
}
