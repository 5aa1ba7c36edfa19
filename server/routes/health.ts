/** `GET /health` and the health routes of the Open Inference Protocol: whether samples can be had, and of what. */

import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";
import type { Registry } from "../registry.ts";
import { describeRoute, RUN_KINDS } from "./describing.ts";
import { queryReader } from "./parameters.ts";

const healthSchema = z.object({
  status: z.literal("ok"),
  run: z.string(),
  iteration: z.int().openapi({ description: "Of the checkpoint the weights are from" }),
  head: z.string(),
  leaves: z.int(),
  latent: z.int(),
  image: z.array(z.int()).openapi({ description: "Height, width and channels of a picture" }),
  adapter: z.string().openapi({ description: "Name of the GPU, or of the software that stands in for one" }),
}).openapi("Health");

/** `GET /health`: where several runs are served and none is named, that they are. */
export type HealthBody = z.infer<typeof healthSchema>;

const manySchema = z.object({ status: z.literal("ok"), runs: z.array(z.string()), adapter: z.string() });

/** `/health` with the model, `/v2/health/live` while the process can answer, `/v2/health/ready` while samples can be had. */
export function healthRoutes(registry: Registry, ending: AbortSignal): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  const { schema, read } = queryReader(RUN_KINDS);
  describeRoute(app, {
    path: "/health",
    summary: "Whether samples can be had, and of what",
    query: schema,
    answers: { "application/json": z.union([healthSchema, manySchema]) },
    errors: [400, 404, 503],
  });
  app.get("/health", async (c) => {
    const { run } = read(new URL(c.req.url).searchParams, "tell the health");
    registry.device.check();
    const { description: adapter } = registry.device;
    const names = registry.names();
    if (run === undefined && names.length !== 1) return c.json({ status: "ok", runs: names, adapter } as const);
    return await registry.use(run, ({ run, iteration, sampler: { options, structure } }) => {
      const { head, latent, image } = options;
      const body: HealthBody = {
        status: "ok",
        run,
        iteration,
        head,
        leaves: structure.leaves,
        latent,
        image: [...image],
        adapter,
      };
      return Promise.resolve(c.json(body));
    });
  });
  const health = (name: "live" | "ready", summary: string, check: () => void) => {
    const path = `/v2/health/${name}`;
    describeRoute(app, {
      path,
      summary,
      answers: { "application/json": z.object({ [name]: z.literal(true) }) },
      errors: [503],
    });
    app.get(path, (c) => {
      check();
      return c.json({ [name]: true });
    });
  };
  health("live", "Whether the server can go on", () => registry.device.check());
  health("ready", "Whether samples can be had now", () => {
    registry.device.check();
    if (ending.aborted) throw new RequestError(503, "ending", "Cannot take requests: the server ends");
    registry.checkReady();
  });
  return app;
}
