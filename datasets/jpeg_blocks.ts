/** What the codes of a block of 8x8 pixels are in each kind of scan (ITU-T T.81, F.2.2, G.1.2 and G.2). */

import type { BitReader, HuffmanTable } from "./jpeg_bits.ts";

/** A component of a picture: its brightness, a colour, an ink. */
export interface Component {
  readonly id: number;
  /** Its blocks in a unit of several components. */
  readonly across: number;
  readonly down: number;
  /** All of its blocks. */
  readonly columns: number;
  readonly rows: number;
  /** How many low bits of each coefficient are still to come; -1 before the first scan that has it. */
  readonly pending: Int8Array;
  /** A bit for each of the 64 coefficients of each block: 1 if it is not 0. Of progressive files only. */
  readonly nonzero: Uint32Array;
}

/** One component in a scan. */
export interface ScanPart {
  readonly component: Component;
  readonly dc?: HuffmanTable;
  readonly ac?: HuffmanTable;
}

/** What one pass over the picture has: coefficients `first` to `last`. */
export interface Scan {
  readonly progressive: boolean;
  readonly parts: readonly ScanPart[];
  readonly first: number;
  readonly last: number;
  /** Whether it adds one bit to coefficients that an earlier scan began. */
  readonly refines: boolean;
}

/** The last of the 64 coefficients of a block. */
export const LAST = 63;
const SIXTEEN_ZEROS = 0xf0; // the one symbol without a value that does not end a block

const pastTheLast = "a block has more coefficients than there can be";

/** Passes over the blocks of a scan one by one. */
export class BlockWalker {
  readonly #bits: BitReader;
  readonly #scan: Scan;
  /** Blocks to come of which a code told already that they have nothing new but bits of what is not 0. */
  #ended = 0;

  constructor(bits: BitReader, scan: Scan) {
    this.#bits = bits;
    this.#scan = scan;
  }

  /**
   * @param block Number of the block in its component; looked at in scans of one component only
   * @throws {SyntaxError} If the codes are none, too many, or end before the block does
   */
  walk({ component: { nonzero }, dc, ac }: ScanPart, block: number): void {
    const { progressive, first, refines } = this.#scan;
    if (!progressive) this.#sequential(dc!, ac!);
    else if (first === 0) refines ? this.#bits.skip(1) : this.#bits.symbol(dc!);
    else refines ? this.#refine(ac!, nonzero, block) : this.#begin(ac!, nonzero, block);
    if (this.#bits.left < 0) throw this.#bits.damaged("");
  }

  #sequential(dc: HuffmanTable, ac: HuffmanTable): void {
    const bits = this.#bits;
    bits.symbol(dc);
    for (let k = 1; k <= LAST; k++) {
      const symbol = bits.symbol(ac);
      if ((symbol & 15) === 0 && symbol !== SIXTEEN_ZEROS) return;
      k += symbol >> 4;
      if (k > LAST) throw bits.damaged(pastTheLast);
    }
  }

  #begin(ac: HuffmanTable, nonzero: Uint32Array, block: number): void {
    if (this.#ended > 0) {
      this.#ended--;
      return;
    }
    const bits = this.#bits;
    const { first, last } = this.#scan;
    for (let k = first; k <= last; k++) {
      const symbol = bits.symbol(ac);
      const [zeros, size] = [symbol >> 4, symbol & 15];
      if (size === 0 && symbol !== SIXTEEN_ZEROS) {
        this.#ended = (1 << zeros) + bits.read(zeros) - 1;
        return;
      }
      k += zeros;
      if (k > last) throw bits.damaged(pastTheLast);
      if (size > 0) nonzero[2 * block + (k >> 5)] |= 1 << (k & 31);
    }
  }

  #refine(ac: HuffmanTable, nonzero: Uint32Array, block: number): void {
    const bits = this.#bits;
    const { first, last } = this.#scan;
    let k = first;
    for (; this.#ended === 0 && k <= last; k++) {
      const symbol = bits.symbol(ac);
      const size = symbol & 15;
      let zeros = symbol >> 4;
      if (size > 1) throw bits.damaged("a code adds more than the one bit that its scan is about");
      if (size === 0 && symbol !== SIXTEEN_ZEROS) {
        this.#ended = (1 << zeros) + bits.read(zeros);
        break;
      }
      for (; k <= last; k++) { // zeros are counted; what is not 0 has a bit more
        if (nonzero[2 * block + (k >> 5)] >> (k & 31) & 1) bits.skip(1);
        else if (--zeros < 0) break;
      }
      if (k > last) throw bits.damaged(pastTheLast);
      if (size > 0) nonzero[2 * block + (k >> 5)] |= 1 << (k & 31);
    }
    if (this.#ended === 0) return;
    for (; k <= last; k++) bits.skip(nonzero[2 * block + (k >> 5)] >> (k & 31) & 1);
    this.#ended--;
  }
}
