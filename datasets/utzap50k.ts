/** UT Zappos50K: 50,025 shoes on white, 136x136 pixels. */

import type { ImageDataset, LoadOptions } from "./dataset.ts";
import { folderLabels } from "./folder.ts";
import { locate } from "./locate.ts";
import { loadPictures } from "./pictures.ts";

const FILE = "ut-zap50k-images-square.zip";

/**
 * Loads UT Zappos50K (A. Yu, K. Grauman, "Fine-Grained Visual Comparisons with Local Learning", CVPR 2014) from
 * `ut-zap50k-images-square.zip` or the folder in it; the classes are the folders at its top: Boots, Sandals, Shoes,
 * Slippers.
 *
 * @throws As `locate` and `loadPictures` do
 */
export async function loadZappos(options: LoadOptions = {}): Promise<ImageDataset> {
  const { paths: [path] } = await locate({
    name: "utzap50k",
    folders: ["utzap50k", "ut-zap50k"],
    files: [{ name: FILE, accepted: [FILE, "ut-zap50k-images-square/"] }],
    mirrors: [],
    page: "vision.cs.utexas.edu/projects/finegrained/utzap50k",
  }, options);
  return await loadPictures({ name: "utzap50k", path, labels: folderLabels }, options);
}
