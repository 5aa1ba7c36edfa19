/** Anyone's own pictures, in a folder or an archive. */

import type { ImageDataset, LoadOptions } from "./dataset.ts";
import { loadPictures, type PictureLabels } from "./pictures.ts";
import { printable } from "./printable.ts";

/**
 * Loads the pictures of a folder and its subfolders, or of a ZIP or TAR archive: whatever ends with .jpg, .jpeg or .png.
 * The class of a picture is the first subfolder it lies in; pictures beside subfolders, or no subfolders, make a set
 * without classes. Folders around everything do not count: `photos/cat/1.jpg` and `photos/dog/2.jpg` have the classes
 * `cat` and `dog`.
 *
 * @throws {RangeError} If `dataDir` is not given
 * @throws As `loadPictures` does
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodePng } from "../core/png.ts";
 * import { loadFolder } from "./folder.ts";
 *
 * const dataDir = await Deno.makeTempDir();
 * for (const [i, name] of ["cat/1.png", "cat/2.png", "dog/1.png"].entries()) {
 *   await Deno.mkdir(`${dataDir}/${name.slice(0, 3)}`, { recursive: true });
 *   const data = new Uint8Array(16 * 16).fill(100 * i);
 *   await Deno.writeFile(`${dataDir}/${name}`, await encodePng({ width: 16, height: 16, channels: 1, data }));
 * }
 * const { shape, labels, classNames } = await loadFolder({ dataDir, size: 8, channels: 1, env: () => undefined });
 * assertEquals(shape, [3, 8, 8, 1]);
 * assertEquals([...labels!], [0, 0, 1]);
 * assertEquals(classNames, ["cat", "dog"]);
 * await Deno.remove(dataDir, { recursive: true });
 * ```
 */
export async function loadFolder(options: LoadOptions = {}): Promise<ImageDataset> {
  const { dataDir } = options;
  if (dataDir === undefined) {
    throw new RangeError(
      "Cannot load data set folder: --data-dir is not given, expected a folder or archive of pictures",
    );
  }
  return await loadPictures({ name: "folder", path: dataDir, labels: folderLabels }, options);
}

/** The first folder of each name as its class, the classes in the order of their names, which are printable. */
export function folderLabels(names: readonly string[]): PictureLabels | null {
  const folders = names.map((name) => name.slice(0, Math.max(0, name.indexOf("/"))));
  if (folders.includes("")) return null;
  const classNames = [...new Set(folders)].sort();
  const numbers = new Map(classNames.map((name, i) => [name, i]));
  return { labels: folders.map((folder) => numbers.get(folder)!), classNames: classNames.map(printable) };
}
