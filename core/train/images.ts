/** Images of a data set: packed on the GPU for training, and a few of them as pictures. */

import { mul, sub } from "../ops/elementwise.ts";
import { gatherBytes } from "../ops/gather.ts";
import { reshape, slice } from "../ops/movement.ts";
import { constant } from "../ops/source.ts";
import type { Tensor } from "../tensor.ts";
import { permutation } from "./batches.ts";

/** Images to learn from: bytes `[count, height, width, channels]`. */
export interface TrainingImages {
  readonly images: Uint8Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
}

/** Pictures on the host: pixels in [-1, 1] `[n, height, width, channels]`. */
export interface Pictures {
  readonly images: Float32Array;
  readonly shape: readonly number[];
}

/** The images of given numbers from bytes that stay on the GPU, pixels in [-1, 1]. */
export function imagesOf({ images, shape: [count, ...image] }: TrainingImages): (indices: Tensor) => Tensor {
  const size = images.length / count;
  const words = Math.ceil(size / 4);
  const table = constant(wordsOf(images, { count, size, words }), [count, words]);
  return (indices) => {
    const bytes = gatherBytes(table, indices);
    const pixels = slice(bytes, { start: [0, 0], shape: [indices.shape[0], size] });
    return reshape(sub(mul(pixels, 2 / 255), 1), [indices.shape[0], ...image]);
  };
}

/** Rows of bytes as rows of words, the last one filled up with zeros; the same memory where the rows fit. */
function wordsOf(
  images: Uint8Array,
  { count, size, words }: { count: number; size: number; words: number },
): Uint32Array {
  if (size === words * 4 && images.byteOffset % 4 === 0) {
    return new Uint32Array(images.buffer, images.byteOffset, count * words);
  }
  const packed = new Uint8Array(count * words * 4);
  for (let i = 0; i < count; i++) packed.set(images.subarray(i * size, (i + 1) * size), i * words * 4);
  return new Uint32Array(packed.buffer);
}

/**
 * `n` images in an order of the seed.
 *
 * @returns Pixels in [-1, 1] `[n, height, width, channels]`, fewer where there are fewer
 */
export function realImages(data: TrainingImages, { n, seed }: { n: number; seed: number }): Pictures {
  const { images, shape: [count, ...image] } = data;
  const size = images.length / count;
  const chosen = permutation(count, seed, 0).subarray(0, n);
  const pixels = new Float32Array(chosen.length * size);
  chosen.forEach((index, i) => {
    for (let j = 0; j < size; j++) pixels[i * size + j] = images[index * size + j] / 127.5 - 1;
  });
  return { images: pixels, shape: [chosen.length, ...image] };
}
