/**
 * Images of a set as they are used, in one file: what takes a minute to decode is read in a fraction of a second.
 *
 * Layout: `HMOGPACK`, the length of the header (uint32, little-endian), its SHA-256, the header (JSON), then for `train`
 * and for `test` the images and the labels, without anything between.
 */

import { createHash } from "node:crypto";
import type { Labels, Split } from "./dataset.ts";
import { writeAll, writeWhole } from "./partial.ts";

/** Images and labels of both splits. */
export interface Packed {
  readonly image: readonly [height: number, width: number, channels: number];
  readonly classNames: readonly string[];
  /** What whoever loads the set should know, such as pictures that were left out. */
  readonly notes: readonly Note[];
  readonly splits: Readonly<Record<Split, PackedSplit>>;
}

/** A sentence about the set but for its place: `<what> in <path>: <why>`. */
export interface Note {
  readonly what: string;
  readonly why: string;
}

/** One part of the set. */
export interface PackedSplit {
  /** Bytes `[count, height, width, channels]`. */
  readonly images: Uint8Array;
  readonly labels: Labels | null;
  /** SHA-256 over images and labels. */
  readonly fingerprint: string;
}

const MAGIC = "HMOGPACK";
const HASH = MAGIC.length + 4; // where the hash of the header starts
const START = HASH + 32; // bytes before the header
const MAX_HEADER = 2 ** 24;
const SPLITS = ["train", "test"] as const;

interface Header {
  readonly image: readonly [number, number, number];
  readonly classNames: readonly string[];
  readonly notes: readonly Note[];
  readonly labelBytes: 0 | 1 | 2;
  readonly splits: Readonly<Record<Split, { count: number; fingerprint: string }>>;
}

/** `ImageDataset.fingerprint`: SHA-256 over the bytes of the images, then of the labels, in hexadecimal. */
export function fingerprintOf(images: Uint8Array, labels: Labels | null): string {
  const hash = createHash("sha256").update(images);
  if (labels !== null) hash.update(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
  return hash.digest("hex");
}

/**
 * Writes the file, whole or not at all.
 *
 * @returns Its path
 * @throws The errors of writing a file
 */
export async function writePacked(folder: string, name: string, packed: Packed): Promise<string> {
  const { image, classNames, notes, splits } = packed;
  const header: Header = {
    image,
    classNames,
    notes,
    labelBytes: (splits.train.labels?.BYTES_PER_ELEMENT ?? 0) as 0 | 1 | 2,
    splits: { train: entryOf(splits.train, image), test: entryOf(splits.test, image) },
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(START);
  start.set(new TextEncoder().encode(MAGIC));
  new DataView(start.buffer).setUint32(MAGIC.length, text.length, true);
  start.set(createHash("sha256").update(text).digest(), HASH);
  return await writeWhole(folder, name, async (file) => {
    await writeAll(file, start);
    await writeAll(file, text);
    for (const split of SPLITS) {
      const { images, labels } = splits[split];
      await writeAll(file, images);
      if (labels !== null) await writeAll(file, new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
    }
  });
}

/**
 * Reads one split of the file; its bytes are checked against its fingerprint.
 *
 * @throws {SyntaxError} If the file is damaged
 * @throws {Deno.errors.NotFound} If there is no such file
 */
export async function readPacked(
  path: string,
  split: Split,
): Promise<Omit<Packed, "splits"> & PackedSplit & { readonly count: number }> {
  using file = await Deno.open(path);
  const { header, start } = await headerOf(file, path);
  const { image, classNames, notes, labelBytes } = header;
  const bytesOf = (part: Split) => {
    const { count } = header.splits[part];
    return { images: count * image[0] * image[1] * image[2], labels: count * labelBytes };
  };
  const [train, test] = [bytesOf("train"), bytesOf("test")];
  const expected = start + train.images + train.labels + test.images + test.labels;
  const { size } = await file.stat();
  if (size !== expected) throw damaged(path, `${size} bytes`, `${expected}`);
  const { images: length, labels: labelLength } = split === "train" ? train : test;
  await file.seek(split === "train" ? start : start + train.images + train.labels, Deno.SeekMode.Start);
  const images = await readBytes(file, length, path);
  const labelData = await readBytes(file, labelLength, path);
  const labels = labelBytes === 0 ? null : labelBytes === 1 ? labelData : new Uint16Array(labelData.buffer);
  const { count, fingerprint } = header.splits[split];
  const found = fingerprintOf(images, labels);
  if (found !== fingerprint) throw damaged(path, `data with SHA-256 ${found}`, fingerprint);
  return { image, classNames, notes, images, labels, fingerprint, count };
}

function entryOf({ images, fingerprint }: PackedSplit, [height, width, channels]: Packed["image"]) {
  return { count: images.length / (height * width * channels), fingerprint };
}

async function headerOf(file: Deno.FsFile, path: string): Promise<{ header: Header; start: number }> {
  const start = await readBytes(file, START, path);
  const length = new DataView(start.buffer).getUint32(MAGIC.length, true);
  if (new TextDecoder().decode(start.subarray(0, MAGIC.length)) !== MAGIC || length > MAX_HEADER) {
    throw damaged(path, "another start", MAGIC);
  }
  const text = await readBytes(file, length, path);
  if (createHash("sha256").update(text).digest().compare(start, HASH) !== 0) {
    throw damaged(path, "a header with another check sum", "the one before it");
  }
  return { header: JSON.parse(new TextDecoder().decode(text)) as Header, start: START + length };
}

async function readBytes(file: Deno.FsFile, length: number, path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let read = 0;
  for (let more: number | null = 0; read < length; read += more) {
    more = await file.read(bytes.subarray(read));
    if (more === null) throw damaged(path, `an end after ${read} of ${length} bytes`, "all of them");
  }
  return bytes;
}

const damaged = (path: string, found: string, expected: string): SyntaxError =>
  new SyntaxError(`Cannot read ${path}: found ${found}, expected ${expected}`);
