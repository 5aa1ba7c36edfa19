/** `GET /metrics`: what the server did so far, for Prometheus. */

import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Env } from "../env.ts";
import type { ServerMetrics } from "../middleware/metrics.ts";
import { describeRoute } from "./describing.ts";

/** Answers with counters, gauges and a histogram of times in the text format of Prometheus. */
export function metricsRoutes(metrics: ServerMetrics): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  describeRoute(app, {
    path: "/metrics",
    summary: "What the server did so far, for Prometheus",
    answers: { "text/plain": z.string() },
  });
  app.get("/metrics", async (c) => {
    const { text, type } = await metrics.text();
    return c.body(text, 200, { "content-type": type });
  });
  return app;
}
