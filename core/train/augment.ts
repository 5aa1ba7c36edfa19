/** Random changes of the images that the critic sees, real and generated alike, through which gradients pass. */

import { oneOf } from "../nearest.ts";
import { isPoint, type ModelOptions } from "../models/presets.ts";
import { add, equal, floor, greater, greaterEqual, mul, sub, where } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { broadcastTo, reshape, transpose } from "../ops/movement.ts";
import { mean } from "../ops/reduce.ts";
import { constant } from "../ops/source.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Uniform numbers in [0, 1) of a shape, others at every call. */
export type Uniform = (shape: Shape) => Tensor;

/** One change of a batch of images `[batch, height, width, channels]`, another for each image. */
type Augmentation = (images: Tensor, uniform: Uniform) => Tensor;

/** Largest shift, as a part of the side; side of the hole, the same (as published). */
const [SHIFT, HOLE] = [1 / 8, 1 / 2];

/** Mirrors about half of the images: for real ones alone, so that generated ones have to come both ways. */
const flip: Augmentation = (images, uniform) => {
  const width = images.shape[2];
  const mirror = constant(
    Array.from({ length: width ** 2 }, (_, i) => Number(Math.floor(i / width) === width - 1 - i % width)),
  );
  const mirrored = alongWidth(images, broadcastTo(reshape(mirror, [1, width, width]), [images.shape[0], width, width]));
  return where(greater(uniform([images.shape[0], 1, 1, 1]), 0.5), mirrored, images);
};

/** Brightness up to ±0.5, saturation by 0 to 2, contrast by 0.5 to 1.5. */
const color: Augmentation = (images, uniform) => {
  const one = [images.shape[0], 1, 1, 1];
  const bright = add(images, sub(uniform(one), 0.5));
  const grey = mean(bright, { axes: [3], keepDims: true });
  const saturated = images.shape[3] === 1 ? bright : add(mul(sub(bright, grey), mul(uniform(one), 2)), grey);
  const middle = mean(saturated, { axes: [1, 2, 3], keepDims: true });
  return add(mul(sub(saturated, middle), add(uniform(one), 0.5)), middle);
};

/** Shifts by up to an eighth of the side; what comes in is 0, mid-grey. */
const translation: Augmentation = (images, uniform) => {
  const [batch, height, width] = images.shape;
  /** `[batch, length, length]`, 1 where row and column differ by the shift. */
  const shift = (length: number) => {
    const most = Math.round(length * SHIFT);
    const by = sub(floor(mul(uniform([batch, 1, 1]), 2 * most + 1)), most);
    const place = Array.from({ length }, (_, i) => i);
    return equal(sub(constant(place, [1, length, 1]), constant(place, [1, 1, length])), by);
  };
  return alongWidth(alongHeight(images, shift(height)), shift(width));
};

/** Puts a square of 0, mid-grey, half the side wide, anywhere, also over the border. */
const cutout: Augmentation = (images, uniform) => {
  const [batch, height, width] = images.shape;
  /** `[batch, length]` as `[batch, …]`, 1 inside the hole. */
  const inside = (length: number, shape: Shape) => {
    const size = Math.round(length * HOLE);
    const start = sub(floor(mul(uniform([batch, 1, 1, 1]), length + 1)), Math.floor(size / 2));
    const offset = sub(constant(Array.from({ length }, (_, i) => i), shape), start);
    return mul(greaterEqual(offset, 0), greater(size, offset));
  };
  const hole = mul(inside(height, [1, height, 1, 1]), inside(width, [1, 1, width, 1]));
  return mul(images, sub(1, hole));
};

/** `y[i] = Σ_k moves[i, k] x[k]` along the height; `moves [batch or 1, height, height]`. */
function alongHeight(images: Tensor, moves: Tensor): Tensor {
  const [batch, height, width, channels] = images.shape;
  return reshape(matmul(moves, reshape(images, [batch, height, width * channels])), images.shape);
}

/** The same along the width. */
function alongWidth(images: Tensor, moves: Tensor): Tensor {
  return transpose(alongHeight(transpose(images, [0, 2, 1, 3]), moves), [0, 2, 1, 3]);
}

/**
 * The changes by name: horizontal flips; and those of DiffAugment (Zhao, Liu, Lin, Zhu & Han, "Differentiable augmentation
 * for data-efficient GAN training", NeurIPS 2020): `color`, `translation`, `cutout`.
 */
export const AUGMENTATIONS = { flip, color, translation, cutout } as const satisfies Record<string, Augmentation>;

/** A name in `AUGMENTATIONS`. */
export type AugmentationName = keyof typeof AUGMENTATIONS;

/** The names in `AUGMENTATIONS`. */
export const AUGMENTATION_NAMES = Object.keys(AUGMENTATIONS) as readonly AugmentationName[];

/**
 * The name as one in `AUGMENTATIONS`.
 *
 * @throws {RangeError} If it is unknown; the message has the nearest known one
 */
export function augmentationName(name: string): AugmentationName {
  return oneOf("augmentation", name, AUGMENTATION_NAMES);
}

/** @throws {RangeError} If the images are points, to which these changes mean nothing */
export function checkAugment(names: readonly AugmentationName[], image: ModelOptions["image"]): void {
  if (names.length === 0 || !isPoint(image)) return;
  throw new RangeError(`Cannot change points by ${names.join(", ")}: expected images, or no augmentation`);
}

/**
 * Applies changes one after the other.
 *
 * @param images `[batch, height, width, channels]`, pixels in [-1, 1]
 * @param of Which images they are: `flip` is for real ones
 * @returns As `images`; brightness and contrast may leave the range
 */
export function augment(
  images: Tensor,
  { names, of, uniform }: { names: readonly AugmentationName[]; of: "real" | "fake"; uniform: Uniform },
): Tensor {
  const used = names.filter((name) => of === "real" || name !== "flip");
  return used.reduce((x, name) => AUGMENTATIONS[name](x, uniform), images);
}
