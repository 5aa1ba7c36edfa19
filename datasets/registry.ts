/** The data sets by name. To add one: its loader, and a line here. */

import { oneOf } from "../core/nearest.ts";
import { loadCelebA } from "./celeba.ts";
import type { ImageDataset, LoadOptions } from "./dataset.ts";
import { loadFlowers } from "./flowers102.ts";
import { loadFolder } from "./folder.ts";
import { glyphs } from "./glyphs.ts";
import { FASHION_MNIST, loadMnistLike, MNIST } from "./mnist.ts";
import { loadToy, type PointDataset, TOY_NAMES, type ToyName } from "./toys.ts";
import { loadZappos } from "./utzap50k.ts";

/** A name `loadDataset` knows. */
export type DatasetName =
  | "celeba"
  | "fashionmnist"
  | "flowers102"
  | "folder"
  | "glyphs"
  | "mnist"
  | "utzap50k"
  | ToyName;

/** What a name stands for: images as bytes, or points. */
export type Dataset = ImageDataset | PointDataset;

const LOADERS: Record<DatasetName, (options?: LoadOptions) => Dataset | Promise<Dataset>> = {
  fashionmnist: (options) => loadMnistLike(FASHION_MNIST, options),
  celeba: loadCelebA,
  flowers102: loadFlowers,
  folder: loadFolder,
  glyphs,
  mnist: (options) => loadMnistLike(MNIST, options),
  utzap50k: loadZappos,
  ring8: (options) => loadToy("ring8", options),
  grid25: (options) => loadToy("grid25", options),
  spiral: (options) => loadToy("spiral", options),
  pinwheel: (options) => loadToy("pinwheel", options),
  swissroll: (options) => loadToy("swissroll", options),
};

/** The names `loadDataset` knows. */
export const DATASET_NAMES = Object.keys(LOADERS) as readonly DatasetName[];

/**
 * The name as one that `loadDataset` knows.
 *
 * @throws {RangeError} If it is unknown; the message has the nearest known one
 *
 * @example
 * ```ts
 * import { datasetName } from "./registry.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => datasetName("fashion"), RangeError, "nearest is fashionmnist");
 * ```
 */
export function datasetName(name: string): DatasetName {
  return oneOf("data set", name, DATASET_NAMES);
}

/** Whether a name is that of points in the plane. */
export function isToy(name: string): name is ToyName {
  return TOY_NAMES.some((toy) => toy === name);
}

/** Whether a set is drawn by code, not read from files. */
const isDrawn = (name: DatasetName): boolean => name === "glyphs" || isToy(name);

/**
 * Loads a data set by name, downloading it if it is nowhere on this machine; some are drawn by code instead.
 *
 * @throws {RangeError} If the name is unknown, or the set cannot be made as asked for
 * @throws {Deno.errors.NotFound} If its files are nowhere and cannot be downloaded
 * @throws {SyntaxError} If a file is damaged or holds something else
 * @throws The signal's reason, if it aborts a download
 *
 * @example
 * ```ts ignore
 * const { images, shape } = await loadDataset("fashionmnist", { split: "test" });
 * console.log(shape, images[0]); // [10000, 32, 32, 1] 0
 * ```
 */
export async function loadDataset(name: string, options: LoadOptions = {}): Promise<Dataset> {
  const known = datasetName(name);
  if (options.dataDir !== undefined && isDrawn(known)) {
    throw new RangeError(
      `Cannot load data set ${known} from ${options.dataDir}: it is drawn by code, expected no --data-dir`,
    );
  }
  return await LOADERS[known](options);
}
