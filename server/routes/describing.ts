/** How routes are described for `/openapi.json`, and the one parameter that most of them have. */

import { createRoute, type OpenAPIHono, type z } from "@hono/zod-openapi";
import type { Env } from "../env.ts";
import { refusals } from "./descriptions.ts";
import { optional, text } from "./parameters.ts";

/** The run that is asked for. */
export const RUN_KINDS = {
  run: optional(text({ description: "Name of the run; may be left out where one is served" })),
};

/** A route as its description: errors by status, of those in `descriptions.ts`. */
export interface Description {
  readonly method?: "get" | "post";
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly params?: z.ZodObject;
  /** Of a JSON body. */
  readonly body?: z.ZodType;
  /** What is answered, by media type. */
  readonly answers: Readonly<Record<string, z.ZodType>>;
  readonly errors?: readonly number[];
}

/** Adds a route to the document. */
export function describeRoute(app: OpenAPIHono<Env>, route: Description): void {
  const { method = "get", path, summary, query, params, body, answers, errors = [] } = route;
  const content = Object.fromEntries(Object.entries(answers).map(([type, schema]) => [type, { schema }]));
  app.openAPIRegistry.registerPath(createRoute({
    method,
    path,
    summary,
    request: {
      query,
      params,
      ...body && { body: { required: true, content: { "application/json": { schema: body } } } },
    },
    responses: {
      200: { description: summary, content },
      ...Object.fromEntries(errors.map((status) => [status, refusals[status]])),
    },
  }));
}
