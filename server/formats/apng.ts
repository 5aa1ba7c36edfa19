/** Animated PNG: an ordinary PNG whose first picture is followed by others (W3C PNG, third edition, chapter 11.3.6). */

import { checkPicture, type Picture, pngChunk, pngFile } from "../../core/png_chunks.ts";
import { checksum, deflated } from "./png.ts";

/** How long a picture stays, in ms. */
const FRAME_MS = 100;
const FOREVER = 0; // plays
const FRAME_CONTROL = 26; // bytes
const SEQUENCE = 4; // bytes of a sequence number

/**
 * Pictures of one size as the bytes of an animated PNG that repeats without end, each shown for 100 ms; a reader that
 * knows no animation shows the first. Equal pictures give equal bytes.
 *
 * @throws {RangeError} If there is none, or one has another size or other colours than the first
 */
export function apngOf(pictures: readonly Picture[]): Uint8Array<ArrayBuffer> {
  const [first] = pictures;
  if (first === undefined) throw new RangeError("Cannot animate 0 pictures: expected at least 1");
  let sequence = 0;
  const frames = pictures.flatMap((picture, i) => {
    checkPicture(picture);
    checkAlike(picture, first, i);
    const control = pngChunk("fcTL", frameControl(sequence++, picture), checksum);
    const data = deflated(picture);
    return [control, i === 0 ? pngChunk("IDAT", data, checksum) : frameData(sequence++, data)];
  });
  return pngFile(first, [pngChunk("acTL", words(pictures.length, FOREVER), checksum), ...frames], checksum);
}

/** Sequence number, size, place (0, 0), delay as a fraction of a second, what is done with the picture before (nothing). */
function frameControl(sequence: number, { width, height }: Picture): Uint8Array {
  const body = new Uint8Array(FRAME_CONTROL);
  body.set(words(sequence, width, height));
  const view = new DataView(body.buffer);
  view.setUint16(20, FRAME_MS);
  view.setUint16(22, 1000);
  return body;
}

function frameData(sequence: number, data: Uint8Array): Uint8Array {
  const body = new Uint8Array(SEQUENCE + data.length);
  body.set(words(sequence));
  body.set(data, SEQUENCE);
  return pngChunk("fdAT", body, checksum);
}

/** Numbers of 32 bits, the high byte first. */
function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value));
  return bytes;
}

function checkAlike(picture: Picture, first: Picture, i: number): void {
  const size = ({ width, height, channels }: Picture) => `${width}x${height}x${channels}`;
  if (size(picture) === size(first)) return;
  throw new RangeError(`Cannot animate picture ${i} of ${size(picture)}: expected ${size(first)}, as the first has`);
}
