/** Samples as they are answered: a grid as PNG, paths as JSON, pixels as npy, or grid and paths at once. */

import type { Picture } from "../../core/png.ts";
import { imageGrid, viewingScale } from "../../core/sampling/grid.ts";
import { samplePicture } from "../../core/sampling/sample_picture.ts";
import type { Sample, Samples } from "../../core/sampling/sampler.ts";
import { isPoint } from "../../core/models/presets.ts";
import { multipartOf } from "../formats/multipart.ts";
import { npyOf } from "../formats/npy.ts";
import { pngOf } from "../formats/png.ts";
import type { Model } from "../registry.ts";
import { invalid } from "./parameters.ts";

/** Media types of answers with samples, the usual one first. */
export const SAMPLE_TYPES = [
  "image/png",
  "application/json",
  "application/x-npy",
  "application/octet-stream",
  "multipart/form-data",
] as const;
/** Media type of an answer with samples. */
export type SampleType = typeof SAMPLE_TYPES[number];

/** One sample in JSON. */
export interface SampleEntry extends Sample {
  latent?: number[];
  /** Its picture as a PNG file in base64. */
  image?: string;
  /** Its two numbers, where samples are points. */
  point?: number[];
}

/** An answer with samples in JSON. */
export interface SampleBody {
  run: string;
  iteration: number;
  seed: number;
  shape: Samples["shape"];
  samples: SampleEntry[];
  /** The grid as a PNG file in base64. */
  image?: string;
}

/** How samples are shown. */
export interface Shown {
  images: "none" | "grid" | "each";
  /** Whether JSON includes latents. */
  latents: boolean;
  columns?: number;
  scale: number;
}

const MOST_PIXELS = 2 ** 22; // of a grid: drawing and encoding it keeps everybody waiting for up to 0.17 s

/** Pixels of a side of a scatter of points. */
export const scatterSide = (scale: number): number => 64 * scale;

/** The scale unless one is given: small pictures are doubled, a scatter of points has 512 pixels a side. */
export function usualScale(image: Model["sampler"]["options"]["image"]): number {
  return isPoint(image) ? 8 : viewingScale(image[1]);
}

/** Whether an answer needs the pixels at all. */
export function needsPictures(type: SampleType, { images }: Pick<Shown, "images">): boolean {
  return type !== "application/json" || images !== "none";
}

/**
 * Refuses pictures too large to be drawn.
 *
 * @throws {RequestError} 400 with the largest scale
 */
export function checkSize(n: number, { image }: Model["sampler"]["options"], scale: number): void {
  const most = isPoint(image) ? Infinity : Math.floor(Math.sqrt(MOST_PIXELS / (n * image[0] * image[1])));
  if (scale <= most) return;
  const of = `${n} ${n === 1 ? "picture" : "pictures"} of ${image[1]}x${image[0]}`;
  throw invalid("sample", "scale", `scale is ${scale} with ${of}`, `a whole number from 1 to ${most}`);
}

/** The body of an answer, and its media type. */
export function answerWith(
  type: SampleType,
  drawn: Samples,
  shown: Shown,
  { run, iteration }: Pick<Model, "run" | "iteration">,
): { type: string; body: Uint8Array<ArrayBuffer> | string } {
  const json = (images: Shown["images"]) => {
    const { seed, shape } = drawn;
    const grid = images === "grid" ? { image: gridOf(drawn, shown).toBase64() } : {};
    return JSON.stringify(
      { run, iteration, seed, shape, samples: entriesOf(drawn, { ...shown, images }), ...grid } satisfies SampleBody,
    );
  };
  switch (type) {
    case "image/png":
      return { type, body: gridOf(drawn, shown) };
    case "application/json":
      return { type, body: json(shown.images) };
    case "multipart/form-data":
      return multipartOf([
        { name: "samples", type: "application/json", body: json(shown.images === "grid" ? "none" : shown.images) },
        { name: "image", type: "image/png", filename: "samples.png", body: gridOf(drawn, shown) },
      ]);
    default:
      return { type, body: npyOf(drawn.images, drawn.shape) };
  }
}

/** All pictures as one PNG file. */
export function gridOf(drawn: Samples, { columns, scale }: Pick<Shown, "columns" | "scale">): Uint8Array<ArrayBuffer> {
  const { images, shape, samples } = drawn;
  const leaves = samples.map(({ leaf }) => leaf);
  return pngOf(
    samplePicture(images, {
      shape,
      leaves,
      scale,
      columns: columns && Math.min(columns, shape[0]),
      side: scatterSide(scale),
    }),
  );
}

/** The samples, with as much beside their paths as is wanted. */
export function entriesOf(drawn: Samples, { images, latents, scale }: Shown): SampleEntry[] {
  const { shape: [n, ...image], samples } = drawn;
  if (images !== "each" && !latents) return samples;
  return samples.map((sample, i) => ({
    ...sample,
    ...latents ? { latent: Array.from(rowOf(drawn.latents, i, n), shortest) } : {},
    ...images === "each" ? { image: pngOf(pictureOf(drawn, i, scale)).toBase64() } : {},
    ...images === "each" && isPoint(image) ? { point: Array.from(rowOf(drawn.images, i, n), shortest) } : {},
  }));
}

/** One of the pictures, without a frame. */
export function pictureOf({ shape: [n, ...image], images, samples }: Samples, i: number, scale: number): Picture {
  const [pixels, shape] = [rowOf(images, i, n), [1, ...image]];
  if (!isPoint(image)) return imageGrid(pixels, { shape, scale, padding: 0 });
  return samplePicture(pixels, { shape, leaves: [samples[i].leaf], side: scatterSide(scale) });
}

/** Row `i` of `n`. */
function rowOf(values: Float32Array, i: number, n: number): Float32Array {
  return values.subarray(i * values.length / n, (i + 1) * values.length / n);
}

/** The same f32 with as few digits as tell it from its neighbours. */
function shortest(value: number): number {
  return Number(value.toPrecision(9));
}
