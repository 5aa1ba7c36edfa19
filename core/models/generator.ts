/** The generator: a mixture head, then a convolutional body shared by all leaves. */

import { relu } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import type { Tensors } from "../grad.ts";
import type { Tensor } from "../tensor.ts";
import { activations } from "../nn/activation.ts";
import { type Conv, convTranspose2d, convTranspose2dParameters } from "../nn/conv.ts";
import type { Initializer } from "../nn/init.ts";
import { type Linear, linear, linearParameters } from "../nn/linear.ts";
import { disjoint, gumbelMixture, latentMixture } from "./choice.ts";
import { flatMixture } from "./flat_mixture.ts";
import type { HeadOptions, Mixture, MixtureHead, Path } from "./mixture.ts";
import { checkModelOptions, type HeadName, type ModelOptions } from "./presets.ts";
import { single } from "./single.ts";
import { softTree } from "./soft_tree.ts";

/** Parameters of a generator. */
export type GeneratorParameters = { head: Tensors; body: (Conv | Linear)[] };

/** What a generator makes of a batch of latents: images, and the path to them. */
export interface Generated extends Mixture {
  /** `[batch, height, width, channels]`, pixels in [-1, 1] (about, where the generator ends without `tanh`). */
  images: Tensor;
}

/** Turns latents into images. */
export interface Generator {
  /** From the latent to the first feature map. */
  readonly head: MixtureHead;
  /** Starting values. */
  parameters(init: Initializer): GeneratorParameters;
  /**
   * Makes images.
   *
   * @param z `[batch, head.latent]`
   */
  apply(parameters: GeneratorParameters, z: Tensor, path?: Path): Generated;
}

/** Kernel 4, stride 2, padding 1: doubles the side. */
const UPSAMPLING = { stride: 2, padding: 1 };
const KERNEL_SIZE = 4;
const STD = 0.02; // of starting weights (DCGAN)
const TAPS = (KERNEL_SIZE / UPSAMPLING.stride) ** 2; // of a kernel that meet in a pixel

const HEADS: Record<HeadName, (options: HeadOptions) => MixtureHead> = {
  tree: softTree,
  flat: flatMixture,
  single,
  disjoint: (options) => disjoint(options),
  prior: (options) => disjoint(options, { learnedPrior: true }),
  gumbel: gumbelMixture,
  latents: latentMixture,
};

/**
 * Generator `x = output(body(h(z)))`: the body doubles the side with transposed convolutions (kernel 4, stride 2,
 * padding 1), ReLU between them, no normalisation; weights start at `N(0, 0.02²)`, or, where the options say so, at
 * `N(0, 2/inputs)` (He et al., ICCV 2015), four inputs of a pixel from every channel. A dense body has ReLU before each of
 * its layers, whose weights start at `N(0, 2/inputs)`.
 *
 * Differs from the reference: biases start at 0 (there `N(0, 0.02²)`), as in DCGAN.
 *
 * @throws {RangeError} If the options do not fit together (`checkModelOptions`)
 *
 * @example
 * ```ts
 * import { generator } from "./generator.ts";
 * import { PRESETS } from "./presets.ts";
 * import { initializer } from "../nn/init.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const small = generator(PRESETS.small);
 * const { images, weights } = small.apply(small.parameters(initializer(1)), ones([16, 64]));
 * assertEquals([images.shape, weights.shape], [[16, 32, 32, 1], [16, 8]]);
 * ```
 */
export function generator(options: ModelOptions): Generator {
  checkModelOptions(options);
  const [height, width, imageChannels] = options.image;
  const dense = options.layers === "dense";
  const channels = [options.features, ...options.body, dense ? height * width * imageChannels : imageChannels];
  const scale = 2 ** (channels.length - 1);
  const std = (inChannels: number) => options.bodyStart === "he" ? Math.sqrt(2 / (TAPS * inChannels)) : STD;
  const head = HEADS[options.head]({
    latent: options.latent,
    depth: options.depth,
    leaves: options.leaves,
    leafSpread: options.leafSpread,
    featureShape: dense ? [options.features] : [height / scale, width / scale, options.features],
  });
  return {
    head,
    parameters: (init) => ({
      head: head.parameters(init),
      body: channels.slice(1).map((outChannels, i) =>
        dense
          ? linearParameters(init, {
            inFeatures: channels[i],
            outFeatures: outChannels,
            std: Math.sqrt(2 / channels[i]),
          })
          : convTranspose2dParameters(init, {
            inChannels: channels[i],
            outChannels,
            kernelSize: KERNEL_SIZE,
            std: std(channels[i]),
          })
      ),
    }),
    apply(parameters, z, path) {
      const mixture = head.apply(parameters.head, z, path);
      const outputs = parameters.body.reduce(
        (x, layer, i) => dense ? linear(layer, relu(x)) : convTranspose2d(layer, i === 0 ? x : relu(x), UPSAMPLING),
        mixture.features,
      );
      const images = reshape(activations[options.output](outputs), [z.shape[0], ...options.image]);
      return { ...mixture, images };
    },
  };
}
