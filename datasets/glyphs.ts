/** Labelled pictures drawn by code: eight shapes in a known hierarchy, for everything that is tried without a download. */

import { createHash } from "node:crypto";
import { type Draws, draws } from "../core/draws.ts";
import type { ImageDataset, Split } from "./dataset.ts";

/** Labelled pictures whose classes are the leaves of a known tree. */
export interface GlyphDataset extends ImageDataset {
  readonly labels: Uint8Array<ArrayBuffer>;
  /** `GLYPH_PATHS`: for each class the names on its path, from below the root down to its own. */
  readonly hierarchy: readonly (readonly string[])[];
}

/** Which pictures are drawn. */
export interface GlyphOptions {
  /** Default `train`; the splits of a seed are independent of each other. */
  readonly split?: Split;
  /** Pictures; default 20,000 to train and 4,000 to test. */
  readonly count?: number;
  /** A whole number from 0 to 2⁵³ - 1, default 0. */
  readonly seed?: number;
  /** Height and width in pixels, from 16 to 128; default 32. */
  readonly size?: number;
  /** 1, the default, for grey, or 3, where every shape has a hue, too. */
  readonly channels?: 1 | 3;
}

/** A shape and where it stands; lengths are in parts of the picture's side. */
export interface Glyph {
  /** Index of `GLYPH_PATHS`. */
  readonly shape: number;
  /** From the top left corner of the picture to the centre of the shape. */
  readonly x: number;
  readonly y: number;
  /** About half the side of the shape. */
  readonly radius: number;
  /** In radians, counter-clockwise. */
  readonly rotation: number;
  /** Half the width of lines, in radii. */
  readonly stroke: number;
}

/** Distance of `(x, y)` from the shape's edge in radii, negative inside; x to the right, y up, the shape around 0. */
type Distance = (x: number, y: number, stroke: number) => number;

const SHAPES: readonly { path: readonly [string, string, string]; distance: Distance }[] = [
  { path: ["solid", "round", "disk"], distance: (x, y) => Math.sqrt(x * x + y * y) - 0.9 },
  {
    path: ["solid", "round", "crescent"],
    distance: (x, y) => Math.max(Math.sqrt(x * x + y * y) - 1, 0.75 - Math.sqrt((x - 0.5) ** 2 + y * y)),
  },
  { path: ["solid", "angular", "square"], distance: (x, y) => Math.max(Math.abs(x), Math.abs(y)) - 0.75 },
  {
    path: ["solid", "angular", "triangle"],
    distance: (x, y) => Math.max(-y, y / 2 + Math.abs(x) * Math.sqrt(0.75)) - 0.53,
  },
  { path: ["line", "round", "ring"], distance: (x, y, stroke) => Math.abs(Math.sqrt(x * x + y * y) - 0.8) - stroke },
  {
    path: ["line", "round", "arc"], // the left half of a ring, its ends rounded
    distance: (x, y, stroke) =>
      (x < 0 ? Math.abs(Math.sqrt(x * x + y * y) - 0.8) : Math.sqrt(x * x + (Math.abs(y) - 0.8) ** 2)) - stroke,
  },
  {
    path: ["line", "angular", "cross"],
    distance: (x, y, stroke) =>
      Math.min(segment(x, y, [-0.85, 0], [0.85, 0]), segment(x, y, [0, -0.85], [0, 0.85])) - stroke,
  },
  {
    path: ["line", "angular", "chevron"], // it points to the right
    distance: (x, y, stroke) => segment(x, Math.abs(y), [0.55, 0], [-0.45, 0.7]) - stroke,
  },
];

/**
 * The classes, each as the names on its path: `solid` or `line`, `round` or `angular`, the shape. The tree is balanced
 * and its classes go from left to right: at level `k` of 3, class `c` is under node `c >> (3 - k)` from the left.
 */
export const GLYPH_PATHS: readonly (readonly [surface: string, outline: string, shape: string])[] = SHAPES.map(
  ({ path }) => path,
);

const STREAMS: Readonly<Record<Split, number>> = { train: 2, test: 3 }; // toys have 0 and 1
const COUNTS: Readonly<Record<Split, number>> = { train: 20_000, test: 4_000 };
const SIZES = { least: 16, most: 128 };
const REACH = 1.2; // no shape is wider, in radii
const SATURATION = 0.75;

/**
 * Draws labelled pictures: light shapes on a dark ground, all 8 equally likely. Centre, size (radius 0.26 to 0.38 of the
 * side), rotation (up to 30 degrees), width of lines (2 to 5 pixels of 32), brightness of shape (0.5 to 1) and ground (0
 * to 0.15) are uniform and independent. A seed draws the same shapes in every size, grey or in colour, and on every
 * platform.
 *
 * @returns Pixels as bytes `[count, size, size, channels]`; the lightest channel of a coloured picture is the grey one
 * @throws {RangeError} If the count is no whole number from 1, the size from 16 to 128 or the seed from 0 to 2⁵³ - 1, or
 *   there are neither 1 nor 3 channels
 *
 * @example
 * ```ts
 * import { glyphs } from "./glyphs.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { shape, classNames, hierarchy } = glyphs({ count: 10, size: 48, channels: 3 });
 * assertEquals(shape, [10, 48, 48, 3]);
 * assertEquals([classNames[0], hierarchy[0]], ["disk", ["solid", "round", "disk"]]);
 * ```
 */
export function glyphs(options: GlyphOptions = {}): GlyphDataset {
  const { split = "train", count = COUNTS[split], seed = 0, size = 32, channels = 1 } = options;
  check({ count, size, channels });
  const random = draws(seed, STREAMS[split]);
  const images = new Uint8Array(count * size * size * channels);
  const labels = new Uint8Array(count);
  const cover = new Float32Array(size * size);
  for (let i = 0; i < count; i++) {
    const glyph = anyGlyph(random);
    labels[i] = glyph.shape;
    coverage(glyph, size, cover);
    const ground = 0.15 * random.uniform();
    const light = between(random, 0.5, 1);
    const colour = channels === 1 ? [light] : rgb(random.uniform(), light);
    if (channels === 1) random.uniform(); // the hue, so that what follows is the same
    const first = i * size * size * channels;
    for (let pixel = 0; pixel < cover.length; pixel++) {
      for (let c = 0; c < channels; c++) {
        const value = ground + cover[pixel] * (colour[c] - ground);
        images[first + pixel * channels + c] = 255 * value + 0.5; // bytes drop what is behind the point
      }
    }
  }
  return {
    name: "glyphs",
    images,
    shape: [count, size, size, channels],
    labels,
    classNames: GLYPH_PATHS.map(([, , shape]) => shape),
    hierarchy: GLYPH_PATHS,
    fingerprint: createHash("sha256").update(images).update(labels).digest("hex"),
    source: `code with seed ${seed}`,
  };
}

/**
 * How much of each pixel a shape covers: `½ − d`, from 0 to 1, with the distance `d` of the pixel's centre from the edge
 * in pixels.
 *
 * @param into `[size, size]`, overwritten
 * @returns `into`, rows from the top
 *
 * @example
 * ```ts
 * import { coverage } from "./glyphs.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const disk = coverage({ shape: 0, x: 0.5, y: 0.5, radius: 0.3, rotation: 0, stroke: 0.1 }, 16);
 * assertEquals([disk[0], disk[8 * 16 + 8]], [0, 1]); // a corner, the middle
 * ```
 */
export function coverage(glyph: Glyph, size: number, into = new Float32Array(size * size)): Float32Array {
  const { distance } = SHAPES[glyph.shape];
  const scale = glyph.radius * size; // pixels in a radius
  const [left, top] = [glyph.x * size - 0.5, glyph.y * size - 0.5]; // the centre in pixels
  const [cos, sin] = [Math.cos(glyph.rotation) / scale, Math.sin(glyph.rotation) / scale];
  const from = (centre: number) => Math.max(0, Math.floor(centre - REACH * scale));
  const to = (centre: number) => Math.min(size - 1, Math.ceil(centre + REACH * scale));
  into.fill(0);
  for (let row = from(top); row <= to(top); row++) {
    for (let column = from(left); column <= to(left); column++) {
      const [right, up] = [column - left, top - row];
      const d = scale * distance(cos * right + sin * up, cos * up - sin * right, glyph.stroke);
      into[row * size + column] = Math.min(Math.max(0.5 - d, 0), 1);
    }
  }
  return into;
}

function anyGlyph(random: Draws): Glyph {
  return {
    shape: random.below(SHAPES.length),
    x: between(random, 0.44, 0.56),
    y: between(random, 0.44, 0.56),
    radius: between(random, 0.26, 0.38),
    rotation: between(random, -Math.PI / 6, Math.PI / 6),
    stroke: between(random, 0.12, 0.21),
  };
}

function between(random: Draws, least: number, most: number): number {
  return least + (most - least) * random.uniform();
}

/** Distance of `(x, y)` from the line between two points. */
function segment(x: number, y: number, [ax, ay]: readonly number[], [bx, by]: readonly number[]): number {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0), 1);
  return Math.sqrt((x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2);
}

/** Red, green and blue of a hue in [0, 1), the largest of them `value` (HSV; Smith 1978). */
function rgb(hue: number, value: number): number[] {
  return [5, 3, 1].map((offset) => {
    const place = (offset + 6 * hue) % 6;
    return value * (1 - SATURATION * Math.max(0, Math.min(place, 4 - place, 1)));
  });
}

function check({ count, size, channels }: { count: number; size: number; channels: number }): void {
  const whole = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  if (whole(count, 1, Infinity) && whole(size, SIZES.least, SIZES.most) && (channels === 1 || channels === 3)) return;
  throw new RangeError(
    `Cannot draw glyphs with count ${count}, size ${size} and ${channels} channels: expected a count of at least 1, a ` +
      `size from ${SIZES.least} to ${SIZES.most} and 1 or 3 channels`,
  );
}
