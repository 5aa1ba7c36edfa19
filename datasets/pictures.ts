/** Folders and archives of pictures as data sets: what is common to all of them. */

import { createHash } from "node:crypto";
import { cacheFolder } from "./cache.ts";
import { contentKey, stampOf } from "./content_key.ts";
import type { ImageDataset, Labels, LoadOptions, Split } from "./dataset.ts";
import { decodeAll } from "./decode_pool.ts";
import { fingerprintOf, type Note, type Packed, type PackedSplit, readPacked, writePacked } from "./packed.ts";
import type { ImageFormat } from "./picture.ts";
import { choosePictures, type Picture } from "./picture_choice.ts";
import { type FileTree, openFiles } from "./picture_files.ts";

/** A set of pictures: where it lies and what its names mean. */
export interface PictureSet {
  readonly name: string;
  /** The folder or archive. */
  readonly path: string;
  /** Side of the square cut out of the middle of a picture, for images of a size; without it the largest there is. */
  readonly crop?: (size: number) => number;
  /**
   * Classes of the pictures, whose names are those inside the innermost folder that holds them all; null if they tell
   * of none.
   *
   * @throws {SyntaxError} If a picture has none
   */
  readonly labels?: (names: readonly string[]) => PictureLabels | null;
  /** What the classes depend on besides the names of the pictures, such as the bytes of a file of labels. */
  readonly labelSource?: Uint8Array;
}

/** Class of each picture and the names of the classes. */
export interface PictureLabels {
  readonly labels: readonly number[];
  readonly classNames: readonly string[];
}

/** Sides an image may have, in pixels. */
export const SIZES = { least: 8, most: 512, step: 4, usual: 64 };

/** Raised when the same pictures become other images or notes, so that what was packed before is not taken for them. */
const PACKING = 2;

/** Of the pictures, so many may be faulty: a share, the rest is a set that something happened to. */
const MAX_FAULTY = 0.01;

const NAMED = 3; // pictures named where several are left out

/**
 * Loads a set of pictures as images of one size: the middle square of each, resampled by area, upright, in the order of
 * their names. From the second time on they come from the cache folder, where they are kept packed under a key of
 * content and options.
 *
 * @throws {RangeError} If the size is none of 8, 12, …, 512, the channels are neither 1 nor 3, or all does not fit into
 *   memory
 * @throws {Deno.errors.NotFound} If there are no pictures
 * @throws {Deno.errors.PermissionDenied} If a folder may not be read
 * @throws {SyntaxError} If the archive is damaged or holds what it must not, or more than one picture in a hundred is
 *   faulty: the message names some and what is wrong with them
 * @throws {Error} If the files change while they are read
 * @throws The signal's reason, if it aborts
 */
export async function loadPictures(set: PictureSet, options: LoadOptions = {}): Promise<ImageDataset> {
  const { split = "train", size = SIZES.usual, channels = 3, onWarning = () => {}, signal } = options;
  checkFormat(set.name, { size, channels });
  const format = { size, channels, crop: set.crop?.(size) };
  const tree = await openFiles(set.path);
  const cache = cacheFolder(options.env);
  const folder = cache === null ? null : `${cache}/packed`;
  const { content, stamp } = await contentKey(tree, folder, signal);
  const key = createHash("sha256").update(JSON.stringify([PACKING, set.name, content, format]))
    .update(set.labelSource ?? "").digest("hex").slice(0, 16);
  const file = `${set.name}-${size}x${size}x${channels}-${key}.pack`;
  const kept = folder === null ? null : await readKept(`${folder}/${file}`, { split, onWarning });
  if (kept !== null) {
    warn(kept.notes, { set, onWarning });
    return datasetOf(set, { ...kept, split });
  }
  const { packed, unread } = await decodeSet(set, tree, { format, options });
  if ((await stampOf(tree, signal)).text !== stamp) throw changed(set);
  warn(packed.notes, { set, onWarning });
  if (folder !== null && !unread) { // what could not be read may be there the next time
    await writePacked(folder, file, packed).catch((error: Error) =>
      onWarning(`Cannot keep ${set.name} in ${folder}: ${error.message}; it will be decoded again next time`)
    );
  }
  return datasetOf(set, { ...packed, ...packed.splits[split], split });
}

function checkFormat(name: string, { size, channels }: { size: number; channels: number }): void {
  const { least, most, step } = SIZES;
  if (!(size >= least && size <= most && size % step === 0)) {
    throw new RangeError(
      `Cannot load data set ${name} at size ${size}: expected a multiple of ${step} from ${least} to ${most}`,
    );
  }
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`Cannot load data set ${name} with ${channels} channels: expected 1 (grey) or 3 (colour)`);
  }
}

/** What an earlier call packed; null if it did not, or if the file is damaged. */
async function readKept(path: string, { split, onWarning }: { split: Split; onWarning: (warning: string) => void }) {
  try {
    return await readPacked(path, split);
  } catch (error) {
    if (error instanceof SyntaxError) onWarning(`${error.message}; it is made again`);
    else if (!(error instanceof Deno.errors.NotFound)) onWarning(`Cannot use the cache: ${(error as Error).message}`);
    return null;
  }
}

function datasetOf(
  { name, path }: PictureSet,
  { image, images, labels, classNames, fingerprint, split }: Pick<Packed, "image" | "classNames"> & PackedSplit & {
    split: Split;
  },
): ImageDataset {
  const count = images.length / (image[0] * image[1] * image[2]);
  if (count === 0) {
    throw new RangeError(
      `Cannot load the ${split} split of ${name} from ${path}: it is empty, expected more pictures (about one in ten, ` +
        `by its name, is kept for test)`,
    );
  }
  return { name, images, shape: [count, ...image], labels, classNames, fingerprint, source: path };
}

/**
 * Decodes every picture: the images of `train`, then those of `test`, each in the order of the names.
 *
 * @returns All of it, and whether a file is missing that the system did not give
 */
async function decodeSet(
  set: PictureSet,
  tree: FileTree,
  { format, options }: { format: ImageFormat; options: LoadOptions },
): Promise<{ packed: Packed; unread: boolean }> {
  const { pictures, notes } = choosePictures(await tree.list(options.signal), tree.path);
  const told = set.labels?.(pictures.map(({ name }) => name)) ?? null;
  const { images, faults, unread } = await decodePictures(tree, pictures, { set, format, options });
  const bytes = format.size ** 2 * format.channels;
  const good = pictures.map((_, i) => i).filter((i) => !faults.has(i));
  good.forEach((from, to) => {
    if (from !== to) images.copyWithin(to * bytes, from * bytes, (from + 1) * bytes);
  });
  const left = [...faults].sort(([a], [b]) => a - b).map(([i, fault]) => `${pictures[i].file} ${fault}`);
  const part = (split: Split): PackedSplit => {
    const first = split === "train" ? 0 : good.filter((i) => pictures[i].split === "train").length;
    const chosen = good.filter((i) => pictures[i].split === split);
    const part = images.subarray(first * bytes, (first + chosen.length) * bytes);
    const labels = told === null ? null : labelArray(chosen.map((i) => told.labels[i]), told.classNames.length);
    return { images: part, labels, fingerprint: fingerprintOf(part, labels) };
  };
  const packed = {
    image: [format.size, format.size, format.channels] as const,
    classNames: told?.classNames ?? [],
    notes: left.length === 0 ? notes : [...notes, leftOut(left, pictures.length, set)],
    splits: { train: part("train"), test: part("test") },
  };
  return { packed, unread };
}

function labelArray(labels: readonly number[], classes: number): Labels {
  return classes > 256 ? Uint16Array.from(labels) : Uint8Array.from(labels);
}

const leftOut = (faults: readonly string[], count: number, { name }: PictureSet): Note => ({
  what: `Left out ${faults.length} of ${count} pictures of ${name}`,
  why: listed(faults),
});

/** Tells of the notes with the path that the set has now: what is kept may have been made from a copy. */
function warn(
  notes: readonly Note[],
  { set, onWarning }: { set: PictureSet; onWarning: (warning: string) => void },
): void {
  for (const { what, why } of notes) onWarning(`${what} in ${set.path}: ${why}`);
}

const changed = ({ name, path }: PictureSet): Error =>
  new Error(
    `Cannot load data set ${name} from ${path}: it changed while it was read, expected it to stay the same; load it ` +
      "again when nothing writes to it",
  );

const listed = (faults: readonly string[]): string =>
  faults.slice(0, NAMED).join("; ") + (faults.length > NAMED ? `; and ${faults.length - NAMED} more` : "");

/**
 * Every picture as an image at its place, what is wrong with those that are none, by their numbers, and whether that is of
 * one that the system did not give.
 */
async function decodePictures(
  tree: FileTree,
  pictures: readonly Picture[],
  { set, format, options }: { set: PictureSet; format: ImageFormat; options: LoadOptions },
): Promise<{ images: Uint8Array; faults: Map<number, string>; unread: boolean }> {
  const { signal, onProgress } = options;
  const bytes = format.size ** 2 * format.channels;
  const images = memoryFor(pictures.length * bytes, { set, count: pictures.length, format });
  const faults = new Map(pictures.flatMap(({ fault }, i) => fault === undefined ? [] : [[i, fault]]));
  const places = new Map(pictures.map(({ file }, i) => [file, i]));
  const wanted = new Set(pictures.filter(({ fault }) => fault === undefined).map(({ file }) => file));
  const total = pictures.length;
  const start = performance.now();
  let done = faults.size;
  let unread = false;
  checkFaults(faults, pictures, set);
  const report = () => {
    const perPicture = (performance.now() - start) / 1000 / Math.max(1, done);
    const secondsLeft = done * 50 < total ? null : (total - done) * perPicture;
    onProgress?.({ kind: "decode", source: tree.path, done, total, secondsLeft });
  };
  report();
  await decodeAll(tree.read(wanted, signal), { format, count: wanted.size, signal }, (answer) => {
    const place = places.get(answer.name)!;
    if ("pixels" in answer) images.set(answer.pixels, place * bytes);
    else {
      faults.set(place, answer.fault);
      if (answer.unread) unread = true;
      checkFaults(faults, pictures, set);
    }
    done++;
    report();
  });
  if (done < total) throw changed(set);
  return { images, faults, unread };
}

function memoryFor(
  bytes: number,
  { set, count, format: { size, channels } }: { set: PictureSet; count: number; format: ImageFormat },
): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new RangeError(
      `Cannot hold ${count} images of ${set.name} at ${size}x${size}x${channels}: found no ${
        (bytes / 1e9).toFixed(1)
      } GB of memory, expected a smaller size`,
    );
  }
}

/** How `imageOf` says it. */
const TOO_SMALL = / pixels, expected at least /;

/** Refuses the set as soon as it is known that too many pictures are faulty. */
function checkFaults(
  faults: ReadonlyMap<number, string>,
  pictures: readonly Picture[],
  { name, path, crop }: PictureSet,
): void {
  if (faults.size <= MAX_FAULTY * pictures.length) return;
  const found = [...faults].map(([i, fault]) => `${pictures[i].file} ${fault}`);
  const small = crop === undefined && found.some((fault) => TOO_SMALL.test(fault));
  const advice = small ? "; a smaller --size takes smaller pictures" : "";
  throw new SyntaxError(
    `Cannot load data set ${name} from ${path}: found ${faults.size} faulty pictures of ${pictures.length} and stopped ` +
      `there, expected at most ${100 * MAX_FAULTY} %: ${listed(found)}${advice}`,
  );
}
