/** JPEG and PNG files as pixels, by the decoders of ImageScript in WebAssembly: no permission but to read their files. */

import { checkScans } from "./jpeg_scan.ts";
import { pictureHeader } from "./picture_header.ts";
import type { Pixels } from "./resample.ts";

/** Pixels and how they are to be turned. */
export interface DecodedPicture extends Pixels {
  /** From 1 (as it is) to 8 (Exif 2.32, tag 0x0112). */
  readonly orientation: number;
}

/** A function from the bytes of a file to its pixels. */
type Decoder = (bytes: Uint8Array) => DecodedPicture;

/** What is used of the package, which has no types for these files. */
interface JpegDecoder {
  /** @param width 0 asks for the picture as large as it is */
  decode(
    bytes: Uint8Array,
    width: number,
    height: number,
  ): { width: number; height: number; format: number; buffer: Uint8Array };
}
interface PngDecoder {
  decode(bytes: Uint8Array): { width: number; height: number; framebuffer: Uint8Array };
}
interface Codec<Instance> {
  init(): Promise<Instance>;
  readonly new: () => Instance;
}

/** Larger pictures are refused: decoding takes 4 bytes for each pixel, twice. */
const MAX_PIXELS = 100e6;

const GREY = 0; // values of `format`; the third is CMYK
const COLOUR = 1;

/** Adobe's segment (version 100, no flags, no transform), behind the start of the image. */
const ADOBE_CMYK = [0xff, 0xee, 0, 14, ...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, 0];

const WHITE = 255;

/**
 * Loads the decoders.
 *
 * The function it gives returns grey or colour as the file has it: alpha is laid over white; CMYK becomes
 * `(255 - c)(255 - k) / 255` for each of the three inks, whatever profile the file carries; of 16 bits the upper 8 are
 * taken; palettes become colours. It throws a SyntaxError whose message goes on a sentence about the file, such as `is
 * damaged (jpg: failed to decode), expected an intact file`, if the bytes are not those of a whole JPEG or PNG file of at
 * most 100 million pixels.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodePng } from "../core/png.ts";
 * import { loadDecoder } from "./decode.ts";
 *
 * const decode = await loadDecoder();
 * const file = await encodePng({ width: 2, height: 1, channels: 3, data: Uint8Array.of(9, 8, 7, 0, 128, 255) });
 * assertEquals([...decode(file).data], [9, 8, 7, 0, 128, 255]);
 * ```
 */
export async function loadDecoder(): Promise<Decoder> {
  const jpegs = (await import("imagescript/jpeg")).default as Codec<JpegDecoder>;
  const pngs = (await import("imagescript/png")).default as Codec<PngDecoder>;
  let [jpeg, png] = [await jpegs.init(), await pngs.init()];
  return (bytes) => {
    const { format, width, height, orientation, unmarkedInks } = pictureHeader(bytes);
    if (width < 1 || height < 1) throw new SyntaxError(`is ${width}x${height} pixels, expected at least 1x1`);
    if (width * height > MAX_PIXELS) {
      throw new SyntaxError(`is ${width}x${height} pixels, expected at most ${MAX_PIXELS / 1e6} million`);
    }
    if (format === "jpeg") checkScans(bytes);
    try {
      const whole = unmarkedInks ? withMarker(bytes) : bytes;
      return { ...format === "jpeg" ? fromJpeg(jpeg.decode(whole, 0, 0)) : fromPng(png.decode(bytes)), orientation };
    } catch (error) {
      if (error instanceof SyntaxError) throw error;
      if (format === "jpeg") jpeg = jpegs.new(); // what a failure leaves in the memory of a decoder nobody knows
      else png = pngs.new();
      throw new SyntaxError(`is damaged (${error instanceof Error ? error.message : error}), expected an intact file`);
    }
  };
}

/** A JPEG of four inks with the marker for CMYK, without which the decoder refuses it. */
function withMarker(bytes: Uint8Array): Uint8Array {
  const marked = new Uint8Array(bytes.length + ADOBE_CMYK.length);
  marked.set(bytes.subarray(0, 2));
  marked.set(ADOBE_CMYK, 2);
  marked.set(bytes.subarray(2), 2 + ADOBE_CMYK.length);
  return marked;
}

function fromJpeg({ width, height, format, buffer }: ReturnType<JpegDecoder["decode"]>): Pixels {
  if (format === GREY) return { width, height, channels: 1, data: buffer };
  if (format === COLOUR) return { width, height, channels: 3, data: buffer };
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < buffer.length; from += 4) {
    const light = WHITE - buffer[from + 3];
    for (let ink = 0; ink < 3; ink++) data[to++] = Math.round((WHITE - buffer[from + ink]) * light / WHITE);
  }
  return { width, height, channels: 3, data };
}

function fromPng({ width, height, framebuffer }: ReturnType<PngDecoder["decode"]>): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; from < framebuffer.length; from += 4) {
    const alpha = framebuffer[from + 3];
    for (let channel = 0; channel < 3; channel++) {
      const value = framebuffer[from + channel];
      data[to++] = alpha === WHITE ? value : Math.round((value * alpha + WHITE * (WHITE - alpha)) / WHITE);
    }
  }
  return { width, height, channels: 3, data };
}
