/** What the first bytes of a JPEG or PNG file tell, before anything is decoded. */

import { kindOf } from "./signatures.ts";

/** Format, size and position of a picture. */
export interface PictureHeader {
  readonly format: "jpeg" | "png";
  readonly width: number;
  readonly height: number;
  /** How the picture is to be turned, from 1 (as it is) to 8 (Exif 2.32, tag 0x0112). */
  readonly orientation: number;
  /** Whether it is a JPEG of four inks without the marker by which Adobe's programs say so. */
  readonly unmarkedInks: boolean;
}

const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const EXIF_SEGMENT = 0xe1;
const ADOBE_SEGMENT = 0xee;
const INKS = 4;
/** Start of frame: baseline to lossless, without tables (c4), extensions (c8) and arithmetic conditioning (cc). */
const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

const EXIF = 0x45786966; // in ASCII, as the others
const ADOBE = 0x41646f62;
const PNG_EXIF = 0x65584966;
const LITTLE_ENDIAN = 0x4949;
const ORIENTATION_TAG = 0x0112;
const LONG = 4; // type of a value of 32 bits
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Reads the header of a picture.
 *
 * @throws {SyntaxError} If the bytes are no JPEG or PNG file, a JPEG that no decoder here knows, or end too early; the
 *   message goes on a sentence about the file: `is a GIF image, expected JPEG or PNG`
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
      const [width, height] = [view.getUint32(16), view.getUint32(20)];
      return { format: "png", width, height, orientation: pngOrientation(view), unmarkedInks: false };
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
  let marked = false;
  for (let at = 2;;) {
    if (view.getUint8(at) !== 0xff) throw new SyntaxError("has no marker where a JPEG segment starts");
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at++; // fill byte
    else if (marker === START_OF_SCAN || marker === END_OF_IMAGE) {
      throw new SyntaxError("has no size before its pixels");
    } else {
      if (isFrame(marker)) {
        refuseOthers(marker, view.getUint8(at + 4));
        const [width, height] = [view.getUint16(at + 7), view.getUint16(at + 5)];
        const unmarkedInks = !marked && view.getUint8(at + 9) === INKS;
        return { format: "jpeg", width, height, orientation, unmarkedInks };
      }
      const length = view.getUint16(at + 2);
      if (marker === EXIF_SEGMENT && length >= 8 && view.getUint32(at + 4) === EXIF) {
        orientation = orientationIn(view, { start: at + 10, end: at + 2 + length }) ?? orientation;
      }
      if (marker === ADOBE_SEGMENT && view.getUint32(at + 4) === ADOBE) marked = true;
      at += 2 + length;
    }
  }
}

/** @throws {SyntaxError} If frames of the kind are not decoded here (ITU-T T.81, table B.1) */
function refuseOthers(marker: number, bits: number): void {
  const kind = marker > 0xc8
    ? "a JPEG with arithmetic coding"
    : marker > 0xc4
    ? "a hierarchical JPEG"
    : marker === 0xc3
    ? "a lossless JPEG"
    : bits !== 8
    ? `a JPEG of ${bits} bits`
    : null;
  if (kind === null) return;
  throw new SyntaxError(`is ${kind}, expected a baseline or progressive one of 8 bits (convert it)`);
}

/** The orientation in the chunk for Exif of a PNG file, which may be anywhere; 1 if it has none or ends before. */
function pngOrientation(view: DataView): number {
  for (let at = PNG_SIGNATURE.length; at + 8 <= view.byteLength; at += 12 + view.getUint32(at)) {
    const end = at + 8 + view.getUint32(at);
    if (view.getUint32(at + 4) === PNG_EXIF && end <= view.byteLength) {
      return orientationIn(view, { start: at + 8, end }) ?? 1;
    }
  }
  return 1;
}

/** The orientation in Exif: a TIFF file whose first directory may have the tag. */
function orientationIn(view: DataView, { start, end }: { start: number; end: number }): number | null {
  if (start + 8 > end) return null;
  const little = view.getUint16(start) === LITTLE_ENDIAN;
  const directory = start + view.getUint32(start + 4, little);
  if (directory + 2 > end) return null;
  const count = view.getUint16(directory, little);
  for (let entry = directory + 2; entry < directory + 2 + 12 * count && entry + 12 <= end; entry += 12) {
    if (view.getUint16(entry, little) !== ORIENTATION_TAG) continue;
    const long = view.getUint16(entry + 2, little) === LONG;
    const orientation = long ? view.getUint32(entry + 8, little) : view.getUint16(entry + 8, little);
    return orientation >= 1 && orientation <= 8 ? orientation : null;
  }
  return null;
}
