/** What clients may keep: a sample is a pure function of weights and parameters. */

import { createHash } from "node:crypto";
import type { Context } from "hono";
import { isTensor } from "../../core/grad.ts";
import type { Sampler } from "../../core/sampling/sampler.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leavesOf } from "../../core/tree.ts";

/** A digest of all that a sampler's answers depend on beside the parameters; made when first asked for. */
const identities = new WeakMap<Sampler, string>();

/**
 * A strong entity tag: a hash of the weights, what else the model is made of, the adapter (others round differently), and
 * what was asked for. Equal tags mean equal bytes, whoever answers.
 *
 * @param asked Every parameter with its default, and the format
 */
export function entityTag(sampler: Sampler, asked: unknown): string {
  return quoted(createHash("sha256").update(identityOf(sampler)).update(JSON.stringify(asked)));
}

/** A strong entity tag of an answer that is there already. */
export function bytesTag(body: string): string {
  return quoted(createHash("sha256").update(body));
}

const quoted = (hash: ReturnType<typeof createHash>): string => `"${hash.digest("base64url").slice(0, 27)}"`;

/** Whether the client has what is asked for (`If-None-Match`, RFC 9110, 13.1.2). */
export function isKnown(c: Context, tag: string): boolean {
  const known = c.req.header("if-none-match");
  if (known === undefined) return false;
  return known.trim() === "*" || known.split(",").some((other) => other.trim().replace(/^W\//, "") === tag);
}

/**
 * How long an answer may be kept: for good where its URL names seed, run and iteration. Without the run, another that is
 * served from the same address some other day would be answered with pictures of this one.
 */
export function cacheControl({ seed, run, iteration }: { seed?: number; run?: string; iteration?: number }): string {
  if (seed === undefined) return "no-store"; // another seed next time
  if (run === undefined || iteration === undefined) return "no-cache"; // a new checkpoint may come
  return "public, max-age=31536000, immutable";
}

function identityOf(sampler: Sampler): string {
  const known = identities.get(sampler);
  if (known !== undefined) return known;
  const { device, source: { run, iteration }, options, temperature, passes } = sampler;
  const hash = createHash("sha256");
  hash.update(JSON.stringify([device.description, run, iteration, options, temperature]));
  for (const [path, { attributes: { data } }] of leavesOf<Tensor>(passes.trained.parameters, isTensor)) {
    if (data instanceof Float32Array) {
      hash.update(path).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  const identity = hash.digest("base64url");
  identities.set(sampler, identity);
  return identity;
}
