/** Sets of pictures that tell themselves apart by their shades. */

import type { ImageDataset, LoadOptions } from "../../datasets/dataset.ts";
import { folderLabels } from "../../datasets/folder.ts";
import { splitOf } from "../../datasets/picture_choice.ts";
import { loadPictures } from "../../datasets/pictures.ts";
import { type Files, shade } from "./archives.ts";

/** Names of pictures that are all to train with, or all to test. */
export function named(split: "train" | "test", count: number, folder = ""): string[] {
  const names: string[] = [];
  for (let i = 0; names.length < count; i++) {
    if (splitOf(`${folder}${i}.png`) === split) names.push(`${folder}${i}.png`);
  }
  return names;
}

/** Pictures, each of its own shade: 0, 10, 20, … */
export async function shades(names: readonly string[]): Promise<Files> {
  const entries = names.map(async (name, i) => [name, await shade(10 * i % 256)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Loads what lies at `folder/name` with a cache in `folder/cache`. */
export async function load(folder: string, name: string, options: LoadOptions = {}): Promise<ImageDataset> {
  const env = (variable: string) => variable === "XDG_CACHE_HOME" ? `${folder}/cache` : undefined;
  const set = { name: "some", path: `${folder}/${name}`, labels: folderLabels };
  return await loadPictures(set, { size: 8, channels: 1, env, ...options });
}

/** The first pixel of each image. */
export const firsts = ({ images, shape: [count, height, width, channels] }: ImageDataset): number[] =>
  Array.from({ length: count }, (_, i) => images[i * height * width * channels]);
