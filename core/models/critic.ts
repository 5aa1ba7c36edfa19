/** The critic (discriminator): images to one score each, and what else it tells about them. */

import { leakyRelu } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import type { Tensor } from "../tensor.ts";
import { type Conv, conv2d, conv2dParameters } from "../nn/conv.ts";
import type { Initializer } from "../nn/init.ts";
import { type Linear, linear, linearParameters } from "../nn/linear.ts";
import { batchNorm, layerNorm, type Norm, normParameters } from "../nn/norm.ts";
import { checkModelOptions, type ModelOptions, type Start } from "./presets.ts";

/** A layer of the critic, with scale and shift where it is normalised. */
export type CriticLayer = { conv: Conv; norm?: Norm } | { dense: Linear; norm?: Norm };

/** Parameters of a critic: `score` has one output, `classes` as many as it was asked for. */
export type CriticParameters = { layers: CriticLayer[]; score: Linear; classes?: Linear };

/** Scores images. */
export interface Critic {
  /** Starting values. */
  parameters(init: Initializer): CriticParameters;
  /**
   * What scores and classes are read from.
   *
   * @param x `[batch, height, width, channels]`, pixels in [-1, 1]
   * @returns `[batch, features]`
   */
  features(parameters: CriticParameters, x: Tensor): Tensor;
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
 * score. `criticNorm` is `layer` (over height, width and channels of a sample, as published), `none`, `spectral` (see
 * `normalizeSpectral`, which is applied to the parameters), or `batch`, whose scores depend on the other images: not for a
 * gradient penalty, which is per sample. Weights start at `N(0, 0.02²)`, those of dense layers at `N(0, 2/inputs)`.
 *
 * Differs from the reference: biases start at 0 (there `N(0, 0.02²)`), as in DCGAN.
 *
 * @param classes Outputs of a second dense layer on the same features, `classes`; none unless given
 * @param start Starting weights: as described (`dcgan`), or `N(0, 2/inputs)` throughout (`he`)
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
export function critic(options: ModelOptions, { classes = 0, start = startOf(options) } = {}): Critic {
  checkModelOptions(options);
  const [height, width, imageChannels] = options.image;
  const dense = options.layers === "dense";
  const channels = [dense ? height * width * imageChannels : imageChannels, ...options.critic];
  /** Output of layer `i`, without the batch. */
  const shapeOf = (i: number) =>
    dense ? [channels[i + 1]] : [height / 2 ** (i + 1), width / 2 ** (i + 1), channels[i + 1]];
  const inFeatures = shapeOf(options.critic.length - 1).reduce((a, b) => a * b);

  const std = (inputs: number) => start === "he" ? Math.sqrt(2 / inputs) : STD;

  const layerParameters = (init: Initializer, i: number): CriticLayer => {
    const [inChannels, outChannels] = [channels[i], channels[i + 1]];
    const layer = dense
      ? { dense: linearParameters(init, { inFeatures: inChannels, outFeatures: outChannels, std: std(inChannels) }) }
      : {
        conv: conv2dParameters(init, {
          inChannels,
          outChannels,
          kernelSize: KERNEL_SIZE,
          std: std(KERNEL_SIZE ** 2 * inChannels),
        }),
      };
    if (options.criticNorm === "layer") return { ...layer, norm: normParameters(init, shapeOf(i)) };
    return options.criticNorm === "batch" ? { ...layer, norm: normParameters(init, [outChannels]) } : layer;
  };
  const normalize = ({ norm }: CriticLayer, x: Tensor): Tensor => {
    if (norm === undefined) return x;
    return options.criticNorm === "layer" ? layerNorm(norm, x) : batchNorm(norm, x).y;
  };
  const features = ({ layers }: CriticParameters, x: Tensor): Tensor => {
    const last = layers.reduce((x, layer) => {
      const y = "conv" in layer ? conv2d(layer.conv, x, DOWNSAMPLING) : linear(layer.dense, x);
      return leakyRelu(normalize(layer, y), { negativeSlope: 0.2 });
    }, dense ? reshape(x, [x.shape[0], channels[0]]) : x);
    return reshape(last, [x.shape[0], inFeatures]);
  };
  const outputs = (init: Initializer, outFeatures: number) =>
    linearParameters(init, { inFeatures, outFeatures, std: std(inFeatures) });
  return {
    parameters: (init) => ({
      layers: options.critic.map((_, i) => layerParameters(init, i)),
      score: outputs(init, 1),
      ...classes > 0 && { classes: outputs(init, classes) },
    }),
    features,
    apply: (parameters, x) => linear(parameters.score, features(parameters, x)),
  };
}

const startOf = ({ layers }: ModelOptions): Start => layers === "dense" ? "he" : "dcgan";
