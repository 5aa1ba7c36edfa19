/** PNG pictures, written without any package (W3C Portable Network Graphics, third edition). */

import { crc32 } from "./crc32.ts";

/** Pixels from 0 to 255, row by row from the top left. */
export interface Picture {
  width: number;
  height: number;
  /** 1 for grey, 3 for red, green, blue. */
  channels: 1 | 3;
  data: Uint8Array<ArrayBuffer>;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const COLOUR_TYPE = { 1: 0, 3: 2 };

/**
 * A picture as the bytes of a PNG file, 8 bits a channel. Equal pictures give equal bytes.
 *
 * @throws {RangeError} If the sides are no whole numbers of at least 1 or `data` has another length than they ask for
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodePng } from "./png.ts";
 *
 * const file = await encodePng({ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 255) });
 * assertEquals(new TextDecoder().decode(file.subarray(1, 4)), "PNG");
 * ```
 */
export async function encodePng(picture: Picture): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, channels, data } = picture;
  if (![width, height].every((side) => Number.isInteger(side) && side >= 1 && side < 2 ** 31)) {
    throw new RangeError(`Cannot encode a ${width}x${height} picture: expected sides of at least 1`);
  }
  if (data.length !== width * height * channels) {
    throw new RangeError(
      `Cannot encode ${data.length} bytes as ${width}x${height}x${channels}: expected ${width * height * channels}`,
    );
  }
  const header = new Uint8Array(13); // the last three bytes: deflate, five row filters, not interlaced
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, COLOUR_TYPE[channels]], 8);
  const body = await deflate(filterRows(data, height));
  return join([SIGNATURE, chunk("IHDR", header), chunk("IDAT", body), chunk("IEND", new Uint8Array())]);
}

/** Rows with their filter type in front: 0, the bytes as they are. */
function filterRows(data: Uint8Array, height: number): Uint8Array<ArrayBuffer> {
  const pitch = data.length / height;
  const rows = new Uint8Array(data.length + height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * pitch, (y + 1) * pitch), y * (pitch + 1) + 1);
  return rows;
}

/** A zlib stream. */
async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Length, type, body, check sum. */
function chunk(type: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(body.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(body, 8);
  view.setUint32(body.length + 8, crc32(bytes.subarray(4, body.length + 8)));
  return bytes;
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
