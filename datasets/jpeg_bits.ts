/** Bits and Huffman codes of a JPEG file (ITU-T T.81, annexes C and F). */

const SHORT = 9; // codes of so many bits are found with one look into a table
const LONGEST = 16;

/** More than one block can take: bits after the end may be asked for until it is complete, and are zeros. */
const SLACK = 256;

/** The error for a file that something happened to; its message goes on a sentence about the file. */
export const damaged = (what: string): SyntaxError => new SyntaxError(`is damaged (${what}), expected an intact file`);

/** A table of Huffman codes, found by the bits that come next. An entry is `256 * length + symbol`. */
export class HuffmanTable {
  /** Entries by the next 9 bits; 0 for longer codes, and for none. */
  readonly short = new Uint16Array(1 << SHORT);
  /** By length: the first 16 bits that are past its codes, and what leads from a code to its symbol. */
  readonly #past = new Int32Array(LONGEST + 1);
  readonly #offset = new Int32Array(LONGEST + 1);
  readonly #symbols: Uint8Array;

  /**
   * @param counts Number of codes of 1, 2, …, 16 bits
   * @param symbols What they stand for, shortest codes first
   * @throws {SyntaxError} If there are more codes of a length than bits can tell apart
   */
  constructor(counts: Uint8Array, symbols: Uint8Array) {
    this.#symbols = symbols;
    for (let length = 1, code = 0, index = 0; length <= LONGEST; length++, code *= 2) {
      this.#offset[length] = index - code;
      for (const end = index + counts[length - 1]; index < end; index++, code++) {
        const rest = SHORT - length;
        if (rest >= 0) this.short.fill(length << 8 | symbols[index], code << rest, code + 1 << rest);
      }
      if (code >= 1 << length) throw damaged("one of its tables has more codes than there can be");
      this.#past[length] = code << LONGEST - length;
    }
  }

  /** The entry of a code of more than 9 bits that the given 16 begin with; 0 if there is none. */
  long(bits: number): number {
    for (let length = SHORT + 1; length <= LONGEST; length++) {
      if (bits < this.#past[length]) {
        return length << 8 | this.#symbols[this.#offset[length] + (bits >> LONGEST - length)];
      }
    }
    return 0;
  }
}

/** Reads the bits between two markers. */
export class BitReader {
  readonly #file: Uint8Array;
  readonly #bytes: Uint8Array;
  #end = 0;
  #at = 0;
  #bit = 0;

  constructor(file: Uint8Array) {
    this.#file = file;
    this.#bytes = new Uint8Array(file.length + SLACK);
  }

  /** Goes to the bits that begin at a byte of the file. Returns where they end: at a marker, or with the file. */
  open(from: number): number {
    const [file, bytes] = [this.#file, this.#bytes];
    let end = 0;
    for (; from < file.length; from++) {
      bytes[end++] = file[from];
      if (file[from] !== 0xff) continue;
      let next = from + 1;
      while (file[next] === 0xff) next++; // fill bytes
      if (file[next] !== 0) {
        end--;
        break;
      }
      from = next; // ff 00 stands for ff
    }
    bytes.fill(0, end, end + SLACK);
    [this.#end, this.#at, this.#bit] = [end, 0, 0];
    return from;
  }

  /** Bytes that are left, without the rest of one begun; below 0 if more were read than there are. */
  get left(): number {
    return this.#end - this.#at - (this.#bit > 0 ? 1 : 0);
  }

  /** Reads up to 16 bits. */
  read(count: number): number {
    const value = this.#next() >> 16 - count;
    this.skip(count);
    return value;
  }

  skip(count: number): void {
    const bit = this.#bit + count;
    this.#at += bit >> 3;
    this.#bit = bit & 7;
  }

  /**
   * Reads a code, and passes over the bits of the value that follows: as many as the lower half of its symbol says.
   *
   * @throws {SyntaxError} If the table has no such code
   */
  symbol(table: HuffmanTable): number {
    const bits = this.#next();
    const entry = table.short[bits >> 16 - SHORT] || table.long(bits);
    if (entry === 0) throw this.damaged("a code of its pixels is in none of its tables");
    this.skip((entry >> 8) + (entry & 15));
    return entry & 255;
  }

  /** The error for what was found, or for the end before it if there is nothing more to be found. */
  damaged(what: string): SyntaxError {
    return damaged(this.left < 0 ? "its pixels end early" : what);
  }

  #next(): number {
    const [bytes, at] = [this.#bytes, this.#at];
    return (bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2]) >> 8 - this.#bit & 0xffff;
  }
}
