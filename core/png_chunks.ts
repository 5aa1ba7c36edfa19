/** The parts of a PNG file (W3C Portable Network Graphics, third edition): rows, chunks and what surrounds them. */

import { crc32 } from "./crc32.ts";

/** Pixels from 0 to 255, row by row from the top left. */
export interface Picture {
  width: number;
  height: number;
  /** 1 for grey, 3 for red, green, blue. */
  channels: 1 | 3;
  data: Uint8Array<ArrayBuffer>;
}

/** CRC-32 of some bytes; whoever has a faster one than `core/crc32.ts` brings it. */
export type Checksum = (bytes: Uint8Array) => number;

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const COLOUR_TYPE = { 1: 0, 3: 2 };
const AROUND = 12; // bytes of a chunk beside its body: length, type, check sum

/**
 * Refuses what is no picture.
 *
 * @throws {RangeError} If the sides are no whole numbers of at least 1 or `data` has another length than they ask for
 */
export function checkPicture({ width, height, channels, data }: Picture): void {
  if (![width, height].every((side) => Number.isInteger(side) && side >= 1 && side < 2 ** 31)) {
    throw new RangeError(`Cannot encode a ${width}x${height} picture: expected sides of at least 1`);
  }
  if (data.length === width * height * channels) return;
  throw new RangeError(
    `Cannot encode ${data.length} bytes as ${width}x${height}x${channels}: expected ${width * height * channels}`,
  );
}

/**
 * Rows with their filter type in front: 0, the bytes as they are. This is what is deflated.
 *
 * @param room To write them to, if it is large enough
 */
export function pngRows({ data, height }: Picture, room?: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const [pitch, size] = [data.length / height, data.length + height];
  const rows = room !== undefined && room.length >= size ? room.subarray(0, size) : new Uint8Array(size);
  for (let y = 0; y < height; y++) {
    rows[y * (pitch + 1)] = 0;
    rows.set(data.subarray(y * pitch, (y + 1) * pitch), y * (pitch + 1) + 1);
  }
  return rows;
}

/** Length, type, body, check sum. */
export function pngChunk(type: string, body: Uint8Array, checksum: Checksum = crc32): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(body.length + AROUND);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(body, 8);
  view.setUint32(body.length + 8, checksum(bytes.subarray(4, body.length + 8)));
  return bytes;
}

/** A file of a picture's size and colours: signature, header, the chunks in between, end. */
export function pngFile(
  { width, height, channels }: Omit<Picture, "data">,
  chunks: readonly Uint8Array[],
  checksum: Checksum = crc32,
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(13); // the last three bytes: deflate, five row filters, not interlaced
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, COLOUR_TYPE[channels]], 8);
  const end = pngChunk("IEND", new Uint8Array(), checksum);
  return join([SIGNATURE, pngChunk("IHDR", header, checksum), ...chunks, end]);
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let start = 0;
  for (const part of parts) {
    bytes.set(part, start);
    start += part.length;
  }
  return bytes;
}
