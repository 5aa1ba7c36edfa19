/** How files start, to say what was found where another kind was expected. */

const SIGNATURES: readonly (readonly [start: string | readonly number[], kind: string])[] = [
  [[0x89, 0x50, 0x4e, 0x47], "a PNG image"],
  [[0xff, 0xd8, 0xff], "a JPEG image"],
  ["gif8", "a GIF image"],
  ["riff", "a WebP image or another RIFF file"],
  [[0x42, 0x4d], "a BMP image"],
  [[0x49, 0x49, 0x2a, 0x00], "a TIFF image"],
  [[0x4d, 0x4d, 0x00, 0x2a], "a TIFF image"],
  [[0x50, 0x4b, 0x03, 0x04], "a ZIP archive"],
  [[0x50, 0x4b, 0x05, 0x06], "an empty ZIP archive"],
  ["rar!", "a RAR archive"],
  [[0x37, 0x7a, 0xbc, 0xaf], "a 7z archive"],
  [[0x93, 0x4e, 0x55, 0x4d], "a NumPy array"],
  [[0x1f, 0x8b], "a gzip stream"],
  ["bzh", "a bzip2 stream"],
  [[0xfd, 0x37, 0x7a, 0x58], "an xz stream"],
  [[0x28, 0xb5, 0x2f, 0xfd], "a Zstandard stream"],
  ["version https://git-lfs", "a Git LFS pointer"],
  ["<?xml", "an XML document"],
  ["<html", "an HTML page"],
  ["<!doctype html", "an HTML page"],
];

/**
 * What a file is by its first bytes, of `length` in all: `a JPEG image`, `an empty file`, `7 bytes that start with 1, 2,
 * 3, 4`.
 *
 * @example
 * ```ts
 * import { kindOf } from "./signatures.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(kindOf(new TextEncoder().encode("<html><title>404</title>")), "an HTML page");
 * ```
 */
export function kindOf(bytes: Uint8Array, length = bytes.length): string {
  if (bytes.length === 0) return "an empty file";
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, 64)).trimStart().toLowerCase();
  const known = SIGNATURES.find(([start]) =>
    typeof start === "string" ? text.startsWith(start) : start.every((byte, i) => bytes[i] === byte)
  );
  return known?.[1] ?? `${length} bytes that start with ${bytes.subarray(0, 4).join(", ")}`;
}
