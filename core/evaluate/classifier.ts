/** A small convolutional classifier: what features and labels are made with where a data set has labels. */

import { type Conv, conv2d, conv2dParameters } from "../nn/conv.ts";
import type { Initializer } from "../nn/init.ts";
import { type Linear, linear, linearParameters } from "../nn/linear.ts";
import { layerNorm, type Norm, normParameters } from "../nn/norm.ts";
import { convLength } from "../ops/conv.ts";
import { relu } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** What a classifier is for: the size of its pictures and the number of its classes. */
export interface ClassifierShape {
  readonly image: readonly [height: number, width: number, channels: number];
  readonly classes: number;
}

/** Parameters of a classifier. */
export type ClassifierParameters = { layers: { conv: Conv; norm: Norm }[]; features: Linear; logits: Linear };

/** What a classifier makes of pictures. */
export interface Classified {
  /** The last hidden layer, `[batch, 128]`, not negative. */
  features: Tensor;
  /** `[batch, classes]`, logarithms of probabilities up to a constant of each picture. */
  logits: Tensor;
}

/** Tells pictures apart. */
export interface Classifier {
  /** Starting values: weights `N(0, 2/inputs)` (He et al. 2015, arXiv 1502.01852), biases 0. */
  parameters(init: Initializer): ClassifierParameters;
  /** @param x `[batch, height, width, channels]`, pixels in [-1, 1] */
  apply(parameters: ClassifierParameters, x: Tensor): Classified;
}

const DOWNSAMPLING = { stride: 2, padding: 1 };
const KERNEL_SIZE = 4;
const CHANNELS = [32, 64, 128]; // of the convolutions; further ones have as many as the last
const SMALLEST_SIDE = 4; // behind the last convolution, about
/** Length of a feature vector. */
export const CLASSIFIER_FEATURES = 128;

/**
 * Convolutions (kernel 4, stride 2, padding 1; 32, 64, 128 channels) until a side is about 4, each with layer
 * normalisation and ReLU, then dense to 128 features with ReLU, then dense to the classes.
 *
 * @example
 * ```ts
 * import { classifier } from "./classifier.ts";
 * import { initializer } from "../nn/init.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters, apply } = classifier({ image: [64, 64, 3], classes: 10 });
 * const { features, logits } = apply(parameters(initializer(1)), ones([16, 64, 64, 3]));
 * assertEquals([features.shape, logits.shape], [[16, 128], [16, 10]]);
 * ```
 */
export function classifier({ image: [height, width, inChannels], classes }: ClassifierShape): Classifier {
  const halved = (side: number) => convLength(side, KERNEL_SIZE, DOWNSAMPLING);
  const maps: [height: number, width: number, channels: number][] = [[height, width, inChannels]];
  do {
    const [height, width] = maps[maps.length - 1];
    const channels = CHANNELS[Math.min(maps.length, CHANNELS.length) - 1];
    maps.push([halved(height), halved(width), channels]);
  } while (Math.min(...maps[maps.length - 1].slice(0, 2)) >= 2 * SMALLEST_SIDE);
  const inFeatures = sizeOf(maps[maps.length - 1]);
  return {
    parameters: (init) => ({
      layers: maps.slice(1).map((map, i) => ({
        conv: conv2dParameters(init, {
          inChannels: maps[i][2],
          outChannels: map[2],
          kernelSize: KERNEL_SIZE,
          std: Math.sqrt(2 / (KERNEL_SIZE ** 2 * maps[i][2])),
        }),
        norm: normParameters(init, map),
      })),
      features: linearParameters(init, {
        inFeatures,
        outFeatures: CLASSIFIER_FEATURES,
        std: Math.sqrt(2 / inFeatures),
      }),
      logits: linearParameters(init, {
        inFeatures: CLASSIFIER_FEATURES,
        outFeatures: classes,
        std: Math.sqrt(1 / CLASSIFIER_FEATURES),
      }),
    }),
    apply(parameters, x) {
      const map = parameters.layers.reduce(
        (x, { conv, norm }) => relu(layerNorm(norm, conv2d(conv, x, DOWNSAMPLING))),
        x,
      );
      const features = relu(linear(parameters.features, reshape(map, [x.shape[0], inFeatures])));
      return { features, logits: linear(parameters.logits, features) };
    },
  };
}
