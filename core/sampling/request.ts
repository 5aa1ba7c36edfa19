/** What can be asked of a sampler, and what it answers with. */

import type { Structure } from "./structure.ts";

/** How a leaf or node is asked for: latents from its region of the latent space, or the path forced into it. */
export type SampleMode = "region" | "forced";

/** A side of a decision node. */
export type Side = "left" | "right";

/** What is asked for; at most one of `leaf` and `node`. */
export interface SampleRequest {
  /** Number of samples, 1 to 16384. */
  n: number;
  /** From 0 to 2⁵³ - 1; sample `i` of a seed is the same whatever `n`. */
  seed: number;
  /** Number of the first sample of the seed, from 0 to 2³¹; 0 unless given. */
  first?: number;
  /** A leaf, counted from 0. */
  leaf?: number;
  /** Any node, in level order from the root, 0. */
  node?: number;
  /** `region` unless given. */
  mode?: SampleMode;
  /**
   * What the logits of the gates are divided by, on top of the temperature that they were trained with: from 0.01, decisions
   * all but hard, to 100, all alike; 1 unless given.
   */
  temperature?: number;
  /**
   * `0 < ψ ≤ 1`, 1 unless given: latents are `N(0, ψ²)`, so that pictures are more typical and less various. The truncation
   * trick of StyleGAN (Karras et al., CVPR 2019), towards the mean of the latents themselves.
   */
  truncation?: number;
  /** Decision nodes of a tree that are forced to a side, by their number; all others decide as they do. */
  decisions?: Readonly<Record<number, Side>>;
  /** `[n, latent]` to use in place of drawn ones; a leaf or node can then only be forced. */
  latents?: Float32Array;
  /** Whether `images` is wanted; it is empty otherwise. */
  pictures?: boolean;
  /** Ends the request early: the promise is rejected with its reason. */
  signal?: AbortSignal;
}

/** The path of one sample; numbers are rounded to six decimals. */
export interface Sample {
  seed: number;
  /** Number of the sample of its seed. */
  index: number;
  /** The most likely leaf. */
  leaf: number;
  /** Path weight of every leaf; they sum to 1. */
  weights: number[];
  /** Part that goes left at every decision node, in level order; a flat mixture has its weights here. */
  gates: number[];
  /** The nodes from the root to the most likely leaf. */
  path: number[];
}

/** What was asked for. */
export interface Samples {
  seed: number;
  /** `[n, height, width, channels]`. */
  shape: [n: number, height: number, width: number, channels: number];
  /** Pixels in [-1, 1], in the order of `shape`; empty where no pictures were asked for. */
  images: Float32Array;
  /** `[n, latent]`. */
  latents: Float32Array;
  samples: Sample[];
}

/** Most samples of one request. */
export const MOST_SAMPLES = 16384;
/** Largest number of a first sample. */
export const MOST_FIRST = 2 ** 31;
/** Least and largest temperature. */
export const TEMPERATURES = [0.01, 100] as const;

/** What a request is checked against. */
export interface Limits extends Pick<Structure, "leaves" | "nodes" | "decisions"> {
  /** Length of a latent. */
  latent: number;
}

const NO_MODEL: Limits = { leaves: Infinity, nodes: Infinity, decisions: Infinity, latent: Infinity };

/**
 * Checks a request, before a model is at hand as far as that goes.
 *
 * @throws {RangeError} If a number is out of range; the message names it and what is allowed
 */
export function checkRequest(request: SampleRequest, limits: Limits = NO_MODEL): void {
  const { n, seed, first, leaf, node, temperature = 1, truncation = 1 } = request;
  checkWhole("n", n, 1, MOST_SAMPLES);
  checkWhole("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  checkWhole("first", first ?? 0, 0, MOST_FIRST);
  if (leaf !== undefined && node !== undefined) {
    throw new RangeError(`Cannot sample leaf ${leaf} and node ${node}: two were given, expected at most one`);
  }
  checkWhole("leaf", leaf ?? 0, 0, limits.leaves - 1);
  checkWhole("node", node ?? 0, 0, limits.nodes - 1);
  const [least, most] = TEMPERATURES;
  if (!(temperature >= least && temperature <= most)) {
    throw new RangeError(`Cannot sample with temperature ${temperature}: expected a number from ${least} to ${most}`);
  }
  if (!(truncation > 0 && truncation <= 1)) {
    throw new RangeError(`Cannot sample with truncation ${truncation}: expected a number above 0 and at most 1`);
  }
  checkDecisions(request, limits);
  checkLatents(request, limits);
}

/**
 * Forced decisions from text such as `0:left,4:right`.
 *
 * @throws {RangeError} If it is none, or names a node twice
 */
export function parseDecisions(text: string): Record<number, Side> {
  const pairs = text.split(",").map((pair) => /^(\d{1,9}):(left|right)$/.exec(pair));
  const decisions: Record<number, Side> = {};
  for (const pair of pairs) {
    if (pair === null || Number(pair[1]) in decisions) {
      throw new RangeError(
        `Cannot force ${JSON.stringify(text.slice(0, 64))}: expected nodes with a side each, such as 0:left,4:right`,
      );
    }
    decisions[Number(pair[1])] = pair[2] as Side;
  }
  return decisions;
}

function checkDecisions({ decisions = {} }: SampleRequest, limits: Limits): void {
  for (const [node, side] of Object.entries(decisions)) {
    if (limits.decisions === 0) {
      throw new RangeError(`Cannot force node ${node}: the model decides nothing step by step, expected a tree`);
    }
    checkWhole("a forced decision at node", Number(node), 0, limits.decisions - 1);
    if (side !== "left" && side !== "right") {
      throw new RangeError(`Cannot force node ${node} to ${JSON.stringify(side)}: expected left or right`);
    }
  }
}

function checkLatents({ n, latents, leaf, node, mode, truncation = 1 }: SampleRequest, { latent }: Limits): void {
  if (latents === undefined) return;
  if (latent === Infinity ? latents.length % n !== 0 : latents.length !== n * latent) {
    const expected = latent === Infinity ? `a multiple of n = ${n}` : `${n * latent}, ${latent} for each of n = ${n}`;
    throw new RangeError(`Cannot sample with ${latents.length} numbers of latents: expected ${expected}`);
  }
  const odd = latents.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) throw new RangeError(`Cannot sample with latents[${odd}] = ${latents[odd]}: expected finite numbers`);
  if ((leaf ?? node) !== undefined && mode !== "forced") {
    throw new RangeError(
      `Cannot sample latents of a ${
        leaf === undefined ? "node" : "leaf"
      } that are given: expected mode forced, or neither`,
    );
  }
  if (truncation !== 1) {
    throw new RangeError(`Cannot sample with truncation ${truncation}: latents are given, expected no truncation`);
  }
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const allowed = most === Infinity ? `${least} on` : `${least} to ${most}`;
  throw new RangeError(`Cannot sample with ${name} ${value}: expected a whole number from ${allowed}`);
}
