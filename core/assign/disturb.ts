/** Random changes of generated pictures, so that what is learned from them holds for real ones. */

import { isPoint } from "../models/presets.ts";
import { add, equal, floor, maximum, minimum, mul, sub } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, transpose } from "../ops/movement.ts";
import { constant } from "../ops/source.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { augment, type Uniform } from "../train/augment.ts";

/** Random numbers of a shape, others at every call. */
export interface Numbers {
  /** In [0, 1). */
  readonly uniform: Uniform;
  /** `N(0, 1)`. */
  readonly normal: (shape: Shape) => Tensor;
}

const SHIFT = 1 / 16; // of the side, at most
const CONTRAST = 0.8; // at most so much more or less
const NOISE = 0.8; // largest standard deviation; pixels are in [-1, 1]

/**
 * Shifts each picture by up to a sixteenth of its sides, the border repeated; scales it around black by 0.2 to 1.8; adds
 * noise of a standard deviation from 0 to 0.8; and puts a grey square of half the side anywhere (`cutout` of `augment`). So a
 * network can go neither by the traces that a generator leaves, nor by how bright it makes what, nor by one spot alone.
 * What that is worth on FashionMNIST: docs/reading-the-tree.md.
 *
 * @param images `[batch, height, width, channels]`, pixels in [-1, 1]; points stay as they are
 * @returns As `images`
 */
export function disturb(images: Tensor, { uniform, normal }: Numbers): Tensor {
  const [batch, height, width, channels] = images.shape;
  if (isPoint([height, width, channels])) return images;
  const down = alongHeight(images, shifts(height, uniform([batch, 1, 1])));
  const moved = swapped(alongHeight(swapped(down), shifts(width, uniform([batch, 1, 1]))));
  const contrast = add(1 - CONTRAST, mul(uniform([batch, 1, 1, 1]), 2 * CONTRAST));
  const scaled = sub(mul(add(moved, 1), contrast), 1);
  const noisy = add(scaled, mul(normal(images.shape), mul(uniform([batch, 1, 1, 1]), NOISE)));
  return augment(minimum(maximum(noisy, -1), 1), { names: ["cutout"], of: "fake", uniform });
}

/** `[batch, length, length]`: in row `i` a 1 where the pixel that comes to `i` was. */
function shifts(length: number, uniform: Tensor): Tensor {
  const most = Math.round(length * SHIFT);
  const by = sub(floor(mul(uniform, 2 * most + 1)), most);
  const place = Array.from({ length }, (_, i) => i);
  const from = minimum(maximum(add(constant(place, [1, length, 1]), by), 0), length - 1);
  return equal(from, constant(place, [1, 1, length]));
}

/** `y[i] = Σ_k moves[i, k] x[k]` along the height. */
function alongHeight(images: Tensor, moves: Tensor): Tensor {
  const [batch, height, width, channels] = images.shape;
  return reshape(matmul(moves, reshape(images, [batch, height, width * channels])), images.shape);
}

const swapped = (images: Tensor): Tensor => transpose(images, [0, 2, 1, 3]);
