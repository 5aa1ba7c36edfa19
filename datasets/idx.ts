/**
 * IDX, the file format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist): two zero bytes, a type code, the
 * rank, one length per axis, then the elements; every number big-endian, the last axis fastest. Often inside gzip.
 */

import { gunzipSync } from "node:zlib";
import { type Shape, sizeOf } from "../core/shape.ts";
import { kindOf } from "./signatures.ts";
import { orSentence } from "./system_error.ts";

const TYPES = {
  uint8: { code: 0x08, array: Uint8Array },
  int8: { code: 0x09, array: Int8Array },
  int16: { code: 0x0b, array: Int16Array },
  int32: { code: 0x0c, array: Int32Array },
  float32: { code: 0x0d, array: Float32Array },
  float64: { code: 0x0e, array: Float64Array },
};

/** Element type of an IDX file. */
export type IdxType = keyof typeof TYPES;

/** The array an IDX file holds. */
export interface IdxArray {
  readonly shape: Shape;
  readonly type: IdxType;
  /** The elements, row-major; a typed array that fits `type`. */
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/** A gzip stream that holds more is not unpacked: 1 GiB, over 20 times the training images of MNIST. */
const MAX_UNPACKED_BYTES = 2 ** 30;

/**
 * Reads an IDX file, gzip or plain, told apart by their first bytes.
 *
 * @throws {SyntaxError} If the file is damaged, truncated, too long or not IDX
 * @throws {Deno.errors.NotFound} If there is no such file, and so for the other errors of reading a file
 */
export async function readIdx(path: string): Promise<IdxArray> {
  return decodeIdx(await orSentence(Deno.readFile(path), `read ${path}`, "a readable file"), path);
}

/**
 * The array in the bytes of an IDX file, gzip or plain.
 *
 * @param name The file as errors call it
 * @throws {SyntaxError} If the bytes are damaged, truncated, too many or not IDX
 *
 * @example
 * ```ts
 * import { decodeIdx, encodeIdx } from "./idx.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const labels = { shape: [3], type: "uint8", data: new Uint8Array([7, 2, 1]) } as const;
 * assertEquals(decodeIdx(encodeIdx(labels), "labels"), labels);
 * ```
 */
export function decodeIdx(bytes: Uint8Array, name: string): IdxArray {
  const content = unpack(bytes, name);
  const [zero0, zero1, code, rank] = content;
  const type = (Object.keys(TYPES) as IdxType[]).find((type) => TYPES[type].code === code);
  if (content.length < 4 || zero0 !== 0 || zero1 !== 0) {
    throw new SyntaxError(
      `Cannot read ${name}: found ${
        kindOf(content)
      }, expected an IDX file, which starts with bytes 0, 0, type and rank`,
    );
  }
  if (type === undefined) {
    throw new SyntaxError(
      `Cannot read ${name}: found IDX type code ${code}, expected ${
        Object.entries(TYPES).map(([type, { code }]) => `${code} (${type})`).join(", ")
      }`,
    );
  }
  const header = 4 + 4 * rank;
  if (content.length < header) {
    throw new SyntaxError(
      `Cannot read ${name}: found ${content.length} bytes, expected at least the ${header} of an IDX header of rank ${rank}`,
    );
  }
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const { array } = TYPES[type];
  const length = header + sizeOf(shape) * array.BYTES_PER_ELEMENT;
  if (content.length !== length) {
    const packed = content === bytes ? "" : " after unpacking";
    throw new SyntaxError(
      `Cannot read ${name}: found ${content.length} bytes${packed}, expected ${length} for ${type} [${
        shape.join(", ")
      }]`,
    );
  }
  const elements = content.subarray(header);
  if (type === "uint8") return { shape, type, data: elements };
  return { shape, type, data: new array(swapBytes(elements, array.BYTES_PER_ELEMENT).buffer) };
}

/**
 * The bytes of a plain IDX file.
 *
 * @throws {RangeError} If the data do not fill the shape, their array does not fit the type, or a length does not fit
 */
export function encodeIdx({ shape, type, data }: IdxArray): Uint8Array<ArrayBuffer> {
  const { code, array } = TYPES[type];
  if (!(data instanceof array) || data.length !== sizeOf(shape)) {
    throw new RangeError(
      `Cannot encode ${data.length} elements of a ${data.constructor.name}: expected ${
        sizeOf(shape)
      } of a ${array.name} for ${type} [${shape.join(", ")}]`,
    );
  }
  if (shape.length > 255 || shape.some((length) => !Number.isInteger(length) || length < 0 || length >= 2 ** 32)) {
    throw new RangeError(
      `Cannot encode shape [${shape.join(", ")}]: expected at most 255 axes of whole lengths below 2^32`,
    );
  }
  const header = 4 + 4 * shape.length;
  const bytes = new Uint8Array(header + data.byteLength);
  bytes.set([0, 0, code, shape.length]);
  const view = new DataView(bytes.buffer);
  shape.forEach((length, axis) => view.setUint32(4 + 4 * axis, length));
  const elements = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  bytes.set(swapBytes(elements, array.BYTES_PER_ELEMENT), header);
  return bytes;
}

/** The bytes inside gzip, or the same bytes if they are not gzip. The gzip checksum is verified. */
function unpack(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const content = gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  } catch (error) {
    throw new SyntaxError(
      `Cannot unpack ${name}: found ${bytes.length} bytes of faulty gzip (${
        error instanceof Error ? error.message : error
      }), expected an intact file of at most 1 GiB unpacked`,
      { cause: error },
    );
  }
}

/** A copy with the bytes of each element reversed: big-endian to the little-endian of every WebGPU host, or back. */
function swapBytes(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const swapped = new Uint8Array(bytes);
  if (width === 1) return swapped;
  for (let start = 0; start < swapped.length; start += width) swapped.subarray(start, start + width).reverse();
  return swapped;
}
