/** The recogniser: a small network that tells from a picture how it was made. */

import type { Initializer } from "../nn/init.ts";
import { type Linear, linear } from "../nn/linear.ts";
import type { Tensor } from "../tensor.ts";
import { critic, type CriticLayer } from "./critic.ts";
import type { ModelOptions } from "./presets.ts";

/** Parameters of a recogniser. */
export type RecogniserParameters = { layers: CriticLayer[]; classes: Linear };

/** Tells how images were made. */
export interface Recogniser {
  /** Starting values. */
  parameters(init: Initializer): RecogniserParameters;
  /**
   * Logits of a batch.
   *
   * @param x `[batch, height, width, channels]`, pixels in [-1, 1]
   * @returns `[batch, outputs]`
   */
  apply(parameters: RecogniserParameters, x: Tensor): Tensor;
}

/**
 * A network with the layers of the critic, without normalisation, and as many outputs as are asked for, apart from the
 * critic (`Q` of InfoGAN, Chen et al., NeurIPS 2016, which shares the critic's layers). Weights start at `N(0, 2/inputs)`
 * (He et al., ICCV 2015).
 *
 * @throws {RangeError} If the options do not fit together (`checkModelOptions`)
 */
export function recogniser(options: ModelOptions, { outputs }: { outputs: number }): Recogniser {
  const network = critic({ ...options, criticNorm: "none" }, { classes: outputs, start: "he" });
  return {
    parameters: (init) => {
      const { layers, classes } = network.parameters(init);
      return { layers, classes: classes! };
    },
    apply: ({ layers, classes }, x) => linear(classes, network.features({ layers, score: classes }, x)),
  };
}
