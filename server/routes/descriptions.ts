/** What `/openapi.json` says of answers: schemas of bodies, and the errors that every route may answer with. */

import { z } from "@hono/zod-openapi";

const numbers = z.array(z.number());

const errorSchema = z.object({
  error: z.object({
    code: z.string().openapi({ example: "invalid_parameter" }),
    message: z.string().openapi({ example: `Cannot sample: n is "0", expected a whole number from 1 to 256` }),
    parameter: z.string().nullable().openapi({ description: "The one to blame, if one is", example: "n" }),
  }),
}).openapi("Error");

/** One sample. */
export const sampleSchema = z.object({
  seed: z.int(),
  index: z.int().openapi({ description: "Number of the sample of its seed" }),
  leaf: z.int().openapi({ description: "The most likely leaf" }),
  weights: numbers.openapi({ description: "Path weight of every leaf; they sum to 1" }),
  gates: numbers.openapi({ description: "Part that goes left at every decision node; of a flat mixture its weights" }),
  path: z.array(z.int()).openapi({ description: "Nodes from the root to the most likely leaf" }),
  latent: numbers.optional().openapi({ description: "Where latents=true" }),
  image: z.string().optional().openapi({ description: "Its picture as PNG in base64, where images=each" }),
  point: numbers.optional().openapi({ description: "Its two numbers, where images=each and the model makes points" }),
}).openapi("Sample");

/** Samples of a model. */
export const samplesSchema = z.object({
  run: z.string(),
  iteration: z.int().openapi({ description: "Of the checkpoint" }),
  seed: z.int(),
  shape: z.array(z.int()).openapi({ description: "n, height, width, channels", example: [64, 32, 32, 1] }),
  samples: z.array(sampleSchema),
  image: z.string().optional().openapi({ description: "The grid as PNG in base64, where images=grid" }),
}).openapi("Samples");

const end = z.object({ seed: z.int(), index: z.int() });

/** Samples on the way from one to another. */
export const interpolationSchema = samplesSchema.omit({ seed: true, samples: true }).extend({
  from: end,
  to: end,
  samples: z.array(
    sampleSchema.omit({ seed: true, index: true }).extend({
      position: z.number().openapi({ description: "0 at the first, 1 at the last" }),
    }),
  ),
}).openapi("Interpolation");

const share = z.number().nullable();

/** A node of the tree. */
const nodeSchema = z.object({
  node: z.int().openapi({ description: "In level order from the root, 0" }),
  level: z.int(),
  parent: z.int().nullable(),
  children: z.array(z.int()),
  leaf: z.int().nullable(),
  usage: z.number().openapi({ description: "Part of the latent space that belongs to the node" }),
  balance: share.openapi({ description: "Part of the node that goes left" }),
  decisionEntropy: share.openapi({ description: "Mean bits of the gate: 0 where it decides for sure, 1 where never" }),
  information: share.openapi({ description: "Bits that the way taken tells about the latent" }),
  labels: numbers.nullable().openapi({ description: "Shares in the order of labelNames, where a report knows them" }),
  picture: z.string().openapi({ example: "/tree/5.png" }),
}).openapi("Node");

/** The tree. */
export const treeSchema = z.object({
  run: z.string(),
  iteration: z.int(),
  head: z.string(),
  depth: z.int(),
  leaves: z.int(),
  latent: z.int(),
  image: z.array(z.int()).openapi({ description: "Height, width, channels" }),
  dataset: z.string().nullable(),
  temperature: z.number().openapi({ description: "Of the gates at this checkpoint" }),
  samples: z.int().openapi({ description: "From which all this was computed" }),
  usageEntropy: z.number().openapi({ description: "1 where all leaves are used alike, 0 where one does everything" }),
  pathEntropy: z.number().openapi({ description: "1 where paths mix all leaves, 0 where each leads to one" }),
  labelNames: z.array(z.string()).nullable(),
  nodes: z.array(nodeSchema),
  scores: z.array(z.object({ level: z.int(), purity: z.number(), nmi: z.number(), ari: z.number() })).nullable(),
  dendrogramPurity: z.number().nullable(),
}).openapi("Tree");

/** Bytes. */
export const binarySchema = z.string().openapi({ format: "binary" });

const CONTENT: Readonly<Record<string, z.ZodType>> = {
  "application/json": samplesSchema,
  "multipart/form-data": z.object({ samples: samplesSchema, image: binarySchema }),
};

/** An answer that depends on weights and parameters alone, and the one to those who have it. */
export function cachedAnswer(description: string, content: Record<string, { schema: z.ZodType }>) {
  const text = { type: "string" as const };
  return {
    200: {
      description,
      content,
      headers: {
        etag: { schema: text, description: "Of weights and parameters; only where the seed is given" },
        "cache-control": { schema: text, description: "immutable where seed, run and iteration are given" },
      },
    },
    304: { description: "If-None-Match has the entity tag; nothing was drawn" },
  };
}

/** Contents of an answer in one of some media types: samples as JSON, bytes as anything else. */
export function pictures(types: readonly string[]): Record<string, { schema: z.ZodType }> {
  return Object.fromEntries(types.map((type) => [type, { schema: CONTENT[type] ?? binarySchema }]));
}

const REFUSALS = {
  400: "A parameter is unknown, repeated, of the wrong type or out of range",
  404: "There is no such run",
  406: "The answer cannot have a type that the client accepts",
  409: "Another checkpoint is loaded",
  422: "Next to nothing of the latent space belongs to the leaf or node",
  503: "Too many samples wait, or there is no checkpoint yet; Retry-After says when to come again",
  504: "It took longer than the deadline",
};

/** The errors of a route that draws samples. */
export const refusals = errors(REFUSALS);

/** Those of a route that reads a body, besides. */
export const bodyRefusals = errors({
  413: "The body is too large",
  415: "The body is not of a type that is read",
});

function errors(statuses: Readonly<Record<number, string>>) {
  return Object.fromEntries(
    Object.entries(statuses).map(([status, description]) => [
      status,
      { description, content: { "application/json": { schema: errorSchema } } },
    ]),
  );
}
