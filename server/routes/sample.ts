/** `/sample` and `/activations`: samples of the model, as pictures, paths or numbers. */

import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { Context, Handler } from "hono";
import { RareRegionError, type Sampler, type SampleRequest, type Samples } from "../../core/sampling/sampler.ts";
import { admit } from "../admission.ts";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";
import type { Model, Registry } from "../registry.ts";
import { cacheControl, entityTag, isKnown } from "./cache.ts";
import { bodyRefusals, cachedAnswer, pictures, refusals } from "./descriptions.ts";
import { preferredType } from "./negotiation.ts";
import { bodyReader, queryReader } from "./parameters.ts";
import { answerWith, checkSize, needsPictures, SAMPLE_TYPES, type SampleType, usualScale } from "./sample_answer.ts";
import { ANY_MODEL, drawKinds, sampleBodyKinds, sampleKinds } from "./sample_kinds.ts";
import { readersFor, requestOf, type SampleValues } from "./sample_query.ts";

/** Header that holds the seed of an answer, so that a fresh one can be asked for again. */
export const SEED_HEADER = "x-hmog-seed";

/** Media types by the ending of the path; without one the client chooses. */
const ENDINGS: Readonly<Record<string, SampleType>> = {
  ".png": "image/png",
  ".json": "application/json",
  ".npy": "application/x-npy",
};

/** `GET` and `POST` `/sample`, `/sample.png`, `/sample.json`, `/sample.npy`; `GET /activations`. */
export function sampleRoutes(registry: Registry): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  for (const ending of ["", ...Object.keys(ENDINGS)]) {
    const path = `/sample${ending}`;
    const types = ending === "" ? SAMPLE_TYPES : [ENDINGS[ending]];
    describe(app, path, types);
    app.get(path, sampleHandler(registry, types));
    app.post(path, givenHandler(registry, types));
  }
  app.openAPIRegistry.registerPath(createRoute({
    method: "get",
    path: "/activations",
    summary: "Gates, path weights and paths of samples, without pictures",
    request: { query: queryReader(drawKinds(ANY_MODEL)).schema },
    responses: { ...cachedAnswer("Paths", pictures(["application/json"])), ...refusals },
  }));
  app.get("/activations", activationsHandler(registry));
  return app;
}

function describe(app: OpenAPIHono<Env>, path: string, types: readonly SampleType[]): void {
  const answers = cachedAnswer("Samples; the seed is in x-hmog-seed", pictures(types));
  app.openAPIRegistry.registerPath(createRoute({
    method: "get",
    path,
    summary: "Samples of the model, of a leaf or of a node",
    request: { query: queryReader(sampleKinds(ANY_MODEL)).schema },
    responses: { ...answers, ...refusals },
  }));
  const schema = bodyReader(sampleBodyKinds(ANY_MODEL)).schema;
  app.openAPIRegistry.registerPath(createRoute({
    method: "post",
    path,
    summary: "The same with parameters as JSON, among them explicit latents",
    request: { body: { required: true, content: { "application/json": { schema } } } },
    responses: { 200: { description: "Samples; never kept", content: pictures(types) }, ...refusals, ...bodyRefusals },
  }));
}

function sampleHandler(registry: Registry, types: readonly SampleType[]): Handler<Env> {
  return (c) => {
    const query = queryOf(c);
    return registry.use(query.get("run") ?? undefined, async (model) => {
      const values = readersFor(model.sampler).sample.read(query, "sample");
      return await answer(c, model, values, types);
    });
  };
}

function givenHandler(registry: Registry, types: readonly SampleType[]): Handler<Env> {
  return async (c) => {
    queryReader({}).read(queryOf(c), "sample");
    const body = await jsonOf(c);
    const run = (body as { run?: unknown } | null)?.run;
    return await registry.use(typeof run === "string" ? run : undefined, async (model) => {
      const values = readersFor(model.sampler).body.read(body, "sample");
      return await answer(c, model, values, types);
    });
  };
}

function activationsHandler(registry: Registry): Handler<Env> {
  return (c) => {
    const query = queryOf(c);
    return registry.use(query.get("run") ?? undefined, async (model) => {
      const values = readersFor(model.sampler).activations.read(query, "sample");
      return await answer(c, model, { ...values, columns: undefined, scale: undefined, images: "none" }, [
        "application/json",
      ]);
    });
  };
}

/** Samples in the format that the client likes best, or 304 before anything is drawn. */
async function answer(c: Context<Env>, model: Model, values: SampleValues, types: readonly SampleType[]) {
  const type = preferredType(c, types) as SampleType;
  const sampler = await samplerOf(model, values);
  const { options } = sampler;
  const request = requestOf(values, sampler);
  const scale = values.scale ?? usualScale(options.image);
  const { images, columns, latents } = values;
  const seed = values.seed ?? (request.latents && 0); // no seed is drawn where latents are given
  const shown = { images, columns, scale, latents: latents === true };
  if (needsPictures(type, values)) checkSize(request.n, options, scale);
  const headers: Record<string, string> = types.length > 1 ? { vary: "accept" } : {};
  headers["cache-control"] = c.req.method === "POST" ? "no-store" : cacheControl(values);
  if (seed !== undefined && c.req.method !== "POST") {
    headers.etag = entityTag(sampler, [type, seed, request, shown]);
    if (isKnown(c, headers.etag)) return c.body(null, 304, headers);
  }
  const pictures = needsPictures(type, values);
  const drawn = await draw(sampler, { ...request, seed: seed ?? freshSeed(), pictures, signal: c.var.signal });
  const { type: contentType, body } = answerWith(type, drawn, shown, model);
  headers["content-type"] = contentType;
  headers[SEED_HEADER] = String(drawn.seed);
  return c.body(body, 200, headers);
}

/**
 * The sampler of the weights and the checkpoint that are asked for.
 *
 * @throws {RequestError} 409 where another checkpoint is loaded
 */
export async function samplerOf(
  model: Model,
  { iteration, weights }: { iteration?: number; weights: "ema" | "live" },
): Promise<Sampler> {
  if (iteration !== undefined && iteration !== model.iteration) {
    const message = `Cannot use iteration ${iteration}: ${model.run} is loaded at iteration ${model.iteration}, ` +
      `expected iteration=${model.iteration} or none`;
    throw new RequestError(409, "other_iteration", message, "iteration");
  }
  return weights === "live" ? await model.live() : model.sampler;
}

/**
 * Draws samples, if the queue has room for them.
 *
 * @throws {RequestError} 422 where next to nothing of the latent space belongs to the leaf or node; 503 where the queue is full
 */
export async function draw(sampler: Sampler, request: SampleRequest): Promise<Samples> {
  admit(sampler, request.n);
  try {
    return await sampler.sample(request);
  } catch (error) {
    if (!(error instanceof RareRegionError)) throw error;
    const place = request.leaf === undefined ? "node" : "leaf";
    throw new RequestError(422, `rare_${place}`, error.message, place);
  }
}

/** The query of a request. */
export function queryOf(c: Context): URLSearchParams {
  const { url } = c.req;
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start + 1).split("#", 1)[0]);
}

/** What the JSON body of a request says. */
async function jsonOf(c: Context): Promise<unknown> {
  const type = c.req.header("content-type");
  if (!/^application\/json\s*(;|$)/i.test(type ?? "")) {
    const found = type === undefined ? "none" : JSON.stringify(type.slice(0, 64));
    const message = `Cannot read the body: its content-type is ${found}, expected application/json`;
    throw new RequestError(415, "unsupported_type", message, "content-type");
  }
  const text = await c.req.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, "invalid_json", "Cannot read the body: it is no JSON text, expected an object");
  }
}

/** A seed from 0 to 2³² - 1 that nobody chose. */
function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}
