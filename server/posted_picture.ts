/** A picture that a client sent, made into what a model sees. */

import { type DecodedPicture, loadDecoder } from "../datasets/decode.ts";
import { imageOf } from "../datasets/picture.ts";
import { pictureHeader } from "../datasets/picture_header.ts";
import type { ModelOptions } from "../core/models/presets.ts";
import { RequestError } from "./errors.ts";

/** Most pixels of a picture that is sent: decoding them takes up to 0.2 s, in which nothing else is answered. */
export const MOST_PIXELS = 4e6;

/** For whom a picture is prepared. */
export interface PictureFor {
  readonly image: ModelOptions["image"];
  /** Data set of the run, as far as it is known. */
  readonly dataset?: string;
}

let decoder: ReturnType<typeof loadDecoder> | undefined;

/**
 * The bytes of a JPEG or PNG file as an image of a model, prepared as the pictures of its data set are: the largest square in
 * the middle, upright, resampled by area, alpha over white, as grey (`0.299 r + 0.587 g + 0.114 b`) or colour. A picture of
 * 28x28 pixels gets the border of 2 black pixels that the sets of the MNIST family have, one of CelebA's 178x218 pixels is cut
 * as those are. Nothing is enlarged, and black on white stays so.
 *
 * @returns `[height, width, channels]`, pixels in [-1, 1]
 * @throws {RequestError} 400 `invalid_picture`, or `picture_too_large` by its header, before a pixel is decoded
 */
export async function postedPicture(bytes: Uint8Array, { image, dataset = "" }: PictureFor): Promise<Float32Array> {
  const [size, , channels] = image;
  decoder ??= loadDecoder();
  decoder.catch(() => decoder = undefined);
  const decode = await decoder;
  try {
    const { width, height } = pictureHeader(bytes);
    if (width * height > MOST_PIXELS) {
      const message = `Cannot assign the picture: it is ${width}x${height} pixels, expected at most ` +
        `${MOST_PIXELS / 1e6} million`;
      throw new RequestError(400, "picture_too_large", message, "image");
    }
    const picture = prepared(decode(bytes), dataset);
    const crop = dataset === CELEBA.name && picture.width === CELEBA.width && picture.height === CELEBA.height
      ? CELEBA.crop
      : undefined;
    const pixels = imageOf(picture, { size, channels: channels as 1 | 3, crop });
    return Float32Array.from(pixels, (byte) => byte / 127.5 - 1);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new RequestError(400, "invalid_picture", `Cannot assign the picture: it ${error.message}`, "image");
  }
}

const MNIST = { names: ["mnist", "fashionmnist"], side: 28, border: 2 };
const CELEBA = { name: "celeba", width: 178, height: 218, crop: 108 };

/** With the border of the MNIST family, where it is one of its pictures. */
function prepared(picture: DecodedPicture, dataset: string): DecodedPicture {
  const { width, height, channels, data } = picture;
  const { names, side, border } = MNIST;
  if (!names.includes(dataset) || width !== side || height !== side) return picture;
  const wide = side + 2 * border;
  const padded = new Uint8Array(wide * wide * channels); // black
  for (let y = 0; y < side; y++) {
    const row = data.subarray(y * side * channels, (y + 1) * side * channels);
    padded.set(row, ((y + border) * wide + border) * channels);
  }
  return { ...picture, width: wide, height: wide, data: padded };
}
