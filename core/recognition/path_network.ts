/** The network that recognises paths: from a picture to what the model's leaves may have had to do with it. */

import { critic, type CriticLayer } from "../models/critic.ts";
import type { ModelOptions } from "../models/presets.ts";
import { logLevelWeights } from "../models/soft_tree.ts";
import { structureOf } from "../sampling/structure.ts";
import { logSoftmax } from "../nn/activation.ts";
import type { Initializer } from "../nn/init.ts";
import { type Linear, linear } from "../nn/linear.ts";
import { reshape } from "../ops/movement.ts";
import type { Tensor } from "../tensor.ts";

/** Parameters of a path network. */
export type PathNetworkParameters = { layers: CriticLayer[]; paths: Linear };

/** Recognises paths. */
export interface PathNetwork {
  /** Columns of what it gives. */
  readonly leaves: number;
  /** Starting values: weights `N(0, 2/inputs)` (He et al., ICCV 2015). */
  parameters(init: Initializer): PathNetworkParameters;
  /**
   * Logarithms of path weights.
   *
   * @param x `[batch, height, width, channels]`, pixels in [-1, 1]
   * @returns `log q [batch, leaves]`; the exponentials of a row sum to 1
   */
  logWeights(parameters: PathNetworkParameters, x: Tensor): Tensor;
}

const WIDTH = 2; // times the channels of the critic

/**
 * A network with the layers of the model's critic, twice as many channels and layer normalisation, and what the model's own
 * head ends with: for a tree a logit for every gate, whose path weights are those of a soft tree, `q_l = Π g` over the gates
 * on the path; for other mixtures a logit for every generator and `q = softmax`. So what it says of a node is what it says
 * of the leaves under it, added up, and a split it cannot tell leaves the splits above it alone.
 *
 * @throws {RangeError} If the model has one leaf: there is no path to recognise
 *
 * @example
 * ```ts
 * import { pathNetwork } from "./path_network.ts";
 * import { PRESETS } from "../models/presets.ts";
 * import { initializer } from "../nn/init.ts";
 * import { ones } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const network = pathNetwork(PRESETS.small);
 * assertEquals(network.logWeights(network.parameters(initializer(1)), ones([16, 32, 32, 1])).shape, [16, 8]);
 * ```
 */
export function pathNetwork(model: ModelOptions): PathNetwork {
  const { leaves } = structureOf(model);
  if (leaves < 2) {
    throw new RangeError(`Cannot recognise the paths of a model with ${leaves} leaf: expected at least 2`);
  }
  const tree = model.head === "tree";
  const layers = critic(
    { ...model, criticNorm: "layer", critic: model.critic.map((channels) => WIDTH * channels) },
    { classes: tree ? leaves - 1 : leaves, start: "he" },
  );
  return {
    leaves,
    parameters: (init) => {
      const { layers: own, classes } = layers.parameters(init);
      return { layers: own, paths: classes! };
    },
    logWeights(parameters, x) {
      const logits = linear(
        parameters.paths,
        layers.features({ layers: parameters.layers, score: parameters.paths }, x),
      );
      if (!tree) return logSoftmax(logits);
      return reshape(logLevelWeights(logits, model.depth), [x.shape[0], leaves]);
    },
  };
}
