/** The query of `GET /sample`: what is allowed, and one clear sentence for what is not. */

import { z } from "zod";
import { nearestName } from "../../core/nearest.ts";
import { RequestError } from "../errors.ts";

/** Most pictures of one answer. */
export const MOST_PICTURES = 256;
const USUAL_PICTURES = 64;

/** Whole numbers in decimal; the message says which are allowed. */
function whole(least: number, most: number) {
  const allowed = `a whole number from ${least} to ${most}`;
  return z.string()
    .refine((text) => /^\d{1,16}$/.test(text) && Number(text) >= least && Number(text) <= most, { error: allowed })
    .transform(Number);
}

/** The query for a model of so many leaves. */
export function sampleQuery(leaves: number) {
  return z.strictObject({
    n: whole(1, MOST_PICTURES).default(USUAL_PICTURES),
    seed: whole(0, Number.MAX_SAFE_INTEGER).optional(),
    leaf: whole(0, leaves - 1).optional(),
    mode: z.enum(["region", "forced"], { error: "region or forced" }).default("region"),
  }).refine((query) => query.mode !== "forced" || query.leaf !== undefined, {
    path: ["mode"],
    error: "a leaf with it (mode=forced&leaf=0)",
  });
}

/** A query that was checked. */
export type SampleQuery = z.infer<ReturnType<typeof sampleQuery>>;

/**
 * The values of a query.
 *
 * @throws {RequestError} With the parameter that is unknown, repeated or out of range, and what is allowed
 */
export function parseQuery<T>(schema: z.ZodType<T>, names: readonly string[], query: URLSearchParams): T {
  for (const name of query.keys()) {
    if (!names.includes(name)) {
      throw refusal("unknown_parameter", name, `there is no parameter ${quoted(name)}`, unknownAdvice(name, names));
    }
    const values = query.getAll(name);
    if (values.length > 1) {
      throw refusal("repeated_parameter", name, `${name} was given ${values.length} times`, "it at most once");
    }
  }
  const result = schema.safeParse(Object.fromEntries(query));
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const name = String(path[0]);
  throw refusal("invalid_parameter", name, `${name} is ${quoted(query.get(name) ?? "")}`, message);
}

function refusal(code: string, parameter: string, found: string, expected: string): RequestError {
  return new RequestError(400, code, `Cannot sample: ${found}, expected ${expected}`, parameter.slice(0, SHOWN));
}

function unknownAdvice(name: string, names: readonly string[]): string {
  return `one of ${names.join(", ")}; the nearest is ${nearestName(name.slice(0, SHOWN), names)}`;
}

const SHOWN = 64; // characters of what a caller sent that an answer repeats

const quoted = (text: string): string => JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
