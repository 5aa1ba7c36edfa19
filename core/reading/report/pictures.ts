/** Pictures of the report. */

import { isPoint } from "../../models/presets.ts";
import { type Picture, pngUri } from "../../png.ts";
import { imageGrid } from "../../sampling/grid.ts";
import { samplePicture } from "../../sampling/sample_picture.ts";
import { sizeOf } from "../../shape.ts";

type Image = readonly [height: number, width: number, channels: number];

const SCATTER = { side: 160, radius: 2 }; // pixels
const SIDE = 64; // of a picture, about
/** Where the left side is brighter, neither is, the right side is: Okabe & Ito's blue and vermilion, told apart by all. */
export const DIVERGING = { left: [0x00, 0x72, 0xb2], none: [0xff, 0xff, 0xff], right: [0xd5, 0x5e, 0x00] } as const;

/** A picture with the sides that it is shown at. */
export interface Shown {
  readonly uri: string;
  /** Pixels of the page. */
  readonly width: number;
  readonly height: number;
  /** Whether it is a scatter: dark on white, which a page may turn around. */
  readonly points: boolean;
}

/** How pictures are shown. */
export interface ShownOptions {
  /** Pictures in a row; 1 unless given. */
  readonly columns?: number;
  /** Pixels of the page that one picture is about wide, 64 unless given; of a scatter exactly, 160 unless given. */
  readonly side?: number;
  /** The leaf of each point, which gives it its colour. */
  readonly leaves?: readonly number[];
}

/**
 * Pictures side by side, points as one scatter.
 *
 * @param images `[n, height, width, channels]`
 */
export function pictureOf(
  images: Float32Array,
  image: Image,
  { columns = 1, side = SCATTER.side, leaves }: ShownOptions = {},
): Picture {
  const n = images.length / sizeOf(image);
  if (isPoint(image)) return samplePicture(images, { shape: [n, ...image], leaves, side, radius: SCATTER.radius });
  return imageGrid(images, { shape: [n, ...image], columns: Math.min(columns, n), padding: 1 });
}

/** `pictureOf` as an address, small pictures shown larger, in whole steps. */
export async function shown(images: Float32Array, image: Image, options: ShownOptions = {}): Promise<Shown> {
  const picture = pictureOf(images, image, options);
  const points = isPoint(image);
  const scale = points ? 1 : Math.max(1, Math.round((options.side ?? SIDE) / image[1]));
  return { uri: await pngUri(picture), width: picture.width * scale, height: picture.height * scale, points };
}

/**
 * A signed picture in colours: blue where it is above 0, vermilion below, white at 0. Channels are averaged.
 *
 * @param difference `[height, width, channels]`
 * @param reach What has full colour, above 0
 */
export function differencePicture(difference: Float32Array, [height, width, channels]: Image, reach: number): Picture {
  const data = new Uint8Array(height * width * 3);
  for (let pixel = 0; pixel < height * width; pixel++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += difference[pixel * channels + c];
    const value = Math.max(-1, Math.min(1, sum / channels / reach));
    const colour = value > 0 ? DIVERGING.left : DIVERGING.right;
    for (let c = 0; c < 3; c++) {
      data[pixel * 3 + c] = Math.round(DIVERGING.none[c] + (colour[c] - DIVERGING.none[c]) * Math.abs(value));
    }
  }
  return { width, height, channels: 3, data };
}
