/** PNG pictures, written without any package. */

import { checkPicture, type Picture, pngChunk, pngFile, pngRows } from "./png_chunks.ts";

export type { Picture } from "./png_chunks.ts";

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
  checkPicture(picture);
  return pngFile(picture, [pngChunk("IDAT", await deflate(pngRows(picture)))]);
}

/** The PNG file of a picture as an address that holds it, for pages and drawings that are one file. */
export async function pngUri(picture: Picture): Promise<string> {
  return `data:image/png;base64,${(await encodePng(picture)).toBase64()}`;
}

/** A zlib stream. */
async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
