/**
 * The safetensors format: eight bytes of header length (little-endian), a JSON header with name, type, shape and place of
 * every tensor, then their bytes without gaps. https://huggingface.co/docs/safetensors
 *
 * Files written here carry a CRC-32 over the whole file in `__metadata__.crc32`, computed with that field as `00000000`.
 */

import { crc32 } from "./crc32.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** A tensor's numbers on the host, row-major. */
export interface StoredTensor {
  readonly shape: Shape;
  readonly data: Float32Array | Uint32Array;
}

/** What a file holds. */
export interface Safetensors {
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  /** Free text by name; `crc32` is set by `encodeSafetensors`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const LENGTH_BYTES = 8;
const MAX_HEADER = 100_000_000; // bytes, the limit of the reference implementation
const CHECKED = '{"__metadata__":{"crc32":"'; // what a header with a checksum starts with
const NO_CRC = "00000000";

/**
 * The bytes of a file, as pieces to be written one after the other; those of the tensors are views of their data.
 *
 * @throws {RangeError} If a shape does not fit its data
 */
export function encodeSafetensors({ tensors, metadata }: Safetensors): Uint8Array<ArrayBuffer>[] {
  const texts = Object.entries(metadata).filter(([name]) => name !== "crc32");
  const entries: string[] = [];
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(`Cannot store ${name}: ${data.length} numbers, expected ${sizeOf(shape)} for [${shape}]`);
    }
    const dtype = data instanceof Uint32Array ? "U32" : "F32";
    entries.push(pair(name, { dtype, shape, data_offsets: [end, end += data.byteLength] }));
  }
  const about = [`${CHECKED}${NO_CRC}"`, ...texts.map(([name, text]) => pair(name, text))].join(",");
  const json = new TextEncoder().encode(`${[`${about}}`, ...entries].join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8; // so that the data are aligned
  const head = new Uint8Array(LENGTH_BYTES + padded).fill(" ".charCodeAt(0));
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true);
  head.set(json, LENGTH_BYTES);
  const pieces = Object.values(tensors).map(({ data }) =>
    new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
  );
  const crc = [head, ...pieces].reduce((crc, piece) => crc32(piece, crc), 0);
  head.set(new TextEncoder().encode(hexadecimal(crc)), LENGTH_BYTES + CHECKED.length);
  return [head, ...pieces];
}

/**
 * What the bytes of a file hold. Data are views of `bytes` where their alignment allows.
 *
 * @param options `onlyF32` leaves out tensors of other types, which are refused unless they are `u32`
 * @throws {SyntaxError} If the bytes are no such file, cut short or changed; the message says what is wrong
 */
export function decodeSafetensors(bytes: Uint8Array<ArrayBuffer>, { onlyF32 = false } = {}): Safetensors {
  const { header, start } = readHeader(bytes);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    fail("metadata that are no texts", "names with texts");
  }
  const places = Object.entries(entries).map(([name, entry]) => placeOf(name, entry, onlyF32));
  let end = 0;
  for (const { name, from, to } of [...places].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end) fail(`data of ${name} at byte ${from}`, `them at ${end}, behind those before`);
    end = to;
  }
  const size = bytes.length - start;
  if (size !== end) fail(`${size} bytes of data`, `${end}${size < end ? " (the file was cut short)" : ""}`);
  verify(bytes);
  const wanted = places.filter(({ dtype }) => !onlyF32 || dtype === "F32");
  const tensors = wanted.map(({ name, from, to, dtype, shape }): [string, StoredTensor] => {
    const at = bytes.byteOffset + start + from;
    const [buffer, offset] = at % 4 === 0
      ? [bytes.buffer, at]
      : [bytes.slice(start + from, start + to).buffer, 0] as const;
    const Data = dtype === "U32" ? Uint32Array : Float32Array;
    return [name, { shape, data: new Data(buffer, offset, (to - from) / 4) }];
  });
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

function readHeader(bytes: Uint8Array<ArrayBuffer>): { header: Record<string, unknown>; start: number } {
  if (bytes.length < LENGTH_BYTES) fail(`a file of ${bytes.length} bytes`, `at least ${LENGTH_BYTES}`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > MAX_HEADER) fail(`a header of ${length} bytes`, `at most ${MAX_HEADER}`);
  const start = LENGTH_BYTES + length;
  if (bytes.length < start) fail(`${bytes.length} bytes`, `a header up to byte ${start} (the file was cut short)`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, start)));
  } catch {
    fail("a header that is no JSON text", "a JSON object");
  }
  if (!isRecord(header)) fail("a header that is no JSON object", "a JSON object");
  return { header, start };
}

interface Place {
  name: string;
  dtype: string;
  shape: Shape;
  from: number;
  to: number;
}

/** Bytes of an element by the format's name of its type. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};

function placeOf(name: string, entry: unknown, anyType: boolean): Place {
  if (!isRecord(entry)) fail(`no type, shape and place of ${name}`, "them in the header");
  const { dtype, shape, data_offsets: offsets } = entry;
  const known = anyType ? Object.keys(ELEMENT_BYTES) : ["F32", "U32"];
  if (typeof dtype !== "string" || !known.includes(dtype)) {
    fail(`${name} of type ${JSON.stringify(dtype)}`, known.join(" or "));
  }
  if (!isLengths(shape)) fail(`${name} of shape ${JSON.stringify(shape)}`, "a list of whole numbers");
  if (!isLengths(offsets) || offsets.length !== 2) {
    fail(`${name} at ${JSON.stringify(offsets)}`, "the first byte and that behind the last");
  }
  const [from, to] = offsets;
  const size = sizeOf(shape) * ELEMENT_BYTES[dtype];
  if (to - from !== size) fail(`${to - from} bytes of ${name}`, `${size} for [${shape}]`);
  return { name, dtype, shape, from, to };
}

/** Compares the checksum, if the file has one. */
function verify(bytes: Uint8Array<ArrayBuffer>): void {
  const at = LENGTH_BYTES + CHECKED.length;
  const text = new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, at + NO_CRC.length));
  if (!text.startsWith(CHECKED)) return;
  const before = crc32(bytes.subarray(0, at));
  const found = crc32(bytes.subarray(at + NO_CRC.length), crc32(new TextEncoder().encode(NO_CRC), before));
  const stored = text.slice(CHECKED.length);
  if (hexadecimal(found) !== stored) fail(`checksum ${hexadecimal(found)}`, `${stored} (bytes were changed)`);
}

const pair = (name: string, value: unknown): string => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
const hexadecimal = (crc: number): string => crc.toString(16).padStart(NO_CRC.length, "0");

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLengths(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);
}

function fail(found: string, expected: string): never {
  throw new SyntaxError(`Cannot read safetensors: found ${found}, expected ${expected}`);
}
