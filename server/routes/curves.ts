/** `GET /curves`: how the training of a run went. */

import { OpenAPIHono, z } from "@hono/zod-openapi";
import { METRICS_FILE } from "../../core/sampling/run.ts";
import { curvesOf, readLog } from "../curves.ts";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";
import type { Registry } from "../registry.ts";
import { describeRoute, RUN_KINDS } from "./describing.ts";
import { queryReader, usually, whole } from "./parameters.ts";

const MOST_POINTS = 10_000;
const USUAL_POINTS = 500;

const curvesSchema = z.object({
  run: z.string(),
  iterations: z.array(z.int()),
  series: z.record(z.string(), z.array(z.number().nullable())).openapi({
    description: "By the names in metrics.jsonl; a point is the mean of the lines since the one before",
    example: { wasserstein: [0.43, 1.09] },
  }),
}).openapi("Curves");

const KINDS = {
  ...RUN_KINDS,
  points: usually(whole(2, MOST_POINTS, { description: "Most points of a curve" }), USUAL_POINTS),
};

/** Answers with the numbers in the log of a run, thinned. */
export function curvesRoutes(registry: Registry): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  const { schema, read } = queryReader(KINDS);
  describeRoute(app, {
    path: "/curves",
    summary: "How the training of a run went",
    query: schema,
    answers: { "application/json": curvesSchema },
    errors: [400, 404],
  });
  app.get("/curves", async (c) => {
    const { run, points } = read(new URL(c.req.url).searchParams, "tell the curves");
    const { name, folder } = await registry.find(run);
    const text = folder === null ? null : await Deno.readTextFile(`${folder}/${METRICS_FILE}`).catch(() => null);
    if (text === null) throw noLog(name);
    const body = { run: name, ...curvesOf(readLog(text), points) } satisfies z.infer<typeof curvesSchema>;
    return c.json(body, 200, { "cache-control": "no-cache" });
  });
  return app;
}

function noLog(name: string): RequestError {
  return new RequestError(
    404,
    "no_log",
    `Cannot tell the curves of ${name}: it has no ${METRICS_FILE}, expected that of its training`,
    "run",
  );
}
