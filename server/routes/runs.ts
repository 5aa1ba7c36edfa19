/** `GET /runs`: what is served. */

import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Env } from "../env.ts";
import type { Registry } from "../registry.ts";
import { type RunStatus, statusOf } from "../run_status.ts";
import { describeRoute } from "./describing.ts";
import { queryReader } from "./parameters.ts";

const runSchema = z.object({
  name: z.string(),
  iteration: z.int().nullable().openapi({ description: "Of the newest checkpoint" }),
  dataset: z.string().nullable(),
  method: z.string().nullable(),
  preset: z.string().nullable(),
  training: z.boolean().openapi({ description: "Whether its log has grown within the last minute" }),
}).openapi("Run") satisfies z.ZodType<RunStatus>;

/** Answers with the runs that are served, in the order of their names. */
export function runsRoutes(registry: Registry): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  const { schema, read } = queryReader({});
  describeRoute(app, {
    path: "/runs",
    summary: "The runs that are served",
    query: schema,
    answers: { "application/json": z.object({ runs: z.array(runSchema) }) },
  });
  app.get("/runs", async (c) => {
    read(new URL(c.req.url).searchParams, "list runs");
    const served = await Promise.all(registry.names().map((name) => registry.find(name)));
    return c.json({ runs: await Promise.all(served.map(statusOf)) }, 200, { "cache-control": "no-cache" });
  });
  return app;
}
