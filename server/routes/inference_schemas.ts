/** What the Open Inference Protocol sends both ways, as schemas. */

import { z } from "@hono/zod-openapi";
import { MOST_PICTURES } from "./sample_kinds.ts";

/** Names of outputs, in the order they are answered in. */
export const OUTPUTS = ["images", "weights", "gates"] as const;

const shape = z.array(z.int());
const COUNT = `a whole number from 1 to ${MOST_PICTURES}`;
const datatype = z.literal("FP32", { error: "FP32" });
const description = z.object({ name: z.string(), datatype: z.string(), shape }).openapi("TensorDescription");

/** Parts of the path. */
export const NAME = {
  unversioned: z.object({ name: z.string().openapi({ description: "Name of the run" }) }),
  versioned: z.object({
    name: z.string().openapi({ description: "Name of the run" }),
    version: z.string().openapi({ description: "Iteration of the checkpoint; 409 where it is not loaded" }),
  }),
};

/** `GET /v2`. */
export const serverSchema = z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) });

/** `GET /v2/models/{name}`. */
export const modelSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()).openapi({ description: "The iteration that is loaded" }),
  platform: z.string(),
  inputs: z.array(description),
  outputs: z.array(description),
}).openapi("ModelMetadata");

const values = z.array(z.unknown(), { error: "an array of numbers, flat or nested" });

const inputTensor = z.object({
  name: z.literal("latent", { error: "latent" }),
  datatype,
  shape: z.tuple([
    z.int({ error: COUNT }).min(1, { error: COUNT }).max(MOST_PICTURES, { error: COUNT }),
    z.int({ error: "a whole number" }),
  ], {
    error: `[n, latent], n from 1 to ${MOST_PICTURES}`,
  }),
  data: values,
}, { error: "an object" });

/** The body of a request; what the protocol has beside it (`parameters`) changes nothing. */
export const inferenceRequest = z.object({
  id: z.string({ error: "text" }).max(128, { error: "at most 128 characters" }).optional(),
  inputs: z.array(inputTensor, { error: "an array with one input, latent" }).length(1, { error: "one input, latent" }),
  outputs: z.array(
    z.object({ name: z.enum(OUTPUTS, { error: `one of ${OUTPUTS.join(", ")}` }) }, { error: "an object" }),
    { error: "an array of outputs" },
  ).min(1, { error: "at least one output, or none named" }).optional(),
}, { error: "an object" }).openapi("InferenceRequest");

const outputTensor = z.object({ name: z.enum(OUTPUTS), datatype, shape, data: z.array(z.number()) });

/** An output with its values in row-major order. */
export type OutputTensor = z.infer<typeof outputTensor>;

/** The answer. */
export const inferenceResponse = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  outputs: z.array(outputTensor),
}).openapi("InferenceResponse");
