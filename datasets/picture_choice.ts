/** Which files of a folder or archive are pictures, what they are called, and which are kept aside to test. */

import { createHash } from "node:crypto";
import type { Split } from "./dataset.ts";
import type { Note } from "./packed.ts";
import type { FileEntry } from "./picture_files.ts";

/** A file that should be a picture. */
export interface Picture {
  /** Its name in the folder or archive. */
  readonly file: string;
  /** Its name inside the innermost folder that holds all pictures, so that a folder and its archive agree. */
  readonly name: string;
  readonly split: Split;
  /** Why it is not even read, as the rest of a sentence about it. */
  readonly fault?: string;
}

const PICTURE = /\.(jpe?g|png)$/i;
const OTHER_PICTURE = /\.(gif|webp|bmp|tiff?|avif|heic|jp2|jxl)$/i;

/** Larger files are not read into memory. */
const MAX_BYTES = 2 ** 28;

/** One picture in so many is kept for test. */
const TEST_SHARE = 10;

/** Whether no part of a path is what systems leave behind: what starts with a dot, and `__MACOSX`. */
export const isVisible = (name: string): boolean =>
  !name.split("/").some((part) => part[0] === "." || part === "__MACOSX");

/**
 * Whether a file should be a picture: its name ends with .jpg, .jpeg or .png. Files and folders that start with a dot,
 * and `__MACOSX`, are what systems leave behind and do not count.
 */
export const isPicture = (name: string): boolean => PICTURE.test(name) && isVisible(name);

/**
 * The pictures among files: those to train with, then those to test, each in the order of their names.
 *
 * A picture is one to test if the first 32 bits of the SHA-256 of its name are a multiple of 10: the same pictures
 * wherever the set is, whatever is added to it, as long as the innermost folder that holds all stays the same.
 *
 * @param files Ordered by name
 * @param path The folder or archive as errors call it
 * @returns The pictures, and notes on files that may be missed among them
 * @throws {Deno.errors.NotFound} If there are none; the message says what there is
 */
export function choosePictures(
  files: readonly FileEntry[],
  path: string,
): { pictures: readonly Picture[]; notes: readonly Note[] } {
  const visible = files.filter(({ name }) => isVisible(name));
  const chosen = visible.filter(({ name }) => isPicture(name));
  if (chosen.length === 0) {
    const found = visible.length === 0 ? "it is empty" : `found ${filesOf(visible)}`;
    throw new Deno.errors.NotFound(`Cannot find pictures in ${path}: ${found}, expected JPEG or PNG files`);
  }
  const start = commonFolder(chosen.map(({ name }) => name)).length;
  const pictures = chosen.map(({ name, size, fault }): Picture => ({
    file: name,
    name: name.slice(start),
    split: splitOf(name.slice(start)),
    fault: size > MAX_BYTES ? `has ${size} bytes, expected at most ${MAX_BYTES}` : fault,
  }));
  const others = visible.filter(({ name }) => OTHER_PICTURE.test(name));
  return {
    pictures: [
      ...pictures.filter(({ split }) => split === "train"),
      ...pictures.filter(({ split }) => split === "test"),
    ],
    notes: others.length === 0 ? [] : [{ what: `Passed over ${filesOf(others)}`, why: "expected JPEG or PNG" }],
  };
}

/** The split a picture belongs to, by its name. */
export function splitOf(name: string): Split {
  return createHash("sha256").update(name).digest().readUInt32BE(0) % TEST_SHARE === 0 ? "test" : "train";
}

/** The folders, with a `/` behind each, that all names start with. */
function commonFolder(names: readonly string[]): string {
  let common = names[0].slice(0, names[0].lastIndexOf("/") + 1);
  for (const name of names) {
    while (!name.startsWith(common)) common = common.slice(0, common.lastIndexOf("/", common.length - 2) + 1);
  }
  return common;
}

/** `4 files (3 .txt, 1 .gif)`. */
const filesOf = (files: readonly FileEntry[]): string =>
  `${files.length} file${files.length === 1 ? "" : "s"} (${endingsOf(files)})`;

/** `3 .txt, 1 .gif`, the most frequent first. */
function endingsOf(files: readonly FileEntry[]): string {
  const counts = new Map<string, number>();
  for (const { name } of files) {
    const ending = /[^/](\.[^./]+)$/.exec(name)?.[1].toLowerCase() ?? "without ending";
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, 5).map(([ending, count]) => `${count} ${ending}`).join(
    ", ",
  );
}
