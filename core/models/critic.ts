/** The critic (discriminator): images to one score each. */

import { leakyRelu } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import type { Tensor } from "../tensor.ts";
import { type Conv, conv2d, conv2dParameters } from "../nn/conv.ts";
import type { Initializer } from "../nn/init.ts";
import { type Linear, linear, linearParameters } from "../nn/linear.ts";
import { batchNorm, layerNorm, type Norm, normParameters } from "../nn/norm.ts";
import { checkModelOptions, type ModelOptions } from "./presets.ts";

/** A convolution of the critic, with scale and shift where it is normalised. */
export type CriticLayer = { conv: Conv; norm: Norm } | { conv: Conv };

/** Parameters of a critic. */
export type CriticParameters = { layers: CriticLayer[]; score: Linear };

/** Scores images. */
export interface Critic {
  /** Starting values. */
  parameters(init: Initializer): CriticParameters;
  /**
   * Scores a batch.
   *
   * @param x `[batch, height, width, channels]`, pixels in [-1, 1]
   * @returns `[batch, 1]`, higher for images taken for real; no sigmoid
   */
  apply(parameters: CriticParameters, x: Tensor): Tensor;
}

/** Kernel 4, stride 2, padding 1: halves the side. */
const DOWNSAMPLING = { stride: 2, padding: 1 };
const KERNEL_SIZE = 4;
const STD = 0.02; // of starting weights (DCGAN)

/**
 * Critic: convolutions (kernel 4, stride 2, padding 1), each with a normalisation and LeakyReLU 0.2, then dense to one
 * score. `criticNorm` is `layer` (over height, width and channels of a sample, as published), `none`, or `batch`, whose
 * scores depend on the other images: not for a gradient penalty, which is per sample. Weights start at `N(0, 0.02²)`.
 *
 * Differs from the reference: biases start at 0 (there `N(0, 0.02²)`), as in DCGAN.
 *
 * @throws {RangeError} If the options do not fit together (`checkModelOptions`)
 *
 * @example
 * ```ts
 * import { critic } from "./critic.ts";
 * import { PRESETS } from "./presets.ts";
 * import { initializer } from "../nn/init.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const small = critic(PRESETS.small);
 * assertEquals(small.apply(small.parameters(initializer(1)), ones([16, 32, 32, 1])).shape, [16, 1]);
 * ```
 */
export function critic(options: ModelOptions): Critic {
  checkModelOptions(options);
  const [height, width, imageChannels] = options.image;
  const channels = [imageChannels, ...options.critic];
  /** Output of convolution `i`, `[height, width, channels]`. */
  const shapeOf = (i: number) => [height / 2 ** (i + 1), width / 2 ** (i + 1), channels[i + 1]];
  const inFeatures = shapeOf(options.critic.length - 1).reduce((a, b) => a * b);

  const layerParameters = (init: Initializer, i: number): CriticLayer => {
    const conv = conv2dParameters(init, {
      inChannels: channels[i],
      outChannels: channels[i + 1],
      kernelSize: KERNEL_SIZE,
      std: STD,
    });
    if (options.criticNorm === "none") return { conv };
    return { conv, norm: normParameters(init, options.criticNorm === "layer" ? shapeOf(i) : [channels[i + 1]]) };
  };
  const normalize = (layer: CriticLayer, x: Tensor): Tensor => {
    if (!("norm" in layer)) return x;
    return options.criticNorm === "layer" ? layerNorm(layer.norm, x) : batchNorm(layer.norm, x).y;
  };
  return {
    parameters: (init) => ({
      layers: options.critic.map((_, i) => layerParameters(init, i)),
      score: linearParameters(init, { inFeatures, outFeatures: 1, std: STD }),
    }),
    apply(parameters, x) {
      const features = parameters.layers.reduce(
        (x, layer) => leakyRelu(normalize(layer, conv2d(layer.conv, x, DOWNSAMPLING)), { negativeSlope: 0.2 }),
        x,
      );
      return linear(parameters.score, reshape(features, [x.shape[0], inFeatures]));
    },
  };
}
