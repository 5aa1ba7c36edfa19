/** InceptionV3 (Szegedy et al. 2016, "Rethinking the Inception architecture", arXiv 1512.00567) with the names of torchvision. */

import type { Conv } from "../nn/conv.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { conv2d } from "../ops/conv.ts";
import { add, relu } from "../ops/elementwise.ts";
import { broadcastTo, concat, pad } from "../ops/movement.ts";
import { mean } from "../ops/reduce.ts";
import { zeros } from "../ops/source.ts";
import type { Tensor } from "../tensor.ts";
import { averagePool3x3, maxPool3x3, maxPool3x3Stride2, resized } from "./pooling.ts";

/**
 * Whose network the weights are of. `torchvision`: means of 3x3 pixels count the zeros outside. `fid`: the network of the
 * published Fréchet inception distances (Heusel et al. 2017, arXiv 1706.08500) as PyTorch weights, whose means do not, and
 * whose last block takes maxima instead.
 */
export type InceptionVariant = "torchvision" | "fid";

/** What network is built. */
export interface InceptionOptions {
  readonly variant: InceptionVariant;
  /** Side of the pictures in pixels, to which others are brought: 299 unless given. */
  readonly side?: number;
  /** All channels are divided by it: 1 unless given, 16 in tests. */
  readonly divisor?: number;
}

/** Convolutions by name, each with its batch normalisation in weight and bias, and the last layer. */
export type InceptionParameters = { units: Record<string, Conv>; fc: Linear };

/** What a convolution is: a kernel of 1x1, stride 1, and zeros around that keep the size, unless given. */
interface Geometry {
  readonly kernel?: readonly [height: number, width: number];
  readonly stride?: number;
  /** No zeros around. */
  readonly valid?: boolean;
}

/** Convolution, batch normalisation and ReLU; `pooled` takes means of 3x3 pixels first. */
interface Units {
  unit(name: string, x: Tensor, channels: number, geometry?: Geometry): Tensor;
  pooled(name: string, x: Tensor, channels: number): Tensor;
}

/** A convolution of the network: where its weights are and their shape. */
export interface InceptionUnit {
  readonly name: string;
  /** `[kernelHeight, kernelWidth, inChannels, outChannels]`. */
  readonly shape: readonly [number, number, number, number];
}

/** Length of a feature vector of the whole network. */
export const INCEPTION_FEATURES = 2048;
const SIDE = 299;

const THREE = [3, 3] as const;
const STRIDED = { kernel: THREE, stride: 2, valid: true };

/**
 * Features (the last block averaged over all positions, 2048 of them) and logits of pictures.
 *
 * Pictures are brought to 299x299 (`resized`), one channel stands for three, and pixels stay in [-1, 1], which is what
 * torchvision's weights get after their `transform_input` and what the weights for the Fréchet distance expect.
 *
 * @param images `[batch, height, width, 1 or 3]`, pixels in [-1, 1]
 * @returns `features [batch, 2048]`, `logits [batch, classes]`, and the maps behind `stem`, `Mixed_5d`, … for comparison
 *
 * @example
 * ```ts
 * import { inception, inceptionUnits } from "./inception.ts";
 * import { ones, zeros } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { variant: "torchvision" } as const;
 * const units = Object.fromEntries(
 *   inceptionUnits(options).map(({ name, shape }) => [name, { weight: zeros(shape), bias: zeros([shape[3]]) }]),
 * );
 * const fc = { weight: zeros([2048, 1000]), bias: zeros([1000]) };
 * const { features, logits } = inception({ units, fc }, ones([4, 32, 32, 1]), options);
 * assertEquals([features.shape, logits.shape], [[4, 2048], [4, 1000]]);
 * ```
 */
export function inception(
  { units: parameters, fc }: InceptionParameters,
  images: Tensor,
  options: InceptionOptions,
): { features: Tensor; logits: Tensor; maps: Readonly<Record<string, Tensor>> } {
  const units = unitsOf((name) => parameters[name], options);
  const maps = body(units, pictures(images, options), options);
  const features = mean(maps.Mixed_7c, { axes: [1, 2] });
  return { features, logits: linear(fc, features), maps };
}

/** The convolutions of the network, in order. */
export function inceptionUnits(options: InceptionOptions): InceptionUnit[] {
  const { side = SIDE } = options;
  const units: InceptionUnit[] = [];
  const weights = (name: string, shape: InceptionUnit["shape"]): Conv => {
    units.push({ name, shape });
    return { weight: zeros(shape), bias: zeros([shape[3]]) };
  };
  body(unitsOf(weights, options), zeros([1, side, side, 3]), options);
  return units;
}

function pictures(images: Tensor, { side = SIDE }: InceptionOptions): Tensor {
  const large = resized(images, side);
  return broadcastTo(large, [...large.shape.slice(0, 3), 3]);
}

function unitsOf(
  weights: (name: string, shape: InceptionUnit["shape"]) => Conv,
  { variant, divisor = 1 }: InceptionOptions,
): Units {
  const average = { countPadding: variant === "torchvision" };
  return {
    unit(name, x, channels, { kernel = [1, 1], stride = 1, valid = false } = {}) {
      const [rows, columns] = kernel;
      const { weight, bias } = weights(name, [rows, columns, x.shape[3], channels / divisor]);
      const [height, width] = valid ? [0, 0] : [(rows - 1) / 2, (columns - 1) / 2];
      if (height === width) return relu(add(conv2d(x, weight, { stride, padding: height }), bias));
      const padded = pad(x, { before: [0, height, width, 0], after: [0, height, width, 0] });
      return relu(add(conv2d(padded, weight, { stride, padding: 0 }), bias));
    },
    pooled(name, x, channels) {
      // The mean of a product is the product of means, and the result has a fraction of the channels.
      const { weight, bias } = weights(name, [1, 1, x.shape[3], channels / divisor]);
      return relu(add(averagePool3x3(conv2d(x, weight, { stride: 1, padding: 0 }), average), bias));
    },
  };
}

/** Every map that the next part of the network starts from. */
function body(units: Units, x: Tensor, { variant }: InceptionOptions) {
  const block = (f: (units: Units, x: Tensor) => Tensor, name: string, x: Tensor) => f(inBlock(units, name), x);
  const stem = stemOf(units, x);
  const Mixed_5b = block(blockA(32), "Mixed_5b", stem);
  const Mixed_5c = block(blockA(64), "Mixed_5c", Mixed_5b);
  const Mixed_5d = block(blockA(64), "Mixed_5d", Mixed_5c);
  const Mixed_6a = block(blockB, "Mixed_6a", Mixed_5d);
  const Mixed_6b = block(blockC(128), "Mixed_6b", Mixed_6a);
  const Mixed_6c = block(blockC(160), "Mixed_6c", Mixed_6b);
  const Mixed_6d = block(blockC(160), "Mixed_6d", Mixed_6c);
  const Mixed_6e = block(blockC(192), "Mixed_6e", Mixed_6d);
  const Mixed_7a = block(blockD, "Mixed_7a", Mixed_6e);
  const Mixed_7b = block(blockE("average"), "Mixed_7b", Mixed_7a);
  const Mixed_7c = block(blockE(variant === "fid" ? "largest" : "average"), "Mixed_7c", Mixed_7b);
  return { stem, Mixed_5d, Mixed_6a, Mixed_6e, Mixed_7a, Mixed_7b, Mixed_7c };
}

/** The same with the block's name before each. */
function inBlock({ unit, pooled }: Units, block: string): Units {
  return {
    unit: (name, x, channels, geometry) => unit(`${block}.${name}`, x, channels, geometry),
    pooled: (name, x, channels) => pooled(`${block}.${name}`, x, channels),
  };
}

function stemOf({ unit }: Units, x: Tensor): Tensor {
  const first = unit("Conv2d_1a_3x3", x, 32, STRIDED);
  const second = unit("Conv2d_2a_3x3", first, 32, { kernel: THREE, valid: true });
  const third = maxPool3x3Stride2(unit("Conv2d_2b_3x3", second, 64, { kernel: THREE }));
  const fourth = unit("Conv2d_3b_1x1", third, 80);
  return maxPool3x3Stride2(unit("Conv2d_4a_3x3", fourth, 192, { kernel: THREE, valid: true }));
}

const blockA = (poolChannels: number) => ({ unit, pooled }: Units, x: Tensor): Tensor => {
  const double = unit("branch3x3dbl_2", unit("branch3x3dbl_1", x, 64), 96, { kernel: THREE });
  return concat([
    unit("branch1x1", x, 64),
    unit("branch5x5_2", unit("branch5x5_1", x, 48), 64, { kernel: [5, 5] }),
    unit("branch3x3dbl_3", double, 96, { kernel: THREE }),
    pooled("branch_pool", x, poolChannels),
  ], -1);
};

function blockB({ unit }: Units, x: Tensor): Tensor {
  const double = unit("branch3x3dbl_2", unit("branch3x3dbl_1", x, 64), 96, { kernel: THREE });
  return concat([
    unit("branch3x3", x, 384, STRIDED),
    unit("branch3x3dbl_3", double, 96, STRIDED),
    maxPool3x3Stride2(x),
  ], -1);
}

const ACROSS = { kernel: [1, 7] } as const;
const DOWN = { kernel: [7, 1] } as const;

const blockC = (inner: number) => ({ unit, pooled }: Units, x: Tensor): Tensor => {
  const once = unit("branch7x7_2", unit("branch7x7_1", x, inner), inner, ACROSS);
  const down = unit("branch7x7dbl_2", unit("branch7x7dbl_1", x, inner), inner, DOWN);
  const twice = unit("branch7x7dbl_4", unit("branch7x7dbl_3", down, inner, ACROSS), inner, DOWN);
  return concat([
    unit("branch1x1", x, 192),
    unit("branch7x7_3", once, 192, DOWN),
    unit("branch7x7dbl_5", twice, 192, ACROSS),
    pooled("branch_pool", x, 192),
  ], -1);
};

function blockD({ unit }: Units, x: Tensor): Tensor {
  const across = unit("branch7x7x3_2", unit("branch7x7x3_1", x, 192), 192, ACROSS);
  return concat([
    unit("branch3x3_2", unit("branch3x3_1", x, 192), 320, STRIDED),
    unit("branch7x7x3_4", unit("branch7x7x3_3", across, 192, DOWN), 192, STRIDED),
    maxPool3x3Stride2(x),
  ], -1);
}

const blockE = (pool: "average" | "largest") => ({ unit, pooled }: Units, x: Tensor): Tensor => {
  const once = unit("branch3x3_1", x, 384);
  const twice = unit("branch3x3dbl_2", unit("branch3x3dbl_1", x, 448), 384, { kernel: THREE });
  return concat([
    unit("branch1x1", x, 320),
    unit("branch3x3_2a", once, 384, { kernel: [1, 3] }),
    unit("branch3x3_2b", once, 384, { kernel: [3, 1] }),
    unit("branch3x3dbl_3a", twice, 384, { kernel: [1, 3] }),
    unit("branch3x3dbl_3b", twice, 384, { kernel: [3, 1] }),
    pool === "average" ? pooled("branch_pool", x, 192) : unit("branch_pool", maxPool3x3(x), 192),
  ], -1);
};
