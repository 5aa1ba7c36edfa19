/** A request to a sampler while it is under way: what its samples are made from, and what is there already. */

import type { ModelOptions } from "../models/presets.ts";
import type { Kind, Slot } from "./passes.ts";
import type { SampleRequest, Samples } from "./request.ts";
import type { Structure } from "./structure.ts";

/** A sample under way. */
export interface Row {
  readonly job: Job;
  readonly index: number; // in its request
  round: number;
}

/** A request under way. */
export interface Job {
  readonly kind: Kind;
  readonly slot: Omit<Slot, "sample" | "round" | "latent">; // what its samples have in common
  readonly first: number;
  readonly latents?: Float32Array;
  readonly pictures: boolean; // whether they are wanted
  readonly name: string; // of the region, for errors
  readonly result: Samples;
  missing: number; // samples; 0 when answered or failed
  plausible: boolean; // the share of the region was found large enough
  resolve(result: Samples): void;
  reject(error: unknown): void;
}

/** What is to be done for a request that was checked. */
export function describe(
  request: SampleRequest,
  { structure, temperature: trained }: { structure: Structure; temperature: number },
): Pick<Job, "kind" | "slot" | "first" | "latents" | "pictures" | "name"> {
  const { seed, first = 0, leaf, mode = "region", temperature = 1, truncation = 1, latents } = request;
  const node = leaf === undefined ? request.node ?? 0 : structure.nodeOf(leaf);
  const sides = Object.entries(request.decisions ?? {});
  const forced = node !== 0 && mode === "forced";
  const path = forced || sides.length > 0 ? "steered" : "free";
  const source = latents !== undefined ? "given" : node !== 0 && !forced ? "region" : "prior";
  const region = node === 0 ? undefined : structure.region(node);
  const decisions = sides.length === 0 ? undefined : new Float32Array(structure.decisions);
  for (const [gate, side] of sides) decisions![Number(gate)] = side === "left" ? 1 : -1;
  return {
    kind: `${path} ${source}`,
    slot: {
      seed,
      ...forced ? { within: region } : { region },
      decisions,
      temperature: temperature * trained,
      truncation,
    },
    first,
    latents,
    pictures: request.pictures ?? true,
    name: leaf === undefined ? `node ${node}` : `leaf ${leaf}`,
  };
}

/** Room for the answer to a request; that for pictures is made when the first comes. */
export function emptyResult(
  { n, seed }: SampleRequest,
  { image: [height, width, channels] }: ModelOptions,
  latent: number,
): Samples {
  return {
    seed,
    shape: [n, height, width, channels],
    images: new Float32Array(0),
    latents: new Float32Array(n * latent),
    samples: new Array(n),
  };
}

/**
 * Gives a request whose samples are all in a pass, in their order, its part of the pictures there; others get copies.
 *
 * @param images `[rows, pixels]`
 */
export function takePictures(rows: readonly Row[], images: Float32Array, found: Float32Array, pixels: number): void {
  for (let i = 0; i < rows.length; i++) {
    const { job, index } = rows[i];
    const n = job.result.shape[0];
    const last = rows[i + n - 1];
    if (!job.pictures || index !== 0 || last?.job !== job || last.index !== n - 1) continue;
    if (found.subarray(i, i + n).every(Boolean)) job.result.images = images.subarray(i * pixels, (i + n) * pixels);
    i += n - 1;
  }
}

/** What a sample is made from in a round. */
export function slotOf({ job, index }: Row, round: number): Slot {
  const { first, latents, slot } = job;
  const latent = latents && rowOf(latents, index, latents.length / job.result.shape[0]);
  return { ...slot, sample: first + index, round, latent };
}

/** A row of a matrix. */
export const rowOf = (values: Float32Array, row: number, length: number): Float32Array =>
  values.subarray(row * length, (row + 1) * length);
