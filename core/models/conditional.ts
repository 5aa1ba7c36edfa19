/** Latents from `p(z | region)`: the part of the latent space that a leaf, or all leaves under a node, answer for. */

import { equal, greater, mul } from "../ops/elementwise.ts";
import { reshape, slice } from "../ops/movement.ts";
import { keyWords, normal, uniform } from "../ops/random.ts";
import { max, sum } from "../ops/reduce.ts";
import { constant } from "../ops/source.ts";
import type { Tensors } from "../grad.ts";
import type { Tensor } from "../tensor.ts";
import type { MixtureHead } from "./mixture.ts";

/** Candidates of a sample in a round: a leaf of average weight in a tree of depth 3 is missed 2 times in 10 000. */
export const ATTEMPTS = 64;

const NORMAL_STREAM = 0x7a; // "z"
const ACCEPT_STREAM = 0x75; // "u"
const NUMBERS = 4; // a counter yields four numbers, so rows of random numbers are multiples of it

/**
 * Keys of samples `first`, `first + 1`, … of a seed, one a row: a sample is the same whatever it is drawn together with.
 *
 * @param round Counts the rounds of `drawFromRegion`, from 0
 * @returns `[count, 4]`, row-major: seed (low, high word), sample, round
 * @throws {RangeError} If the seed is no whole number from 0 to 2⁵³ - 1
 */
export function sampleKeys(seed: number, { first = 0, count = 1, round = 0 } = {}): Uint32Array<ArrayBuffer> {
  const keys = new Uint32Array(count * 4);
  for (let i = 0; i < count; i++) keys.set(keyWords(seed, first + i, round), 4 * i);
  return keys;
}

/**
 * Latents from the prior, `z ~ N(0, 1)`.
 *
 * @param keys `u32 [batch, 4]`, see `sampleKeys`
 * @returns `[batch, latent]`
 */
export function drawLatent(keys: Tensor, { latent }: { latent: number }): Tensor {
  const batch = keys.shape[0];
  const z = normal(keys, { shape: [batch, Math.ceil(latent / NUMBERS) * NUMBERS], stream: NORMAL_STREAM });
  return slice(z, { start: [0, 0], shape: [batch, latent] });
}

/**
 * Latents from `p(z | region) ∝ p(z) Σ_{l in region} p_l(z)` by rejection: of 64 candidates from the prior the first with
 * `u < Σ p_l(z)`, `u` uniform, is taken. The model then goes its own soft path, so every picture is one it really makes.
 * Where no candidate is taken, `found` is 0: draw those samples again with keys of the next round.
 *
 * @param keys `u32 [batch, 4]`, see `sampleKeys`
 * @param region `[batch, leaves]` or `[1, leaves]`, 1 for the leaves wanted, 0 for the others (`leavesUnder`)
 * @returns `z [batch, latent]`, zeros where not found; `found [batch]`, 1 or 0
 */
export function drawFromRegion<P extends Tensors>(
  head: MixtureHead<P>,
  parameters: P,
  { keys, region }: { keys: Tensor; region: Tensor },
): { z: Tensor; found: Tensor } {
  const batch = keys.shape[0];
  const { latent, leaves } = head;
  const candidates = normal(keys, { shape: [batch, ATTEMPTS, latent], stream: NORMAL_STREAM });
  const { weights } = head.apply(parameters, reshape(candidates, [batch * ATTEMPTS, latent]));
  const inside = mul(reshape(weights, [batch, ATTEMPTS, leaves]), reshape(region, [region.shape[0], 1, leaves]));
  const acceptance = sum(inside, { axes: [-1] });
  const accepted = greater(acceptance, uniform(keys, { shape: [batch, ATTEMPTS], stream: ACCEPT_STREAM }));
  // The first accepted candidate has the largest number when they are counted down to 1.
  const countdown = mul(accepted, constant(Array.from({ length: ATTEMPTS }, (_, i) => ATTEMPTS - i)));
  const largest = max(countdown, { axes: [1], keepDims: true });
  const taken = mul(accepted, equal(countdown, largest));
  const z = sum(mul(reshape(taken, [batch, ATTEMPTS, 1]), candidates), { axes: [1] });
  return { z, found: reshape(greater(largest, 0), [batch]) };
}
