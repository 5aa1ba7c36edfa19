/** All routes of the server, one group a file. */

import type { Hono } from "hono";
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Env } from "./env.ts";
import type { ServerMetrics } from "./middleware/metrics.ts";
import type { Registry } from "./registry.ts";
import { assignRoutes } from "./routes/assign.ts";
import { curvesRoutes } from "./routes/curves.ts";
import { docsRoutes } from "./routes/docs.ts";
import { eventsRoutes } from "./routes/events.ts";
import { healthRoutes } from "./routes/health.ts";
import { inferenceRoutes } from "./routes/inference.ts";
import { interpolateRoutes } from "./routes/interpolate.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { pageRoutes } from "./routes/page.ts";
import { runsRoutes } from "./routes/runs.ts";
import { sampleRoutes } from "./routes/sample.ts";
import { treeRoutes } from "./routes/tree.ts";

/** What routes are made from. */
export interface Parts {
  readonly registry: Registry;
  readonly metrics: ServerMetrics;
  /** Aborted when the server begins to end. */
  readonly ending: AbortSignal;
  /** The app that they become part of; its document is complete when the first request comes. */
  readonly app: OpenAPIHono<Env>;
}

/** The routes, group by group. */
export function routesOf({ registry, metrics, ending, app }: Parts): Hono<Env>[] {
  return [
    sampleRoutes(registry),
    interpolateRoutes(registry),
    treeRoutes(registry),
    assignRoutes(registry),
    runsRoutes(registry),
    curvesRoutes(registry),
    eventsRoutes(registry, ending),
    inferenceRoutes(registry),
    healthRoutes(registry, ending),
    metricsRoutes(metrics),
    docsRoutes(app),
    pageRoutes(),
  ];
}
