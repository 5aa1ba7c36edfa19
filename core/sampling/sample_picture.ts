/** Samples as one picture, whatever they are: images as a grid, points as dots in the plane. */

import { isPoint, type ModelOptions } from "../models/presets.ts";
import { channelsOf, colourOf } from "../palette.ts";
import type { Picture } from "../png.ts";
import { imageGrid, viewingScale } from "./grid.ts";

/** How samples are drawn. */
export interface SamplePictureOptions {
  /** `[n, height, width, channels]`. */
  shape: readonly number[];
  /** Path weights `[n, leaves]`: points have the colour of their largest. */
  weights?: Float32Array;
  /** Or the leaf of each. */
  leaves?: readonly number[];
  /** Pixels of both sides of a scatter, 512 unless given. */
  side?: number;
  /** Of a dot, in pixels; 1.5 unless given. */
  radius?: number;
  /** Images in a row; nearly square unless given. */
  columns?: number;
  /** Side of one pixel of an image, a whole number; small images are doubled unless given. */
  scale?: number;
}

const SIDE = 512; // pixels of a scatter, unless told otherwise
const REACH = 1.1; // of both axes: a little more than the data, which are in [-1, 1]
const RADIUS = 1.5; // pixels of a dot
const PAPER = 255;

/**
 * Images side by side, points `[n, 1, 1, 2]` as dots over the square from -1.1 to 1.1, the second number upwards.
 *
 * @param samples `[n, height, width, channels]`, row-major
 * @throws {RangeError} If the shape does not fit the numbers, or points have not two numbers
 */
export function samplePicture(samples: Float32Array, options: SamplePictureOptions): Picture {
  const { shape, side = SIDE, radius = RADIUS, columns, scale = viewingScale(shape[2]), ...path } = options;
  const [n, ...image] = shape;
  if (!isPoint(image as unknown as ModelOptions["image"])) return imageGrid(samples, { shape, columns, scale });
  if (image[2] !== 2 || samples.length !== 2 * n) {
    throw new RangeError(`Cannot draw ${samples.length} numbers as [${shape}]: expected points of 2 numbers`);
  }
  const leaves = path.leaves ?? largest(path.weights ?? new Float32Array(n).fill(1), n);
  const picture = {
    width: side,
    height: side,
    channels: 3 as const,
    data: new Uint8Array(side * side * 3).fill(PAPER),
  };
  for (let i = 0; i < n; i++) {
    dot(picture, samples[2 * i], samples[2 * i + 1], { colour: channelsOf(colourOf(leaves[i])), radius });
  }
  return picture;
}

/** Where each row's largest number stands. */
function largest(weights: Float32Array, n: number): number[] {
  const columns = weights.length / n;
  return Array.from({ length: n }, (_, i) => {
    const row = weights.subarray(i * columns, (i + 1) * columns);
    return row.indexOf(Math.max(...row));
  });
}

function dot(
  { data, width }: Picture,
  x: number,
  y: number,
  { colour, radius }: { colour: readonly number[]; radius: number },
): void {
  const [centreX, centreY] = [x, -y].map((value) => (value / REACH + 1) / 2 * width - 0.5);
  // Far away, adding 1 to a row leaves it as it is.
  if (![centreX, centreY].every((centre) => Math.abs(centre - width / 2) < width / 2 + radius)) return;
  for (let row = Math.ceil(centreY - radius); row <= centreY + radius; row++) {
    for (let column = Math.ceil(centreX - radius); column <= centreX + radius; column++) {
      const inside = (row - centreY) ** 2 + (column - centreX) ** 2 <= radius ** 2;
      if (inside && Math.min(row, column) >= 0 && Math.max(row, column) < width) {
        data.set(colour, (row * width + column) * 3);
      }
    }
  }
}
