/** Two-dimensional points drawn by code: the toy problems on which generators are compared. */

import { createHash } from "node:crypto";
import { type Draws, draws } from "../core/draws.ts";
import type { ImageDataset, LoadOptions, Split } from "./dataset.ts";

/** A name `toy` knows. */
export type ToyName = "ring8" | "grid25" | "spiral" | "pinwheel" | "swissroll";

/** Labelled points in the plane; a point is an image of one pixel with two channels, well inside [-1, 1]. */
export interface PointDataset extends Omit<ImageDataset, "images"> {
  /** Coordinates `[count, 1, 1, 2]`: x to the right, y up. */
  readonly images: Float32Array<ArrayBuffer>;
  readonly shape: readonly [count: number, height: 1, width: 1, channels: 2];
  readonly labels: Uint8Array;
  /** Where the points come from, if they are a mixture of round Gaussians. */
  readonly modes?: Modes;
}

/** A mixture of round Gaussians of one width, all as likely; mode `i` has label `i`. */
export interface Modes {
  /** `[modes, 2]` */
  readonly centres: Float32Array<ArrayBuffer>;
  /** Standard deviation along each axis. */
  readonly deviation: number;
}

/** Which points of a toy problem are drawn. */
export interface ToyOptions {
  /** Default `train`; the splits of a seed are independent of each other. */
  readonly split?: Split;
  /** Points; default 50,000 to train and 10,000 to test. */
  readonly count?: number;
  /** A whole number from 0 to 2⁵³ - 1, default 0. */
  readonly seed?: number;
}

type Point = readonly [x: number, y: number];

/** A toy problem as its authors draw it, and the one factor that brings it into [-1, 1]. */
interface Toy {
  readonly classNames: readonly string[];
  readonly scale: number;
  readonly draw: (random: Draws, label: number) => Point;
  readonly modes?: { readonly centres: readonly Point[]; readonly deviation: number };
}

const STREAMS: Readonly<Record<Split, number>> = { train: 0, test: 1 };
const COUNTS: Readonly<Record<Split, number>> = { train: 50_000, test: 10_000 };
const TURN = 2 * Math.PI;

const TOYS: Readonly<Record<ToyName, Toy>> = {
  ring8: mixture({
    centres: Array.from({ length: 8 }, (_, i) => polar(2, TURN * i / 8)),
    classNames: Array.from({ length: 8 }, (_, i) => `${45 * i} degrees`),
    deviation: 0.02,
    scale: 1 / 2.5,
  }),
  grid25: mixture({
    centres: Array.from({ length: 25 }, (_, i) => [2 * (i % 5) - 4, 4 - 2 * Math.floor(i / 5)]),
    classNames: Array.from({ length: 25 }, (_, i) => `row ${Math.floor(i / 5)}, column ${i % 5}`),
    deviation: 0.05,
    scale: 1 / 5,
  }),
  spiral: {
    classNames: ["first arm", "second arm"],
    scale: 1 / 4,
    draw(random, arm) {
      const angle = 1.5 * TURN * Math.sqrt(random.uniform());
      const [dx, dy] = [random.uniform() / 2, random.uniform() / 2];
      const side = arm === 0 ? 1 : -1;
      const x = side * (dx - angle * Math.cos(angle)) / 3;
      const y = side * (dy + angle * Math.sin(angle)) / 3;
      return [x + 0.1 * random.normal(), y + 0.1 * random.normal()];
    },
  },
  pinwheel: {
    classNames: Array.from({ length: 5 }, (_, i) => `arm ${i}`),
    scale: 1 / 25,
    draw(random, arm) {
      const radial = 1 + 0.3 * random.normal();
      const tangential = 0.05 * random.normal();
      const [cos, sin] = polar(10, TURN * arm / 5 + 0.25 * Math.exp(radial));
      return [radial * cos + tangential * sin, tangential * cos - radial * sin];
    },
  },
  swissroll: {
    classNames: ["inner half turn", "middle half turn", "outer half turn"],
    scale: 1 / 18,
    draw(random, half) {
      const angle = 1.5 * Math.PI + Math.PI * (half + random.uniform());
      const [x, y] = polar(angle, angle);
      return [x + 0.25 * random.normal(), y + 0.25 * random.normal()];
    },
  },
};

/** The names `toy` knows. */
export const TOY_NAMES = Object.keys(TOYS) as readonly ToyName[];

/**
 * Draws the points of a toy problem. The same options give the same points on every platform. Labels are equally likely
 * and independent.
 *
 * - `ring8`: 8 Gaussians on a circle of radius 2, deviation 0.02 (Metz et al., "Unrolled generative adversarial
 *   networks", ICLR 2017; the order of the centres is ours), divided by 2.5: radius 0.8, deviation 0.008
 * - `grid25`: 5 x 5 Gaussians 2 apart, deviation 0.05 (Srivastava et al., "VEEGAN", NIPS 2017), divided by 5: 0.4 apart,
 *   deviation 0.01. Labels go row by row from the top left
 * - `spiral`: two arms `±(−t cos t + u, t sin t + u')/3`, `t = 3π √U`, `u, u'` uniform in [0, 0.5), and noise of deviation
 *   0.1 (`2spirals` of Grathwohl et al., "FFJORD", ICLR 2019), divided by 4: noise 0.025
 * - `pinwheel`: 5 Gaussians `(1 + 0.3 r, 0.05 s)`, each turned clockwise by `2π arm/5 + 0.25 exp(1 + 0.3 r)`, times 10
 *   (Johnson et al., "Composing graphical models with neural networks", NIPS 2016), divided by 25
 * - `swissroll`: `(t cos t, t sin t)`, `t` uniform in [1.5π, 4.5π), and noise of deviation 0.25 (scikit-learn's, seen from
 *   the side, as in Gulrajani et al., "Improved training of Wasserstein GANs", NIPS 2017), divided by 18 instead of 7.5:
 *   noise 0.0139. Labels are its three half turns
 *
 * @throws {RangeError} If the count is no whole number from 1, or the seed from 0 to 2⁵³ - 1
 *
 * @example
 * ```ts
 * import { toy } from "./toys.ts";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * const { images, shape, labels, modes } = toy("ring8", { count: 100, seed: 1 });
 * assertEquals(shape, [100, 1, 1, 2]);
 * assertAlmostEquals(images[0], modes!.centres[2 * labels[0]], 6 * modes!.deviation);
 * ```
 */
export function toy(name: ToyName, options: ToyOptions = {}): PointDataset {
  const { split = "train", count = COUNTS[split], seed = 0 } = options;
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`Cannot draw ${count} points of ${name}: expected a whole number of at least 1`);
  }
  const { classNames, scale, draw, modes } = TOYS[name];
  const random = draws(seed, STREAMS[split]);
  const images = new Float32Array(2 * count);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = random.below(classNames.length);
    const [x, y] = draw(random, labels[i]);
    images.set([scale * x, scale * y], 2 * i);
  }
  return {
    name,
    images,
    shape: [count, 1, 1, 2],
    labels,
    classNames,
    fingerprint: createHash("sha256").update(new Uint8Array(images.buffer)).update(labels).digest("hex"),
    source: `code with seed ${seed}`,
    ...modes && {
      modes: {
        centres: Float32Array.from(modes.centres.flat(), (coordinate) => scale * coordinate),
        deviation: scale * modes.deviation,
      },
    },
  };
}

/**
 * `toy` as a loader.
 *
 * @throws {RangeError} If a size or channels are asked for
 */
export function loadToy(name: ToyName, { split, size, channels }: LoadOptions = {}): PointDataset {
  if (size === undefined && channels === undefined) return toy(name, { split });
  const found = size === undefined ? `${channels} channels` : `size ${size}`;
  throw new RangeError(`Cannot draw ${name} with ${found}: expected none, it is made of points`);
}

/** Round Gaussians of one width. */
function mixture(
  { centres, classNames, deviation, scale }: {
    centres: readonly Point[];
    classNames: readonly string[];
    deviation: number;
    scale: number;
  },
): Toy {
  const draw = (random: Draws, mode: number): Point => {
    const [x, y] = centres[mode];
    return [x + deviation * random.normal(), y + deviation * random.normal()];
  };
  return { classNames, scale, draw, modes: { centres, deviation } };
}

function polar(radius: number, angle: number): Point {
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}
