/** Many small pictures as one. */

import type { Picture } from "../png.ts";

/** How `imageGrid` lays its pictures out. */
export interface GridOptions {
  /** `[n, height, width, channels]`, 1 or 3 channels. */
  shape: readonly number[];
  /** Pictures in a row; nearly square unless given. */
  columns?: number;
  /** Side of one pixel, a whole number. */
  scale?: number;
  /** Pixels between two pictures and around all. */
  padding?: number;
}

const SMALL = 48; // pixels: narrower pictures are hard to see at their own size

/** The scale at which people look at pictures of this width: small ones doubled. */
export function viewingScale(width: number): number {
  return width < SMALL ? 2 : 1;
}

/**
 * Pictures side by side, row by row: pixel `x` in [-1, 1] becomes the byte `round(127.5 (x + 1))`.
 *
 * @param images `[n, height, width, channels]`, row-major; what is outside [-1, 1] is clamped, NaN is black
 * @throws {RangeError} If the shape does not fit the numbers, or the layout is no whole number
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { imageGrid } from "./grid.ts";
 *
 * const grid = imageGrid(Float32Array.of(-1, 1), { shape: [2, 1, 1, 1], padding: 0 });
 * assertEquals([grid.width, grid.height, ...grid.data], [2, 1, 0, 255]);
 * ```
 */
export function imageGrid(images: Float32Array, options: GridOptions): Picture {
  const [n, height, width, channels] = options.shape;
  const { columns = Math.ceil(Math.sqrt(n)), scale = 1, padding = 2 } = options;
  check(images, options.shape, { columns, scale, padding });
  const rows = Math.ceil(n / columns);
  const [cellWidth, cellHeight] = [width * scale + padding, height * scale + padding];
  const pitch = columns * cellWidth + padding;
  const picture = {
    width: pitch,
    height: rows * cellHeight + padding,
    channels: channels as 1 | 3,
    data: new Uint8Array(pitch * (rows * cellHeight + padding) * channels),
  };
  const [row, line] = [width * channels, pitch * channels];
  for (let i = 0; i < n; i++) {
    const left = padding + (i % columns) * cellWidth;
    const top = padding + Math.floor(i / columns) * cellHeight;
    for (let y = 0; y < height; y++) {
      const to = (top + y * scale) * line + left * channels;
      drawRow(picture.data, to, images, (i * height + y) * row, { width, channels, scale });
      for (let again = 1; again < scale; again++) picture.data.copyWithin(to + again * line, to, to + row * scale);
    }
  }
  return picture;
}

/** One row of pixels, each `scale` times. */
function drawRow(
  bytes: Uint8Array,
  to: number,
  images: Float32Array,
  from: number,
  { width, channels, scale }: { width: number; channels: number; scale: number },
): void {
  let at = to;
  for (let x = 0; x < width; x++) {
    const pixel = from + x * channels;
    if (channels === 1) {
      const byte = byteOf(images[pixel]);
      for (let again = 0; again < scale; again++) bytes[at++] = byte;
    } else {
      for (let again = 0; again < scale; again++) {
        for (let c = 0; c < channels; c++) bytes[at++] = byteOf(images[pixel + c]);
      }
    }
  }
}

/** `round(127.5 (x + 1))`, clamped; `Math.round` and two calls for the clamp would take three times as long. */
function byteOf(x: number): number {
  if (x <= -1) return 0;
  if (x >= 1) return 255;
  return 127.5 * (x + 1) + 0.5 | 0; // 0 for NaN
}

type Layout = Required<Omit<GridOptions, "shape">>;

function check(images: Float32Array, shape: readonly number[], { columns, scale, padding }: Layout): void {
  const size = shape.reduce((product, length) => product * length, 1);
  const channels = shape[3];
  if (shape.length !== 4 || size !== images.length || size === 0 || (channels !== 1 && channels !== 3)) {
    throw new RangeError(
      `Cannot lay out ${images.length} numbers as [${shape}]: expected [n, height, width, channels] of 1 or 3 channels`,
    );
  }
  const whole = (value: number, least: number) => Number.isInteger(value) && value >= least;
  if (!whole(columns, 1) || !whole(scale, 1) || !whole(padding, 0)) {
    throw new RangeError(
      `Cannot lay out pictures with columns ${columns}, scale ${scale}, padding ${padding}: expected whole numbers`,
    );
  }
}
