/**
 * NumPy's array files (`.npy`, versions 1 to 3): magic, a header that is a Python dictionary with type, order and shape,
 * then the numbers. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

import { type Shape, sizeOf } from "./shape.ts";

/** Numbers of an array file, row-major. */
export interface NpyArray {
  readonly shape: Shape;
  readonly data: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;
}

const MAGIC = "\x93NUMPY";
const ALIGNMENT = 64; // of the numbers in the file
const HEADER =
  /^\{\s*'descr': '([^']*)',\s*'fortran_order': (True|False),\s*'shape': \(((?:\s*\d+\s*,)*(?:\s*\d+\s*)?)\),?\s*\}\s*$/;
/** Bytes of a number by NumPy's name of its type. */
const TYPES: Readonly<Record<string, number>> = { "<f4": 4, "|u1": 1, "u1": 1 };

/**
 * What an array file holds: `float32` (little-endian) or `uint8`, in C order.
 *
 * @throws {SyntaxError} If the bytes are no such file, cut short, of another type or in Fortran order
 *
 * @example
 * ```ts
 * import { decodeNpy, encodeNpy } from "./npy.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const array = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
 * assertEquals(decodeNpy(encodeNpy(array)), array);
 * ```
 */
export function decodeNpy(bytes: Uint8Array<ArrayBuffer>): NpyArray {
  const { text, start } = headerOf(bytes);
  const [, type, fortran, lengths] = HEADER.exec(text) ?? fail(`header ${text.trim()}`, "one that NumPy writes");
  if (!Object.hasOwn(TYPES, type)) fail(`numbers of type ${type}`, "float32 (<f4) or uint8 (|u1)");
  if (fortran === "True") fail("numbers in Fortran order", "C order (numpy.ascontiguousarray makes it)");
  const shape = lengths.split(",").map((length) => length.trim()).filter((length) => length !== "").map(Number);
  const size = sizeOf(shape) * TYPES[type];
  if (bytes.length - start !== size) {
    const found = `${bytes.length - start} bytes of numbers`;
    fail(found, `${size} for [${shape}]${bytes.length - start < size ? " (the file was cut short)" : ""}`);
  }
  const data = bytes.slice(start);
  return { shape, data: type === "<f4" ? new Float32Array(data.buffer) : data };
}

/**
 * The bytes of an array file, version 1.0.
 *
 * @throws {RangeError} If the shape does not fit the numbers
 */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array<ArrayBuffer> {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(`Cannot store ${data.length} numbers as [${shape}]: expected ${sizeOf(shape)}`);
  }
  const type = data instanceof Float32Array ? "<f4" : "|u1";
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(start + data.byteLength).fill(" ".charCodeAt(0), 0, start);
  bytes.set(Array.from(`${MAGIC}\x01\x00`, (character) => character.charCodeAt(0)));
  new DataView(bytes.buffer).setUint16(8, start - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[start - 1] = "\n".charCodeAt(0);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}

function headerOf(bytes: Uint8Array<ArrayBuffer>): { text: string; start: number } {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) fail(`a file that begins with ${JSON.stringify(magic)}`, "NumPy's \\x93NUMPY");
  const [version] = bytes.subarray(MAGIC.length);
  if (version === undefined || version < 1 || version > 3) fail(`version ${version} of the format`, "1, 2 or 3");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const from = version === 1 ? 10 : 12;
  const length = from > bytes.length ? Infinity : version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (from + length > bytes.length) fail(`${bytes.length} bytes`, "a whole header (the file was cut short)");
  return { text: new TextDecoder().decode(bytes.subarray(from, from + length)), start: from + length };
}

function fail(found: string, expected: string): never {
  throw new SyntaxError(`Cannot read NumPy file: found ${found}, expected ${expected}`);
}
