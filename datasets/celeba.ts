/** CelebA: 202,599 aligned faces of 178x218 pixels. */

import type { ImageDataset, LoadOptions } from "./dataset.ts";
import { locate } from "./locate.ts";
import { loadPictures } from "./pictures.ts";

const FILE = "img_align_celeba.zip";

/** Side of the square that Radford et al. (DCGAN, arXiv 1511.06434) cut out: the face without most of the background. */
const CROP = 108;
/** For larger images the whole width: nothing is enlarged. */
const WIDE_CROP = 178;

/**
 * Loads CelebA (Z. Liu, P. Luo, X. Wang, X. Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015) from
 * `img_align_celeba.zip` or the folder in it: the 108x108 pixels in the middle, as DCGAN has it, for images of up to
 * that size, 178x178 for larger ones. It has no classes; the 40 attributes of `list_attr_celeba.txt` are not read.
 *
 * @throws As `locate` and `loadPictures` do
 */
export async function loadCelebA(options: LoadOptions = {}): Promise<ImageDataset> {
  const { paths: [path] } = await locate({
    name: "celeba",
    folders: ["celeba", "CelebA"],
    files: [{ name: FILE, accepted: [FILE, "img_align_celeba/"] }],
    mirrors: [],
    page: "mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
  }, options);
  return await loadPictures({ name: "celeba", path, crop: (size) => size <= CROP ? CROP : WIDE_CROP }, options);
}
