/** The server as a function from request to response; the port is in serve.ts. */

import { Hono } from "hono";
import { DeviceError } from "../core/gpu/device.ts";
import { nearestName } from "../core/nearest.ts";
import { RareRegionError, type Sampler } from "../core/sampling/sampler.ts";
import { refuse, RequestError } from "./errors.ts";
import { healthRoute } from "./routes/health.ts";
import { sampleRoute } from "./routes/sample.ts";

/** What the server is told beside its sampler. */
export interface AppOptions {
  /** Gets what went wrong on the server's own side; nowhere unless given. */
  report?: (error: unknown) => void;
}

/**
 * Answers `GET /sample` and `GET /health`; everything else, and every error, with `{ error: { code, message, parameter } }`.
 */
export function createApp(
  sampler: Sampler,
  { report = () => {} }: AppOptions = {},
): (request: Request) => Response | Promise<Response> {
  const app = new Hono();
  const routes = { "/sample": sampleRoute(sampler), "/health": healthRoute(sampler) };
  for (const [path, handler] of Object.entries(routes)) {
    app.get(path, handler);
    app.all(path, (c) => {
      c.header("allow", "GET, HEAD");
      throw new RequestError(405, "method_not_allowed", `Cannot ${c.req.method} ${path}: expected GET or HEAD`);
    });
  }
  app.notFound((c) => {
    const paths = Object.keys(routes);
    const path = c.req.path.slice(0, 64);
    const message = `Cannot find ${path}: expected one of ${paths.join(", ")}; the nearest is ${
      nearestName(path, paths)
    }`;
    return refuse(c, new RequestError(404, "not_found", message));
  });
  app.onError((error, c) => {
    if (error instanceof RequestError) return refuse(c, error);
    if (error instanceof RareRegionError) return refuse(c, new RequestError(422, "rare_leaf", error.message, "leaf"));
    report(error);
    if (error instanceof DeviceError) return refuse(c, new RequestError(503, "device_lost", error.message));
    return refuse(c, new RequestError(500, "internal", "Cannot answer: the server failed; its log says why"));
  });
  return (request) => app.fetch(request);
}
