/** Samples of any program as a NumPy array file. */

import { isPoint } from "../models/presets.ts";
import { decodeNpy } from "../npy.ts";
import { RunError } from "../sampling/run.ts";
import { sizeOf } from "../shape.ts";
import type { PictureSet } from "./features.ts";

/** Largest number of a pixel that a generator without a last activation may reach; larger ones are another range. */
const LARGEST = 4;
/** Share of pixels that may lie outside of [-1, 1], where they are cut off. */
const MOST_OUTSIDE = 0.01;

/**
 * Samples in a `.npy` file as pictures of a given size: `[n, height, width, channels]`, `[n, channels, height, width]`,
 * grey ones also `[n, height, width]`, points `[n, dimensions]`; bytes, or `float32` in [-1, 1].
 *
 * @throws {RunError} If it cannot be read, or holds pictures of another size or range
 */
export async function readSamples(
  path: string,
  image: readonly [height: number, width: number, channels: number],
): Promise<PictureSet> {
  const [height, width, channels] = image;
  const points = isPoint(image);
  const refuse = (found: string, expected: string): never => {
    throw new RunError(`Cannot use samples ${path}: found ${found}, expected ${expected}`);
  };
  const bytes = await Deno.readFile(path).catch((error) => {
    const found = error instanceof Deno.errors.NotFound ? "no such file" : error.message;
    return refuse(found, "a .npy file");
  });
  const { shape: [n, ...sample], data } = decoded(path, bytes);
  const layouts = [
    [height, width, channels],
    ...channels === 1 ? [[height, width]] : [],
    ...points ? [[channels]] : [],
  ];
  const first = [channels, height, width];
  const isFirst = !layouts.some((layout) => layout.join() === sample.join()) && first.join() === sample.join();
  if (!isFirst && !layouts.some((layout) => layout.join() === sample.join())) {
    refuse(`an array [${[n, ...sample]}]`, [...layouts, first].map((layout) => `[n,${layout}]`).join(" or "));
  }
  if (points && data instanceof Uint8Array) refuse("points of type uint8", "float32");
  if (!points && data instanceof Float32Array) {
    const expected = "float32 in [-1, 1], or uint8";
    const { least, largest, outside } = rangeOf(data);
    if (!(largest <= LARGEST && least >= -LARGEST)) refuse(`pixels from ${least} to ${largest}`, expected);
    if (outside > MOST_OUTSIDE) {
      refuse(`${Number((100 * outside).toPrecision(2))} % of pixels outside of [-1, 1]`, expected);
    }
    if (least === 0 && largest > 0) {
      refuse(`pixels from 0 to ${largest}`, `${expected} (2 x - 1 makes one of the other)`);
    }
  }
  const shape = [n, height, width, channels];
  return { images: isFirst ? channelsLast(data, shape) : data, shape };
}

function decoded(path: string, bytes: Uint8Array<ArrayBuffer>) {
  try {
    return decodeNpy(bytes);
  } catch (error) {
    throw new RunError(`Cannot use samples ${path}: ${(error as Error).message.replace(/^[^:]*: /, "")}`, {
      cause: error,
    });
  }
}

/** The least number, the largest, or 0, and the share that is outside of [-1, 1]. */
function rangeOf(data: Float32Array): { least: number; largest: number; outside: number } {
  let [least, largest, count] = [0, 0, 0];
  for (const x of data) {
    least = Math.min(least, x);
    largest = Math.max(largest, x);
    if (Math.abs(x) > 1) count++;
  }
  return { least, largest, outside: count / data.length };
}

/** `[n, channels, height, width]` as `[n, height, width, channels]`. */
function channelsLast<T extends Float32Array | Uint8Array>(
  data: T,
  [n, height, width, channels]: readonly number[],
): T {
  const plane = height * width;
  const result = data.slice() as T;
  const size = sizeOf([plane, channels]);
  for (let i = 0; i < n; i++) {
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < plane; pixel++) {
        result[i * size + pixel * channels + channel] = data[i * size + channel * plane + pixel];
      }
    }
  }
  return result;
}
