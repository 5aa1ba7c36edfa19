/** Latents from `p(z | region)`: the part of the latent space that a leaf, or all leaves under a node, answer for. */

import { equal, greater, mul, type Operand } from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import { max, sum } from "../ops/reduce.ts";
import { constant } from "../ops/source.ts";
import type { Tensors } from "../grad.ts";
import type { Tensor } from "../tensor.ts";
import type { MixtureHead } from "./mixture.ts";

/** Candidates of a sample in a round: a leaf of average weight in a tree of depth 3 is missed 2 times in 10 000. */
export const ATTEMPTS = 64;

/** What rejection works with: random numbers of the caller's, and the leaves wanted. */
export interface Candidates {
  /** `z ~ N(0, 1)`, `[batch, attempts, latent]`. */
  candidates: Tensor;
  /** `u` uniform in [0, 1), `[batch, attempts]`. */
  uniforms: Tensor;
  /** `[batch, leaves]` or `[1, leaves]`, 1 for the leaves wanted, 0 for the others (`leavesUnder`). */
  region: Tensor;
  /** As for `MixtureHead.apply`. */
  temperature?: Operand;
}

/**
 * Latents from `p(z | region) ∝ p(z) Σ_{l in region} p_l(z)` by rejection: of the candidates from the prior the first with
 * `u < Σ p_l(z)` is taken. The model then goes its own soft path, so every picture is one it really makes. A sample depends
 * on its own candidates alone, whatever it is drawn together with.
 *
 * @returns `z [batch, latent]`, and `found [batch]`: 1, or 0 where no candidate was taken and `z` is zeros; draw those
 * samples again with new random numbers
 *
 * @example
 * ```ts
 * import { ATTEMPTS, drawFromRegion } from "./conditional.ts";
 * import { leavesUnder, softTree } from "./soft_tree.ts";
 * import { initializer } from "../nn/init.ts";
 * import { normal, randomKey, uniform } from "../ops/random.ts";
 * import { constant } from "../ops/source.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const tree = softTree({ latent: 8, depth: 2, leaves: "linear", featureShape: [4, 4, 8] });
 * const { z, found } = drawFromRegion(tree, tree.parameters(initializer(1)), {
 *   candidates: normal(randomKey(2), { shape: [16, ATTEMPTS, 8], stream: 0 }),
 *   uniforms: uniform(randomKey(2), { shape: [16, ATTEMPTS], stream: 1 }),
 *   region: constant(leavesUnder(1, 2), [1, 4]), // the left half of the tree
 * });
 * assertEquals([z.shape, found.shape], [[16, 8], [16]]);
 * ```
 */
export function drawFromRegion<P extends Tensors>(
  head: MixtureHead<P>,
  parameters: P,
  { candidates, uniforms, region, temperature }: Candidates,
): { z: Tensor; found: Tensor } {
  const [batch, attempts, latent] = candidates.shape;
  const { weights } = head.apply(parameters, reshape(candidates, [batch * attempts, latent]), { temperature });
  const leaves = [batch, attempts, head.leaves];
  const inside = mul(reshape(weights, leaves), reshape(region, [region.shape[0], 1, head.leaves]));
  const accepted = greater(sum(inside, { axes: [-1] }), uniforms);
  // Counted down to 1, the first accepted candidate has the largest number.
  const numbers = constant(Array.from({ length: attempts }, (_, i) => attempts - i));
  const countdown = mul(accepted, numbers);
  const largest = max(countdown, { axes: [1], keepDims: true });
  const taken = mul(accepted, equal(countdown, largest));
  const z = sum(mul(reshape(taken, [batch, attempts, 1]), candidates), { axes: [1] });
  return { z, found: reshape(greater(largest, 0), [batch]) };
}
