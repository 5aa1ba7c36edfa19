/** MNIST and the sets made to replace it: 28x28 grey images in IDX files of the same names. */

import { createHash } from "node:crypto";
import type { ImageDataset, LoadOptions, Split } from "./dataset.ts";
import { type IdxArray, readIdx } from "./idx.ts";
import { locate, type SetFile } from "./locate.ts";

/** A set in the files of MNIST: where it comes from and what its labels mean. */
export interface MnistLike {
  readonly name: string;
  /** Subfolders it is known to lie in: our name, that of Debian, that of torchvision. */
  readonly folders: readonly string[];
  readonly mirrors: readonly string[];
  readonly debianPackage?: string;
  readonly classNames: readonly string[];
  /** MD5 of the published, packed files, as the publishers state them. */
  readonly md5: Readonly<Record<Split, Readonly<{ images: string; labels: string }>>>;
  /** `ImageDataset.fingerprint` of the complete set, by which one set in the place of another is known. */
  readonly fingerprints: Readonly<Record<Split, string>>;
}

/** Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits". */
export const MNIST: MnistLike = {
  name: "mnist",
  folders: ["mnist", "MNIST/raw", "MNIST"],
  mirrors: [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
  ],
  classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  md5: {
    train: { images: "f68b3c2dcbeaaa9fbdd348bbdeb94873", labels: "d53e105ee54ea40749a09fcbcd1e9432" },
    test: { images: "9fb629c4189551a2d022fa330f9573f3", labels: "ec29112dd5afa0611ce80d1b7f02629c" },
  },
  fingerprints: {
    train: "7b3826084e1616b8210ff41935ef29e4ad3dedd045e10e6a83229dec55b9eacd",
    test: "f339c42f356a0e027fc5a137fae379e1f465201b7a0c659a156660b010692b06",
  },
};

/** H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST" (arXiv 1708.07747). */
export const FASHION_MNIST: MnistLike = {
  name: "fashionmnist",
  folders: ["fashionmnist", "fashion-mnist", "FashionMNIST/raw", "FashionMNIST"],
  mirrors: [
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
  ],
  debianPackage: "dataset-fashion-mnist",
  classNames: [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
  ],
  md5: {
    train: { images: "8d4fb7e6c68d591d4c3dfef9ec88bf0d", labels: "25c81989df183df01b3e8a0aad5dffbe" },
    test: { images: "bef4ecab320f06d8554ea6380940ec79", labels: "bb300cfdad3c16e7a12a480ee83cd310" },
  },
  fingerprints: {
    train: "a7cb75f565ce0ef089882b30225472a2fea62eb82f4adaf20ae0c735f995e1c6",
    test: "57a662c950d85a8d57649f8e79ed4c9a99aca00be71b88bd53e114c093adf8f1",
  },
};

const SIDE = 28; // pixels of an image in the files
const BORDER = 2; // background pixels added on each side
const PADDED = SIDE + 2 * BORDER;

const FILE_PREFIX: Readonly<Record<Split, string>> = { train: "train", test: "t10k" };

/**
 * Loads a set of the MNIST family as images of 32x32: the exact 28x28 pixels within a border of 2 background pixels
 * (value 0), nothing resampled.
 *
 * @param family The sets it must not be confused with
 * @throws {RangeError} If a size other than 32 or colour is asked for
 * @throws {Deno.errors.NotFound} If its files are nowhere and cannot be downloaded
 * @throws {SyntaxError} If a file is damaged or holds something else: the message names the file, what it holds and what
 *   was expected
 * @throws The signal's reason, if it aborts a download
 */
export async function loadMnistLike(
  set: MnistLike,
  options: LoadOptions = {},
  family: readonly MnistLike[] = [MNIST, FASHION_MNIST],
): Promise<ImageDataset> {
  const { split = "train", size = PADDED, channels = 1 } = options;
  if (size !== PADDED || channels !== 1) {
    throw new RangeError(
      `Cannot load data set ${set.name} as ${size}x${size}x${channels}: expected ${PADDED}x${PADDED}x1, as it is`,
    );
  }
  const prefix = FILE_PREFIX[split];
  const { folder, paths: [imagesPath, labelsPath] } = await locate({
    ...set,
    files: [
      idxFile(`${prefix}-images`, 3, set.md5[split].images),
      idxFile(`${prefix}-labels`, 1, set.md5[split].labels),
    ],
  }, options);
  const pixels = imagesIn(await readIdx(imagesPath), imagesPath);
  const labels = labelsIn(await readIdx(labelsPath), labelsPath, set.classNames.length);
  const count = pixels.length / SIDE ** 2;
  if (labels.length !== count) {
    throw new SyntaxError(
      `Cannot label the images of ${imagesPath}: found ${labels.length} labels in ${labelsPath}, expected ${count}`,
    );
  }
  const images = padded(pixels, count);
  const fingerprint = createHash("sha256").update(images).update(labels).digest("hex");
  refuseOthers(fingerprint, set, split, family, folder);
  return {
    name: set.name,
    images,
    shape: [count, PADDED, PADDED, 1],
    labels,
    classNames: set.classNames,
    fingerprint,
    source: folder,
  };
}

/** The file as published, and the names people have it under: unpacked, and with the dot some programs write. */
function idxFile(stem: string, rank: number, md5: string): SetFile {
  const names = [`${stem}-idx${rank}-ubyte`, `${stem}.idx${rank}-ubyte`];
  return { name: `${names[0]}.gz`, md5, accepted: names.flatMap((name) => [`${name}.gz`, name]) };
}

/** Pixels `[count, 28, 28]`. */
function imagesIn({ shape, type, data }: IdxArray, path: string): Uint8Array {
  const [count, height, width] = shape;
  const fits = data instanceof Uint8Array && shape.length === 3 && height === SIDE && width === SIDE && count > 0;
  if (fits) return data;
  throw new SyntaxError(
    `Cannot read images from ${path}: found ${type} [${shape.join(", ")}]${
      shape.length === 1 ? ", which are labels" : ""
    }, expected uint8 [1 or more, ${SIDE}, ${SIDE}]`,
  );
}

/** Labels `[count]`, each a class. */
function labelsIn({ shape, type, data }: IdxArray, path: string, classes: number): Uint8Array {
  if (!(data instanceof Uint8Array) || shape.length !== 1) {
    throw new SyntaxError(
      `Cannot read labels from ${path}: found ${type} [${shape.join(", ")}]${
        shape.length === 3 ? ", which are images" : ""
      }, expected uint8 [count]`,
    );
  }
  const wrong = data.findIndex((label) => label >= classes);
  if (wrong < 0) return data;
  throw new SyntaxError(
    `Cannot read labels from ${path}: found ${data[wrong]} for image ${wrong}, expected 0 to ${classes - 1}`,
  );
}

/** `[count, 28, 28]` within a border of zeros: `[count, 32, 32]`. */
function padded(pixels: Uint8Array, count: number): Uint8Array {
  const images = new Uint8Array(count * PADDED ** 2);
  let from = 0;
  for (let image = 0; image < count; image++) {
    for (let y = 0; y < SIDE; y++) {
      const row = (image * PADDED + y + BORDER) * PADDED + BORDER;
      for (let x = 0; x < SIDE; x++) images[row + x] = pixels[from++];
    }
  }
  return images;
}

/** All sets of the family have the same file names and sizes, so only their content tells them apart. */
function refuseOthers(
  fingerprint: string,
  wanted: MnistLike,
  split: Split,
  family: readonly MnistLike[],
  folder: string,
): void {
  for (const set of family) {
    for (const part of ["train", "test"] as const) {
      if (set.fingerprints[part] !== fingerprint || (set.name === wanted.name && part === split)) continue;
      throw new SyntaxError(
        `Cannot load data set ${wanted.name} from ${folder}: found the ${part} images of ${set.name}, expected the ` +
          `${split} images of ${wanted.name}`,
      );
    }
  }
}
