/** Images of a data set: packed on the GPU for training, and a few of them as pictures. */

import { mul, sub } from "../ops/elementwise.ts";
import { gather, gatherBytes } from "../ops/gather.ts";
import { reshape, slice } from "../ops/movement.ts";
import { constant } from "../ops/source.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { permutation } from "./batches.ts";

/**
 * Images to learn from, `[count, height, width, channels]`: bytes from 0 (black) to 255 (white), or numbers as they are,
 * such as points `[count, 1, 1, 2]`.
 */
export interface TrainingImages {
  readonly images: Uint8Array | Float32Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
}

/** Pictures on the host: pixels in [-1, 1] `[n, height, width, channels]`; of generated ones `[n, generators]` too. */
export interface Pictures {
  readonly weights?: Float32Array;
  readonly images: Float32Array;
  readonly shape: readonly number[];
}

/** How the images of a batch reach a step: their numbers, or they themselves. */
export type Fed = { indices: Tensor } | { rows: Tensor };

/** What a step is given of each batch. */
export interface Feed {
  /** Inputs of its program. */
  readonly inputs: Readonly<Record<string, { shape: Shape; dtype: "u32" }>>;
  /** Their values for the images of given numbers. */
  values(indices: Uint32Array<ArrayBuffer>): Readonly<Record<string, Uint32Array<ArrayBuffer>>>;
}

/**
 * How images reach the GPU: all of them once, and of a batch its `indices [batch]`; or, where they are more than a buffer
 * may hold, the bytes of every batch as `rows [batch, words]`.
 *
 * @param largest Bytes of a buffer
 */
export function feedOf(data: TrainingImages, { batch, largest }: { batch: number; largest: number }): Feed {
  const { images, shape: [count] } = data;
  const size = images.length / count;
  const words = Math.ceil(size / 4);
  if (images instanceof Float32Array || count * words * 4 <= largest) {
    return { inputs: { indices: { shape: [batch], dtype: "u32" } }, values: (indices) => ({ indices }) };
  }
  return {
    inputs: { rows: { shape: [batch, words], dtype: "u32" } },
    values: (indices) => {
      const rows = new Uint8Array(batch * words * 4);
      indices.forEach((index, i) => rows.set(images.subarray(index * size, (index + 1) * size), i * words * 4));
      return { rows: new Uint32Array(rows.buffer) };
    },
  };
}

/** The images of a batch, pixels in [-1, 1], from a table that stays on the GPU or from their bytes. */
export function imagesOf({ images, shape: [count, ...image] }: TrainingImages): (fed: Fed) => Tensor {
  if (images instanceof Float32Array) {
    const numbers = constant(images, [count, ...image]);
    return (fed) => gather(numbers, numbersOf(fed));
  }
  const size = images.length / count;
  const words = Math.ceil(size / 4);
  let table: Tensor | undefined; // packed only where it is used
  return (fed) => {
    const [batch] = "rows" in fed ? fed.rows.shape : fed.indices.shape;
    const bytes = "rows" in fed
      ? gatherBytes(fed.rows, constant(Uint32Array.from({ length: batch }, (_, i) => i)))
      : gatherBytes(table ??= constant(wordsOf(images, { count, size, words }), [count, words]), fed.indices);
    const pixels = slice(bytes, { start: [0, 0], shape: [batch, size] });
    return reshape(sub(mul(pixels, 2 / 255), 1), [batch, ...image]);
  };
}

function numbersOf(fed: Fed): Tensor {
  if ("indices" in fed) return fed.indices;
  throw new TypeError("Cannot take points from rows of bytes: expected their indices");
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
  const valueOf = images instanceof Float32Array ? (x: number) => x : (byte: number) => byte / 127.5 - 1;
  chosen.forEach((index, i) => {
    for (let j = 0; j < size; j++) pixels[i * size + j] = valueOf(images[index * size + j]);
  });
  return { images: pixels, shape: [chosen.length, ...image] };
}
