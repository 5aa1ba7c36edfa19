/** The flat mixture of generators: one softmax gate over all leaves. */

import { reshape } from "../ops/movement.ts";
import { type Linear, linear, linearParameters } from "../nn/linear.ts";
import {
  type HeadOptions,
  leafParameters,
  type Leaves,
  mixLeaves,
  type MixtureHead,
  softmax,
  tempered,
} from "./mixture.ts";
import { checkDepth } from "./soft_tree.ts";

/** Parameters of a flat mixture: gate `weight [latent, leaves]`, `bias [leaves]`, and leaves. */
export type FlatMixture = { gates: Linear; leaves: Leaves };

/**
 * Mixture head `h = Σ_l p_l(z) y_l(z)` with `p = softmax(V z + c)` over `2^depth` leaves, as many as a tree of that depth
 * has (MoG in Ahmetoğlu & Alpaydın, ICPR 2020; Jacobs et al., "Adaptive mixtures of local experts", 1991). The gate
 * starts at `V ~ N(0, 2/(latent + leaves))`, `c = 0`, as published. Its gates are the weights.
 *
 * @throws {RangeError} If the depth is no whole number from 1 to 10
 */
export function flatMixture(options: HeadOptions): MixtureHead<FlatMixture> {
  const { latent, depth, featureShape } = options;
  checkDepth(depth, "flat mixture");
  const leaves = 2 ** depth;
  return {
    latent,
    leaves,
    gates: leaves,
    featureShape,
    parameters: (init) => ({
      gates: linearParameters(init, { inFeatures: latent, outFeatures: leaves, std: Math.sqrt(2 / (latent + leaves)) }),
      leaves: leafParameters(init, options),
    }),
    apply(parameters, z, { region, temperature } = {}) {
      const logits = tempered(linear(parameters.gates, z), temperature);
      const weights = softmax(logits, region);
      const features = mixLeaves(parameters.leaves, weights, z);
      return { features: reshape(features, [z.shape[0], ...featureShape]), weights, gates: weights, logits };
    },
  };
}
