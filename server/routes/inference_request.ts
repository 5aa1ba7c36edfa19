/** Reads a request of the Open Inference Protocol. */

import type { Context } from "hono";
import type { z } from "@hono/zod-openapi";
import { RequestError } from "../errors.ts";
import { inferenceRequest, OUTPUTS } from "./inference_schemas.ts";
import { invalid, shown } from "./parameters.ts";
import { MOST_LATENT } from "./sample_kinds.ts";

type InferenceRequest = z.infer<typeof inferenceRequest>;

const ACTION = "infer";

/** @throws {RequestError} 415 for another type than JSON, 400 for a body that is none or not what the protocol says */
export async function readRequest(c: Context): Promise<InferenceRequest> {
  const type = c.req.header("content-type");
  if (!/^application\/json\s*(;|$)/i.test(type ?? "")) {
    const message = `Cannot infer from a body of type ${shown(type)}: expected application/json`;
    throw new RequestError(415, "unsupported_type", message, "content-type");
  }
  const body = await c.req.json().catch(() => {
    throw new RequestError(400, "invalid_json", "Cannot infer: the body is no JSON text, expected an object");
  });
  const result = inferenceRequest.safeParse(body);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const found = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], body);
  const name = path.join(".") || "body";
  throw invalid(ACTION, name, `${name} is ${shown(found)}`, message);
}

/** The latents, row by row. */
export function latentsOf({ inputs: [{ shape: [n, columns], data }] }: InferenceRequest, latent: number): Float32Array {
  if (columns !== latent) throw invalid(ACTION, "inputs.0.shape", `its second number is ${columns}`, `${latent}`);
  const values = data.flat();
  if (values.length !== n * latent) {
    throw invalid(
      ACTION,
      "inputs.0.data",
      `it has ${values.length} numbers`,
      `${n * latent}, those of shape [${n}, ${latent}]`,
    );
  }
  const wrong = values.findIndex((value) => typeof value !== "number" || !(Math.abs(value) <= MOST_LATENT));
  if (wrong >= 0) {
    throw invalid(
      ACTION,
      "inputs.0.data",
      `number ${wrong} is ${shown(values[wrong])}`,
      `a number from -${MOST_LATENT} to ${MOST_LATENT}`,
    );
  }
  return Float32Array.from(values as number[]);
}

/** The outputs that are asked for; all of them unless some are named. */
export function outputsWanted({ outputs }: InferenceRequest): (typeof OUTPUTS)[number][] {
  return OUTPUTS.filter((name) => outputs === undefined || outputs.some((output) => output.name === name));
}
