/** The Open Inference Protocol, version 2: latents in, pictures, path weights and gates out. */

import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { admit } from "../admission.ts";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";
import type { Model, Registry } from "../registry.ts";
import { describeRoute } from "./describing.ts";
import {
  inferenceRequest,
  inferenceResponse,
  modelSchema,
  NAME,
  OUTPUTS,
  type OutputTensor,
  serverSchema,
} from "./inference_schemas.ts";
import { latentsOf, outputsWanted, readRequest } from "./inference_request.ts";

const PLATFORM = "hmog_webgpu";
const DATATYPE = "FP32";

/** Metadata, readiness and inference of a model by the name of its run, with its iteration as version. */
export function inferenceRoutes(registry: Registry): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  const use = (c: Context<Env>, action: (model: Model) => Promise<Response>) =>
    registry.use(c.req.param("name"), (model) => {
      checkVersion(model, c.req.param("version"));
      return action(model);
    });
  describeRoute(app, {
    path: "/v2",
    summary: "Name and version of the server",
    answers: { "application/json": serverSchema },
  });
  app.get("/v2", (c) => c.json({ name: "hmog", version: "2", extensions: [] }));
  for (const version of ["", "/versions/{version}"]) {
    const path = `/v2/models/{name}${version}`;
    const params = NAME[version === "" ? "unversioned" : "versioned"];
    const route = path.replaceAll(/\{(\w+)\}/g, ":$1");
    const errors = [400, 404, 409, 503];
    describeRoute(app, {
      path,
      params,
      summary: "What a model takes and gives",
      answers: { "application/json": modelSchema },
      errors,
    });
    app.get(route, (c) => use(c, (model) => Promise.resolve(c.json(metadataOf(model)))));
    describeRoute(app, {
      path: `${path}/ready`,
      params,
      summary: "Whether a model can be asked",
      answers: { "application/json": modelSchema.pick({ name: true }) },
      errors,
    });
    app.get(`${route}/ready`, (c) => use(c, ({ run }) => Promise.resolve(c.json({ name: run, ready: true }))));
    describeRoute(app, {
      method: "post",
      path: `${path}/infer`,
      params,
      summary: "Pictures, path weights and gates of given latents",
      body: inferenceRequest,
      answers: { "application/json": inferenceResponse },
      errors: [...errors, 504],
    });
    app.post(`${route}/infer`, async (c) => {
      const request = await readRequest(c);
      return await use(c, (model) => infer(c, model, request));
    });
  }
  return app;
}

async function infer(
  c: Context<Env>,
  model: Model,
  request: Awaited<ReturnType<typeof readRequest>>,
): Promise<Response> {
  const { sampler, run, iteration } = model;
  const latents = latentsOf(request, sampler.options.latent);
  const n = latents.length / sampler.options.latent;
  const wanted = outputsWanted(request);
  admit(sampler, n);
  const drawn = await sampler.sample({
    n,
    seed: 0,
    latents,
    pictures: wanted.includes("images"),
    signal: c.get("signal"),
  });
  const outputs = wanted.map((name): OutputTensor => {
    if (name === "images") return { name, datatype: DATATYPE, shape: [...drawn.shape], data: Array.from(drawn.images) };
    const rows = drawn.samples.map((sample) => sample[name]);
    return { name, datatype: DATATYPE, shape: [n, rows[0].length], data: rows.flat() };
  });
  const { id } = request;
  return c.json({ model_name: run, model_version: String(iteration), ...id === undefined ? {} : { id }, outputs });
}

function metadataOf({ run, iteration, sampler: { options, structure, passes } }: Model) {
  const { gates } = passes.trained.generator.head;
  const shapes = { images: [-1, ...options.image], weights: [-1, structure.leaves], gates: [-1, gates] };
  return {
    name: run,
    versions: [String(iteration)],
    platform: PLATFORM,
    inputs: [{ name: "latent", datatype: DATATYPE, shape: [-1, options.latent] }],
    outputs: OUTPUTS.map((name) => ({ name, datatype: DATATYPE, shape: shapes[name] })),
  };
}

function checkVersion({ run, iteration }: Model, version: string | undefined): void {
  if (version === undefined || version === String(iteration)) return;
  const found = `version ${version.slice(0, 20)} of ${run} is not loaded`;
  throw new RequestError(409, "other_iteration", `Cannot use the model: ${found}, expected ${iteration}`, "version");
}
