/** What the first bytes of a JPEG or PNG file tell, before anything is decoded. */

import { kindOf } from "./signatures.ts";

/** Format, size and position of a picture. */
export interface PictureHeader {
  readonly format: "jpeg" | "png";
  readonly width: number;
  readonly height: number;
  /** How the picture is to be turned, from 1 (as it is) to 8 (Exif 2.32, tag 0x0112). */
  readonly orientation: number;
}

const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const EXIF_SEGMENT = 0xe1;
/** Start of frame: baseline to lossless, without tables (c4), extensions (c8) and arithmetic conditioning (cc). */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

const ORIENTATION_TAG = 0x0112;
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Reads the header of a picture.
 *
 * @throws {SyntaxError} If the bytes are no JPEG or PNG file or end too early; the message goes on a sentence about the
 *   file: `is a GIF image, expected JPEG or PNG`
 *
 * @example
 * ```ts
 * import { pictureHeader } from "./picture_header.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => pictureHeader(new TextEncoder().encode("GIF89a")), SyntaxError, "is a GIF image");
 * ```
 */
export function pictureHeader(bytes: Uint8Array): PictureHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (PNG_SIGNATURE.every((byte, i) => bytes[i] === byte)) {
      return { format: "png", width: view.getUint32(16), height: view.getUint32(20), orientation: 1 };
    }
    if (bytes[0] === 0xff && bytes[1] === START_OF_IMAGE) return jpegHeader(view);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SyntaxError(`ends after ${bytes.length} bytes, expected at least its header`);
  }
  throw new SyntaxError(`is ${kindOf(bytes)}, expected JPEG or PNG`);
}

/** Walks over the segments until the frame that has the size. */
function jpegHeader(view: DataView): PictureHeader {
  let orientation = 1;
  for (let at = 2;;) {
    if (view.getUint8(at) !== 0xff) throw new SyntaxError("has no marker where a JPEG segment starts");
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at++; // fill byte
    else if (marker === START_OF_SCAN || marker === END_OF_IMAGE) {
      throw new SyntaxError("has no size before its pixels");
    } else {
      if (isFrame(marker)) {
        return { format: "jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5), orientation };
      }
      const length = view.getUint16(at + 2);
      if (marker === EXIF_SEGMENT) orientation = orientationIn(view, at + 4, length - 2) ?? orientation;
      at += 2 + length;
    }
  }
}

/** The orientation in an Exif segment: a TIFF file whose first directory may have the tag. */
function orientationIn(view: DataView, start: number, length: number): number | null {
  if (length < 14 || view.getUint32(start) !== 0x45786966) return null; // "Exif"
  const tiff = start + 6;
  const end = start + length;
  const little = view.getUint16(tiff) === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, little);
  if (directory + 2 > end) return null;
  const count = view.getUint16(directory, little);
  for (let entry = directory + 2; entry < directory + 2 + 12 * count && entry + 12 <= end; entry += 12) {
    if (view.getUint16(entry, little) !== ORIENTATION_TAG) continue;
    const orientation = view.getUint16(entry + 8, little);
    return orientation >= 1 && orientation <= 8 ? orientation : null;
  }
  return null;
}
