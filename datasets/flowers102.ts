/** Oxford 102 Flowers: 8,189 photographs of flowers, at least 500 pixels wide and high. */

import type { ImageDataset, LoadOptions } from "./dataset.ts";
import { locate } from "./locate.ts";
import { matVariable } from "./matlab.ts";
import { loadPictures, type PictureLabels } from "./pictures.ts";
import { orSentence } from "./system_error.ts";

const CLASSES = 102;

/**
 * Loads Oxford 102 Flowers (M.-E. Nilsback, A. Zisserman, "Automated Flower Classification over a Large Number of
 * Classes", ICVGIP 2008) from `102flowers.tgz`, or the folder `jpg` in it, and `imagelabels.mat`. Picture
 * `image_00001.jpg` has the first label; the classes are called by their numbers in that file, 1 to 102. Pictures may be
 * missing. The official split of `setid.mat` keeps 1,020 for training and is not used.
 *
 * @throws {SyntaxError} If the labels are no numbers of classes, too few, or a picture has another name
 * @throws As `locate` and `loadPictures` do
 */
export async function loadFlowers(options: LoadOptions = {}): Promise<ImageDataset> {
  const { paths: [path, labelPath] } = await locate({
    name: "flowers102",
    folders: ["flowers102", "flowers-102"],
    files: [
      { name: "102flowers.tgz", md5: "52808999861908f626f3c1f4e79d11fa", accepted: ["102flowers.tgz", "jpg/"] },
      { name: "imagelabels.mat", md5: "e0620be6f572b9609742df49c70aed4d", accepted: ["imagelabels.mat"] },
    ],
    mirrors: ["https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"],
  }, options);
  const labelSource = await orSentence(Deno.readFile(labelPath), `read ${labelPath}`, "a readable file");
  const classes = classesIn(labelSource, labelPath);
  const labels = (names: readonly string[]) => labelsOf(names, { classes, path, labelPath });
  return await loadPictures({ name: "flowers102", path, labels, labelSource }, options);
}

/** Numbers of classes from 1, by the number of the picture minus 1. */
function classesIn(bytes: Uint8Array, path: string): Float64Array {
  const { data } = matVariable(bytes, "labels", path);
  const wrong = data.findIndex((label) => !Number.isInteger(label) || label < 1 || label > CLASSES);
  if (wrong < 0) return data;
  throw new SyntaxError(
    `Cannot read labels of ${path}: found ${data[wrong]} for picture ${wrong + 1}, expected 1 to ${CLASSES}`,
  );
}

function labelsOf(
  names: readonly string[],
  { classes, path, labelPath }: { classes: Float64Array; path: string; labelPath: string },
): PictureLabels {
  const labels = names.map((name) => {
    const number = Number(/^image_(\d+)\.jpg$/.exec(name)?.[1] ?? NaN);
    if (number >= 1 && number <= classes.length) return classes[number - 1] - 1;
    throw new SyntaxError(
      `Cannot label ${name} of ${path}: found ${classes.length} labels in ${labelPath}, ` +
        `expected image_00001.jpg to image_${String(classes.length).padStart(5, "0")}.jpg`,
    );
  });
  return { labels, classNames: Array.from({ length: CLASSES }, (_, i) => String(i + 1)) };
}
