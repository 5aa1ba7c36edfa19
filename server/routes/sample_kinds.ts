/** The parameters of everything that draws samples: what is allowed for a model. */

import { z } from "@hono/zod-openapi";
import { MOST_FIRST, parseDecisions, type Side, TEMPERATURES } from "../../core/sampling/request.ts";
import type { Sampler } from "../../core/sampling/sampler.ts";
import type { Structure } from "../../core/sampling/structure.ts";
import { choice, decimal, flag, type Kind, optional, text, usually, whole } from "./parameters.ts";

/** Most pictures of one answer. */
export const MOST_PICTURES = 256;
/** Largest scale of a pixel. */
export const MOST_SCALE = 16;
/** Pictures of an answer unless told otherwise. */
export const USUAL_PICTURES = 64;
/** Largest number in a latent, of either sign: a thousand times as far from the middle as most, and all sums stay finite. */
export const MOST_LATENT = 1000;

/** What parameters are checked against. */
export interface Extent extends Pick<Structure, "leaves" | "nodes" | "decisions"> {
  /** Length of a latent. */
  readonly latent: number;
}

/** Of no model in particular: for descriptions. */
export const ANY_MODEL: Extent = { leaves: Infinity, nodes: Infinity, decisions: Infinity, latent: Infinity };

/** The extent of a sampler's model. */
export function extentOf({ structure: { leaves, nodes, decisions }, passes }: Sampler): Extent {
  return { leaves, nodes, decisions, latent: passes.trained.generator.head.latent };
}

/** Which run, which of its weights. */
export function runKinds() {
  return {
    run: optional(text({ description: "Name of the run; may be left out where one is served" })),
    iteration: optional(
      whole(0, Number.MAX_SAFE_INTEGER, {
        description: "Pins the answer to this checkpoint: 409 where it is not loaded",
      }),
    ),
    weights: usually(
      choice(["ema", "live"], { description: "The average of the weights over the last iterations, or the newest" }),
      "ema",
    ),
  };
}

/** Where in the model samples come from, and how sharply it decides. */
export function placeKinds({ leaves, nodes, decisions }: Extent) {
  return {
    leaf: optional(whole(0, leaves - 1, { description: "Samples of this leaf" })),
    node: optional(whole(0, nodes - 1, { description: "Samples of this node, in level order from the root, 0" })),
    mode: usually(
      choice(["region", "forced"], {
        description: "How a leaf or node is asked for: latents drawn from p(z | node), or the path forced into it",
      }),
      "region",
    ),
    temperature: usually(
      decimal({ least: TEMPERATURES[0], most: TEMPERATURES[1] }, {
        description: "Logits of the gates are divided by it: below 1 sharper decisions, above 1 softer ones",
      }),
      1,
    ),
    truncation: usually(
      decimal({ least: 0, most: 1, open: true }, {
        description: "Latents are N(0, truncation²): below 1 more typical pictures, and less various ones",
      }),
      1,
    ),
    force: optional(decisionsKind(decisions)),
  };
}

/** What draws samples. */
export function drawKinds(extent: Extent) {
  return {
    n: optional(whole(1, MOST_PICTURES, { description: "Number of samples", default: USUAL_PICTURES })),
    seed: optional(
      whole(0, Number.MAX_SAFE_INTEGER, { description: "Equal seeds give equal samples; a fresh one unless given" }),
    ),
    first: usually(whole(0, MOST_FIRST, { description: "Number of the first sample of the seed" }), 0),
    ...placeKinds(extent),
    latents: usually(flag({ description: "Whether JSON includes the latent of every sample" }), false),
    ...runKinds(),
  };
}

/** How pictures are drawn. */
export function pictureKinds() {
  return {
    columns: optional(whole(1, MOST_PICTURES, { description: "Pictures in a row; nearly square unless given" })),
    scale: optional(
      whole(1, MOST_SCALE, { description: "Every pixel is drawn scale x scale; 2 for small pictures unless given" }),
    ),
    images: usually(
      choice(["none", "grid", "each"], {
        description:
          "Pictures inside JSON, PNG in base64: none, the grid as image, or that of every sample as its image",
      }),
      "none",
    ),
  };
}

/** Of `GET /sample`. */
export const sampleKinds = (extent: Extent) => ({ ...drawKinds(extent), ...pictureKinds() });

/** Of `POST /sample`: the same, and latents may be given. */
export const sampleBodyKinds = (extent: Extent) => ({ ...sampleKinds(extent), latents: latentsKind(extent.latent) });

/** Decision nodes that are forced to a side: `0:left,4:right`, or `{"0": "left", "4": "right"}`. */
function decisionsKind(decisions: number): Kind<Readonly<Record<number, Side>>> {
  const error = decisions === 0
    ? "none: only trees have decision nodes"
    : `decision nodes from 0 ${decisions === Infinity ? "on" : `to ${decisions - 1}`} with their sides, each once`;
  const refuse = (context: z.RefinementCtx) => {
    context.addIssue({ code: "custom", message: error });
    return z.NEVER;
  };
  const checked = (sides: Readonly<Record<number, Side>>, context: z.RefinementCtx) =>
    Object.keys(sides).every((node) => Number(node) < decisions) ? sides : refuse(context);
  const text = z.string().transform((value, context) => {
    try {
      return checked(parseDecisions(value), context);
    } catch {
      return refuse(context);
    }
  });
  const node = z.string().regex(/^(0|[1-9]\d{0,8})$/, { error });
  const value = z.record(node, z.enum(["left", "right"], { error }), { error }).transform(checked);
  const description = "Decision nodes of a tree forced to a side: 0:left,4:right in a query, an object in a body";
  return {
    text: text.openapi({ type: "string", pattern: "^\\d+:(left|right)(,\\d+:(left|right))*$", description }),
    value: value.openapi({
      type: "object",
      additionalProperties: { type: "string", enum: ["left", "right"] },
      description,
    }) as unknown as z.ZodType<Record<number, Side>>,
  };
}

/** Latents of a body: a list of rows, or whether the answer includes them. */
function latentsKind(length: number): Kind<boolean | Float32Array> {
  const numbers = length === Infinity ? "numbers" : `${length} numbers`;
  const error = `1 to ${MOST_PICTURES} lists of ${numbers} from -${MOST_LATENT} to ${MOST_LATENT}, true or false`;
  const isRow = (row: unknown) =>
    Array.isArray(row) && row.length === length &&
    row.every((value) => typeof value === "number" && Math.abs(value) <= MOST_LATENT);
  const value = z.unknown().transform((value, context) => {
    if (typeof value === "boolean") return value;
    if (Array.isArray(value) && value.length >= 1 && value.length <= MOST_PICTURES && value.every(isRow)) {
      return Float32Array.from(value.flat());
    }
    context.addIssue({ code: "custom", message: error });
    return z.NEVER;
  });
  const number = { type: "number" as const, minimum: -MOST_LATENT, maximum: MOST_LATENT };
  const described = value.openapi({
    description: "Latents to use in place of drawn ones, or whether JSON includes those that were drawn",
    anyOf: [
      { type: "array", minItems: 1, maxItems: MOST_PICTURES, items: { type: "array", items: number } },
      { type: "boolean" },
    ],
  });
  return usually({ text: z.never(), value: described as unknown as z.ZodType<boolean | Float32Array> }, false);
}
