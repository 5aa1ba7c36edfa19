/** From a decoded picture to the image of a data set. */

import type { DecodedPicture } from "./decode.ts";
import { areaResample, centreSquare, turned, withChannels } from "./resample.ts";

/** What is made of every picture of a set. */
export interface ImageFormat {
  /** Side of the image in pixels. */
  readonly size: number;
  readonly channels: 1 | 3;
  /** Side of the square cut out of the middle, in pixels of the picture; without it the largest there is. */
  readonly crop?: number;
}

/**
 * The middle of a picture as an image, resampled by area (`areaResample`), upright, with the channels asked for.
 *
 * @returns Bytes `[size, size, channels]`
 * @throws {SyntaxError} If the picture is smaller than the square to cut out or than the image: nothing is enlarged. The
 *   message goes on a sentence about the file
 */
export function imageOf(picture: DecodedPicture, { size, channels, crop }: ImageFormat): Uint8Array<ArrayBuffer> {
  const { width, height, orientation } = picture;
  const least = Math.max(size, crop ?? 0);
  if (Math.min(width, height) < least) {
    throw new SyntaxError(`is ${width}x${height} pixels, expected at least ${least}x${least}`);
  }
  const square = areaResample(picture, centreSquare(picture, crop), size);
  return withChannels(turned(square, { size, orientation }), { count: size ** 2, channels });
}
