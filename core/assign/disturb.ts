/** Random changes that make generated pictures a little more like any picture, so that what is learned from them holds. */

import { add, equal, floor, maximum, minimum, mul, sub } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape, transpose } from "../ops/movement.ts";
import { constant } from "../ops/source.ts";
import { isPoint } from "../models/presets.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** Random numbers of a shape, others at every call. */
export interface Numbers {
  /** In [0, 1). */
  uniform(shape: Shape): Tensor;
  /** `N(0, 1)`. */
  normal(shape: Shape): Tensor;
}

export const KNOBS = { shift: 1 / 16, noise: 0.3, contrast: 0.3 };

/**
 * Shifts pictures by up to a sixteenth of their side, the border repeated; scales their contrast around black by
 * 0.7 to 1.3; adds noise of a standard deviation between 0 and 0.3, another one for each picture.
 *
 * @param images `[batch, height, width, channels]`, pixels in [-1, 1]; points are left as they are
 * @returns As `images`
 */
export function disturb(images: Tensor, { uniform, normal }: Numbers): Tensor {
  const [batch, height, width, channels] = images.shape;
  if (isPoint([height, width, channels])) return images;
  const one = [batch, 1, 1, 1];
  let x = images;
  if (KNOBS.shift > 0) {
    const down = along(images, shifts(height, uniform([batch, 1, 1])));
    x = transpose(along(transpose(down, [0, 2, 1, 3]), shifts(width, uniform([batch, 1, 1]))), [0, 2, 1, 3]);
  }
  if (KNOBS.contrast > 0) {
    const contrast = add(1, mul(KNOBS.contrast, sub(mul(2, uniform(one)), 1)));
    x = sub(mul(add(x, 1), contrast), 1);
  }
  if (KNOBS.noise > 0) x = add(x, mul(normal(images.shape), mul(uniform(one), KNOBS.noise)));
  return minimum(maximum(x, -1), 1);
}

/** `[batch, length, length]`, row `i` with a 1 where the pixel that comes to `i` was. */
function shifts(length: number, uniform: Tensor): Tensor {
  const most = Math.round(length * KNOBS.shift);
  const by = sub(floor(mul(uniform, 2 * most + 1)), most);
  const place = Array.from({ length }, (_, i) => i);
  const from = minimum(maximum(add(constant(place, [1, length, 1]), by), 0), length - 1);
  return equal(from, constant(place, [1, 1, length]));
}

/** `y[i] = Σ_k moves[i, k] x[k]` along the height. */
function along(images: Tensor, moves: Tensor): Tensor {
  const [batch, height, width, channels] = images.shape;
  return reshape(matmul(moves, reshape(images, [batch, height, width * channels])), images.shape);
}
