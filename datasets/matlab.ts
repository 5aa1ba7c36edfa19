/**
 * MATLAB MAT-files of level 5, as far as numbers go (MathWorks, "MAT-File Format", R2019b): a header of 128 bytes, then
 * data elements of type, length and content, filled up to 8 bytes; an element may be a zlib stream that holds another.
 */

import { inflateSync } from "node:zlib";
import { kindOf } from "./signatures.ts";

/** A matrix of numbers. */
export interface Matrix {
  readonly shape: readonly number[];
  /** The elements, column by column. */
  readonly data: Float64Array;
}

const HEADER = 128;
const MAX_UNPACKED_BYTES = 2 ** 28;
const MATRIX = 14;
const COMPRESSED = 15;
/** Array classes of real numbers: double, single, int8 to uint64. */
const NUMERIC_CLASSES = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const COMPLEX_FLAG = 0x08;
const CLASS_NAMES = ["none", "cell", "struct", "object", "char", "sparse"];

/** Numeric element types: bytes of a number and how one is read. */
const NUMBERS: Readonly<
  Record<number, readonly [bytes: number, read: (view: DataView, at: number, little: boolean) => number]>
> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};

interface Element {
  readonly type: number;
  readonly content: DataView;
  /** Where the next one starts. */
  readonly end: number;
}

/**
 * A numeric variable of a MAT-file.
 *
 * @param name The file as errors call it
 * @throws {SyntaxError} If the bytes are no MAT-file of level 5, are damaged, have no such variable or not one of real
 *   numbers
 */
export function matVariable(bytes: Uint8Array, variable: string, name: string): Matrix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = bytes.length < HEADER ? "" : String.fromCharCode(bytes[126], bytes[127]);
  const little = mark === "IM";
  if (!["IM", "MI"].includes(mark) || view.getUint16(124, little) !== 0x0100) {
    throw new SyntaxError(`Cannot read ${name}: found ${kindOf(bytes)}, expected a MATLAB file of level 5`);
  }
  const found: string[] = [];
  try {
    for (let at = HEADER; at < bytes.length;) {
      const element = elementAt(view, at, little);
      at = element.end;
      const matrix = matrixIn(element, little);
      if (matrix === null) continue;
      found.push(matrix.name);
      if (matrix.name === variable) return numbersOf(matrix, little, name);
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw new SyntaxError(
      `Cannot read ${name}: found a damaged MATLAB file (${
        error instanceof Error ? error.message : error
      }), expected a whole one`,
      { cause: error },
    );
  }
  throw new SyntaxError(`Cannot read ${name}: found ${found.join(", ") || "no variable"}, expected ${variable}`);
}

/** The element at a place; short ones have type, length and content in 8 bytes. */
function elementAt(view: DataView, at: number, little: boolean): Element {
  const word = view.getUint32(at, little);
  const short = word >>> 16 !== 0;
  const [type, length, start] = short
    ? [word & 0xffff, word >>> 16, at + 4]
    : [word, view.getUint32(at + 4, little), at + 8];
  const content = new DataView(view.buffer, view.byteOffset + start, length);
  const filled = type === COMPRESSED ? start + length : start + Math.ceil(length / 8) * 8;
  return { type, content, end: short ? at + 8 : filled };
}

interface RawMatrix {
  readonly name: string;
  readonly flags: number;
  readonly shape: readonly number[];
  /** The elements behind the name. */
  readonly rest: DataView;
}

/** Name, shape and rest of a matrix; null if the element is none. */
function matrixIn({ type, content }: Element, little: boolean): RawMatrix | null {
  if (type === COMPRESSED) {
    const packed = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
    const unpacked = inflateSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
    return matrixIn(
      elementAt(new DataView(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength), 0, little),
      little,
    );
  }
  if (type !== MATRIX) return null;
  const flags = elementAt(content, 0, little);
  const shape = elementAt(content, flags.end, little);
  const name = elementAt(content, shape.end, little);
  const text = new Uint8Array(name.content.buffer, name.content.byteOffset, name.content.byteLength);
  return {
    name: new TextDecoder().decode(text),
    flags: flags.content.getUint32(0, little),
    shape: Array.from({ length: shape.content.byteLength / 4 }, (_, i) => shape.content.getInt32(4 * i, little)),
    rest: new DataView(content.buffer, content.byteOffset + name.end, content.byteLength - name.end),
  };
}

function numbersOf({ name: variable, flags, shape, rest }: RawMatrix, little: boolean, name: string): Matrix {
  const [kind, complex] = [flags & 0xff, (flags >>> 8 & COMPLEX_FLAG) !== 0];
  if (!NUMERIC_CLASSES.includes(kind) || complex) {
    const found = complex ? "complex numbers" : `class ${CLASS_NAMES[kind] ?? kind}`;
    throw new SyntaxError(`Cannot read ${variable} of ${name}: found ${found}, expected real numbers`);
  }
  const { type, content } = elementAt(rest, 0, little);
  const count = shape.reduce((size, length) => size * length, 1);
  const number = NUMBERS[type];
  if (number === undefined || content.byteLength !== count * number[0]) {
    throw new SyntaxError(
      `Cannot read ${variable} of ${name}: found ${content.byteLength} bytes of type ${type}, expected ${count} numbers`,
    );
  }
  const [bytes, read] = number;
  return { shape, data: Float64Array.from({ length: count }, (_, i) => read(content, i * bytes, little)) };
}
