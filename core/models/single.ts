/** The single generator: no mixture, one dense layer. */

import { relu } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { ones, zeros } from "../ops/source.ts";
import { sizeOf } from "../shape.ts";
import { type Linear, linear, linearParameters } from "../nn/linear.ts";
import type { HeadOptions, MixtureHead } from "./mixture.ts";

/**
 * Head of an ordinary generator, `h = relu(W z + b)`, `W ~ N(0, 1/latent)`, `b = 0`: a mixture of one, whose only weight
 * is 1 (Goodfellow et al. 2014, arXiv 1406.2661; DCGAN, Radford, Metz & Chintala, arXiv 1511.06434).
 *
 * Differs from DCGAN: no batch normalisation, neither between product and ReLU nor in the body, and LayerNorm in the critic
 * of the presets for pictures; trained with WGAN-GP unless another objective is taken; weights start at the scale of a
 * tree's leaves (there `N(0, 0.02²)`), so that heads compare.
 */
export function single({ latent, featureShape }: Pick<HeadOptions, "latent" | "featureShape">): MixtureHead<Linear> {
  return {
    latent,
    leaves: 1,
    gates: 1,
    featureShape,
    parameters: (init) =>
      linearParameters(init, { inFeatures: latent, outFeatures: sizeOf(featureShape), std: Math.sqrt(1 / latent) }),
    apply(parameters, z) {
      const features = reshape(relu(linear(parameters, z)), [z.shape[0], ...featureShape]);
      const weights = ones([z.shape[0], 1]);
      return { features, weights, gates: weights, logits: zeros(weights.shape) };
    },
  };
}
