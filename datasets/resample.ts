/** Pictures cut out, made smaller by area, turned and brought to a number of channels. */

/** Pixels as bytes `[height, width, channels]`. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** A square of a picture: its upper left corner and its side, in pixels. */
export interface Square {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

/** The pixels that one pixel of the result covers along an axis, and the share of each. */
interface Cover {
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * A square of the picture as `size` x `size` pixels by area: with `s = side / size`, pixel `(i, j)` is the mean of the
 * bytes over `[i s, (i + 1) s) x [j s, (j + 1) s)`, pixels on the border counting with the part that lies inside. Means
 * are those of the bytes as they are, not of light; halves are rounded up.
 *
 * @returns Bytes `[size, size, channels]`
 * @throws {RangeError} If the square does not lie in the picture or is smaller than the result
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { areaResample } from "./resample.ts";
 *
 * const data = Uint8Array.of(0, 30, 60, 90, 120, 150, 180, 210, 240);
 * const half = areaResample({ width: 3, height: 3, channels: 1, data }, { left: 0, top: 0, side: 3 }, 1);
 * assertEquals([...half], [120]);
 * ```
 */
export function areaResample(
  { width, height, channels, data }: Pixels,
  { left, top, side }: Square,
  size: number,
): Uint8Array<ArrayBuffer> {
  if (left < 0 || top < 0 || left + side > width || top + side > height || side < size) {
    throw new RangeError(
      `Cannot resample ${side}x${side} pixels at ${left}, ${top} of ${width}x${height} to ${size}x${size}: ` +
        `expected a square inside that is at least as large`,
    );
  }
  const covers = coversOf(side, size);
  const result = new Uint8Array(size * size * channels);
  const row = new Float64Array(side * channels); // means along y, before those along x
  let to = 0;
  for (const { first, weights } of covers) {
    row.fill(0);
    weights.forEach((weight, i) => {
      const start = ((top + first + i) * width + left) * channels;
      for (let k = 0; k < row.length; k++) row[k] += weight * data[start + k];
    });
    for (const { first, weights } of covers) {
      for (let channel = 0; channel < channels; channel++) {
        let mean = 0;
        for (let i = 0; i < weights.length; i++) mean += weights[i] * row[(first + i) * channels + channel];
        result[to++] = Math.floor(mean + HALF);
      }
    }
  }
  return result;
}

/** Halves are rounded up although weights such as 1/3 are not exact: a sum of them may be this much too small. */
const HALF = 0.5 + 1e-9;

function coversOf(side: number, size: number): Cover[] {
  return Array.from({ length: size }, (_, i) => {
    // Multiplied before it is divided, so that borders that are whole numbers are so exactly.
    const [from, to] = [i * side / size, (i + 1) * side / size];
    const first = Math.floor(from);
    const weights = new Float64Array(Math.ceil(to) - first);
    for (let k = 0; k < weights.length; k++) {
      weights[k] = (Math.min(to, first + k + 1) - Math.max(from, first + k)) * size / side;
    }
    return { first, weights };
  });
}

/**
 * The largest square in the middle of a picture, or one of a given side there; where the middle is between two pixels,
 * the one that is upper or left when the picture is upright.
 *
 * @param orientation From 1 to 8, as `turned` takes it
 */
export function centreSquare(
  { width, height, orientation = 1 }: Pick<Pixels, "width" | "height"> & { readonly orientation?: number },
  side?: number,
): Square {
  const length = side ?? Math.min(width, height);
  const [bottom, right] = SOURCES[orientation - 1](0, 0, 1); // 1 where the upper left corner comes from there
  return {
    left: Math.floor((width - length + right) / 2),
    top: Math.floor((height - length + bottom) / 2),
    side: length,
  };
}

/** Where in the picture, whose last row and column have the number `n`, pixel `(y, x)` of the turned one comes from. */
const SOURCES: readonly ((y: number, x: number, n: number) => readonly [y: number, x: number])[] = [
  (y, x) => [y, x],
  (y, x, n) => [y, n - x],
  (y, x, n) => [n - y, n - x],
  (y, x, n) => [n - y, x],
  (y, x) => [x, y],
  (y, x, n) => [n - x, y],
  (y, x, n) => [n - x, n - y],
  (y, x, n) => [x, n - y],
];

/**
 * A square picture turned as Exif asks: 1 as it is, 2 mirrored left to right, 3 by half a turn, 4 mirrored top to
 * bottom, 5 transposed, 6 by a quarter to the right, 7 transposed along the other diagonal, 8 by a quarter to the left.
 *
 * @param pixels Bytes `[size, size, channels]`
 * @param orientation From 1 to 8 (Exif 2.32, tag 0x0112)
 */
export function turned(
  pixels: Uint8Array<ArrayBuffer>,
  { size, orientation }: { size: number; orientation: number },
): Uint8Array<ArrayBuffer> {
  if (orientation === 1) return pixels;
  const source = SOURCES[orientation - 1];
  const channels = pixels.length / size ** 2;
  const result = new Uint8Array(pixels.length);
  for (let y = 0, to = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [fromY, fromX] = source(y, x, size - 1);
      const from = (fromY * size + fromX) * channels;
      for (let channel = 0; channel < channels; channel++) result[to++] = pixels[from + channel];
    }
  }
  return result;
}

/**
 * Grey pixels as colour ones with three equal channels, colour as grey: `0.299 r + 0.587 g + 0.114 b` (ITU-R BT.601).
 *
 * @param pixels Bytes of 1 or 3 channels for each of `count` pixels
 */
export function withChannels(
  pixels: Uint8Array<ArrayBuffer>,
  { count, channels }: { count: number; channels: 1 | 3 },
): Uint8Array<ArrayBuffer> {
  if (pixels.length === count * channels) return pixels;
  const result = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    if (channels === 3) result.fill(pixels[i], 3 * i, 3 * i + 3);
    else result[i] = Math.round(0.299 * pixels[3 * i] + 0.587 * pixels[3 * i + 1] + 0.114 * pixels[3 * i + 2]);
  }
  return result;
}
