/** `POST /assign`: a picture finds its leaf. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { isPoint } from "../../core/models/presets.ts";
import type { Picture } from "../../core/png.ts";
import { imageGrid } from "../../core/sampling/grid.ts";
import type { Sampler } from "../../core/sampling/sampler.ts";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";
import { pngOf } from "../formats/png.ts";
import { type FoundPath, type NearSample, PathFinders } from "../path_finder.ts";
import { postedPicture } from "../posted_picture.ts";
import type { Model, Registry } from "../registry.ts";
import { binarySchema, refusals, sampleSchema } from "./descriptions.ts";
import { bodyReader, queryReader, text } from "./parameters.ts";
import { runKinds } from "./sample_kinds.ts";

const NEAREST = 8; // generated pictures in an answer
const PICTURE_TYPES = ["image/png", "image/jpeg"];
const DATA_URL = /^data:image\/(png|jpeg);base64,/;

const RUN = { run: runKinds().run };
const QUERY = queryReader(RUN);
const BODY = bodyReader({
  image: text({ description: "A PNG or JPEG file in base64; a data URL is fine, too" }),
  ...RUN,
});

const numbers = z.array(z.number());
const answerSchema = z.object({
  run: z.string(),
  iteration: z.int().openapi({ description: "Of the checkpoint" }),
  method: z.enum(["recogniser", "inversion"]).openapi({
    description: "By the recogniser that `assign` trained for this checkpoint, else by latent inversion",
  }),
  leaf: z.int().openapi({ description: "The most likely leaf" }),
  certainty: z.number().openapi({ description: "Its path weight" }),
  weights: numbers.openapi({ description: "Path weight of every leaf; they sum to 1" }),
  gates: numbers.openapi({ description: "Part that goes left at every decision node; of a flat mixture its weights" }),
  path: z.array(z.int()).openapi({ description: "Nodes from the root to the most likely leaf" }),
  image: z.string().openapi({ description: "The picture as the model sees it, PNG in base64" }),
  latent: numbers.nullable().openapi({ description: "Of an inversion: for POST /sample" }),
  distance: z.number().nullable().openapi({
    description: "Of an inversion: root mean square difference of the picture made from the latent, 0 to 2",
  }),
  samples: z.array(
    sampleSchema.extend({
      image: z.string().openapi({ description: "PNG in base64" }),
      distance: z.number().openapi({ description: "Root mean square difference of the pixels, 0 to 2" }),
    }),
  ).openapi({ description: "The nearest of 512 generated pictures, nearest first" }),
}).openapi("Assignment");

/** `POST /assign`: a picture as `image/png`, `image/jpeg`, or inside JSON. */
export function assignRoutes(registry: Registry): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  const finders = new PathFinders(registry.report);
  describe(app);
  app.post("/assign", async (c) => {
    const { bytes, run } = await pictureIn(c);
    return await registry.use(run, (model) =>
      finders.use(model, async (finder) => {
        const { options } = model.sampler;
        if (isPoint(options.image)) {
          const message =
            `Cannot assign a picture to ${model.run}: it makes points, expected a run that makes pictures`;
          throw new RequestError(422, "no_pictures", message);
        }
        const dataset = model.options.dataset;
        const image = await postedPicture(bytes, {
          image: options.image,
          dataset: typeof dataset === "string" ? dataset : undefined,
        });
        const found = await finder.find(image, c.var.signal);
        const near = await finder.nearest(image, NEAREST);
        return c.json(answerOf(model, { image, found, near }), 200, { "cache-control": "no-store" });
      }));
  });
  return app;
}

function describe(app: OpenAPIHono<Env>): void {
  const file = { schema: binarySchema };
  app.openAPIRegistry.registerPath(createRoute({
    method: "post",
    path: "/assign",
    summary: "The path of a picture in the tree, and the generated pictures nearest to it",
    request: {
      query: QUERY.schema,
      body: {
        required: true,
        content: { "image/png": file, "image/jpeg": file, "application/json": { schema: BODY.schema } },
      },
    },
    responses: {
      200: { description: "Where it belongs", content: { "application/json": { schema: answerSchema } } },
      ...refusals,
    },
  }));
}

/** The bytes of the file, and the run that is asked for. */
async function pictureIn(c: Context<Env>): Promise<{ bytes: Uint8Array; run?: string }> {
  const query = QUERY.read(new URL(c.req.url).searchParams, "assign a picture");
  const type = c.req.header("content-type")?.split(";")[0].trim().toLowerCase() ?? "";
  if (PICTURE_TYPES.includes(type)) return { bytes: new Uint8Array(await c.req.arrayBuffer()), run: query.run };
  if (type !== "application/json") {
    const found = type === "" ? "none" : JSON.stringify(type.slice(0, 64));
    const message = `Cannot read the body: its content-type is ${found}, expected ${PICTURE_TYPES.join(", ")} or ` +
      "application/json";
    throw new RequestError(415, "unsupported_type", message, "content-type");
  }
  const body = BODY.read(jsonOf(await c.req.text()), "assign a picture");
  return { bytes: bytesOf(body.image), run: body.run ?? query.run };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, "invalid_json", "Cannot read the body: it is no JSON text, expected an object");
  }
}

function bytesOf(image: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(image.replace(DATA_URL, ""));
  } catch {
    throw new RequestError(400, "invalid_picture", "Cannot assign the picture: it is no base64 text", "image");
  }
}

function answerOf(
  { run, iteration, sampler }: Model,
  { image, found, near }: { image: Float32Array; found: FoundPath; near: readonly NearSample[] },
): z.infer<typeof answerSchema> {
  const weights = Array.from(found.weights, rounded);
  const leaf = weights.indexOf(Math.max(...weights));
  const png = (pixels: Float32Array) => pngOf(pictureOf(pixels, sampler)).toBase64();
  return {
    run,
    iteration,
    method: found.method,
    leaf,
    certainty: weights[leaf],
    weights,
    gates: gatesOf(found.weights, sampler).map(rounded),
    path: sampler.structure.pathTo(leaf),
    image: png(image),
    latent: found.latent && Array.from(found.latent),
    distance: found.distance && rounded(found.distance),
    samples: near.map(({ sample, image, distance }) => ({
      ...sample,
      image: png(image),
      distance: rounded(distance),
    })),
  };
}

/** Parts that go left, `p(left) / p(node)`; half where nothing arrives. A mixture that decides nothing has its weights. */
function gatesOf(weights: Float32Array, { structure }: Sampler): number[] {
  if (structure.decisions === 0) return Array.from(weights);
  const weightOf = (node: number) => structure.region(node).reduce((sum, inside, l) => sum + inside * weights[l], 0);
  return Array.from({ length: structure.decisions }, (_, node) => {
    const [left, right] = structure.children(node).map(weightOf);
    return left + right > 0 ? left / (left + right) : 0.5;
  });
}

function pictureOf(pixels: Float32Array, { options: { image } }: Sampler): Picture {
  return imageGrid(pixels, { shape: [1, ...image], padding: 0 });
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
