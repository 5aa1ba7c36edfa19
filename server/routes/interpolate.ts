/** `/interpolate`: pictures on the way from one sample to another, as a strip, an animation or with their paths. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context, Handler } from "hono";
import { interpolateLatents } from "../../core/sampling/interpolation.ts";
import { MOST_FIRST } from "../../core/sampling/request.ts";
import type { Sampler, Samples } from "../../core/sampling/sampler.ts";
import type { Env } from "../env.ts";
import { apngOf } from "../formats/apng.ts";
import type { Model, Registry } from "../registry.ts";
import { cacheControl, entityTag, isKnown } from "./cache.ts";
import { binarySchema, cachedAnswer, interpolationSchema, refusals } from "./descriptions.ts";
import { preferredType } from "./negotiation.ts";
import { choice, flag, type Kind, kind, optional, queryReader, usually, type Values, whole } from "./parameters.ts";
import { draw, queryOf, samplerOf } from "./sample.ts";
import { checkSize, entriesOf, gridOf, pictureOf, type SampleEntry, type Shown, usualScale } from "./sample_answer.ts";
import { ANY_MODEL, type Extent, pictureKinds, placeKinds, runKinds } from "./sample_kinds.ts";
import { checkPlace, perExtent } from "./sample_query.ts";

/** A sample by its seed and its number there. */
export interface End {
  seed: number;
  index: number;
}

/** An interpolation in JSON. */
export interface InterpolationBody {
  run: string;
  iteration: number;
  from: End;
  to: End;
  shape: Samples["shape"];
  /** `position` goes from 0, the first sample, to 1, the last. */
  samples: ({ position: number } & Omit<SampleEntry, "seed" | "index">)[];
  /** The strip as a PNG file in base64. */
  image?: string;
}

const MOST_STEPS = 64;
const USUAL_STEPS = 8;
const TYPES = { png: "image/png", apng: "image/apng", json: "application/json" } as const;
type Format = keyof typeof TYPES;

/** `GET` `/interpolate`, `/interpolate.png`, `/interpolate.apng`, `/interpolate.json`. */
export function interpolateRoutes(registry: Registry): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  for (const format of [undefined, "png", "apng", "json"] as const) {
    const path = format === undefined ? "/interpolate" : `/interpolate.${format}`;
    const schemas = { png: binarySchema, apng: binarySchema, json: interpolationSchema };
    const formats = format === undefined ? Object.keys(TYPES) as Format[] : [format];
    const content = Object.fromEntries(formats.map((format) => [TYPES[format], { schema: schemas[format] }]));
    app.openAPIRegistry.registerPath(createRoute({
      method: "get",
      path,
      summary: "Pictures on the way from one sample to another",
      request: { query: queryReader(kindsFor(ANY_MODEL, format)).schema },
      responses: { ...cachedAnswer("A strip, an animation, or paths", content), ...refusals },
    }));
    app.get(path, handler(registry, format));
  }
  return app;
}

function handler(registry: Registry, ending: Format | undefined): Handler<Env> {
  const readerFor = perExtent((extent) => queryReader(kindsFor(extent, ending)));
  return (c) => {
    const query = queryOf(c);
    return registry.use(query.get("run") ?? undefined, async (model) => {
      const { format, ...values } = readerFor(model.sampler).read(query, "interpolate");
      const types = ending ?? format;
      return await answer(c, model, values, types === undefined ? Object.values(TYPES) : [TYPES[types]]);
    });
  };
}

async function answer(c: Context<Env>, model: Model, values: InterpolateValues, types: readonly string[]) {
  const type = preferredType(c, types);
  const sampler = await samplerOf(model, values);
  const { from, to, steps, images } = values;
  checkPlace(values, sampler.structure);
  const scale = values.scale ?? usualScale(sampler.options.image);
  const shown: Shown = { images, latents: values.latents, columns: steps, scale };
  const pictures = type !== TYPES.json || images !== "none";
  if (pictures) checkSize(steps, sampler.options, scale);
  const headers: Record<string, string> = {
    ...types.length > 1 ? { vary: "accept" } : {},
    "cache-control": cacheControl({ ...values, seed: from.seed }),
    etag: entityTag(sampler, [type, { ...values, run: undefined, iteration: undefined, scale }]),
  };
  if (isKnown(c, headers.etag)) return c.body(null, 304, headers);
  const drawn = await between(sampler, values, { pictures, signal: c.var.signal });
  headers["content-type"] = type;
  if (type === TYPES.json) return c.body(JSON.stringify(bodyOf(drawn, { from, to, shown, model })), 200, headers);
  return c.body(type === TYPES.png ? gridOf(drawn, shown) : animationOf(drawn, scale), 200, headers);
}

/** The samples from one end to the other. */
async function between(
  sampler: Sampler,
  { from, to, steps, leaf, node, mode, temperature, truncation, force: decisions }: InterpolateValues,
  { pictures, signal }: { pictures: boolean; signal: AbortSignal },
): Promise<Samples> {
  const how = { temperature, decisions, signal };
  const ends = await Promise.all(
    [from, to].map(({ seed, index }) =>
      draw(sampler, { n: 1, seed, first: index, leaf, node, mode, truncation, pictures: false, ...how })
    ),
  );
  const latents = interpolateLatents(ends[0].latents, ends[1].latents, steps);
  const forced = mode === "forced" ? { leaf, node, mode } : {};
  return await draw(sampler, { n: steps, seed: from.seed, latents, ...forced, pictures, ...how });
}

function bodyOf(
  drawn: Samples,
  { from, to, shown, model: { run, iteration } }: { from: End; to: End; shown: Shown; model: Model },
): InterpolationBody {
  const samples = entriesOf(drawn, shown).map(({ seed: _seed, index, ...entry }) => ({
    position: index / (drawn.shape[0] - 1),
    ...entry,
  }));
  const image = shown.images === "grid" ? { image: gridOf(drawn, shown).toBase64() } : {};
  return { run, iteration, from, to, shape: drawn.shape, samples, ...image };
}

function animationOf(drawn: Samples, scale: number): Uint8Array<ArrayBuffer> {
  return apngOf(drawn.samples.map((_, i) => pictureOf(drawn, i, scale)));
}

type InterpolateValues = Omit<Values<ReturnType<typeof kindsFor>>, "format">;

/** The parameters; `format` only where the path does not say it. */
function kindsFor(extent: Extent, ending: Format | undefined) {
  const { scale, images } = pictureKinds();
  const format = optional(
    choice(["png", "apng", "json"], { description: "A strip, an animation or JSON; without it as the client accepts" }),
  );
  return {
    from: endKind("Where it begins"),
    to: endKind("Where it ends"),
    steps: usually(whole(2, MOST_STEPS, { description: "Pictures, both ends included" }), USUAL_STEPS),
    ...placeKinds(extent),
    latents: usually(flag({ description: "Whether JSON includes the latent of every picture" }), false),
    scale,
    images,
    ...runKinds(),
    ...(ending === undefined ? { format } : {}) as { format: typeof format },
  };
}

/** `SEED` or `SEED:INDEX`. */
function endKind(description: string): Kind<End> {
  const error = `a seed, or seed:index with an index up to ${MOST_FIRST}, such as 7 or 7:12`;
  const value = z.string({ error }).regex(/^\d{1,16}(:\d{1,10})?$/, { error })
    .transform((text) => {
      const [seed, index = 0] = text.split(":").map(Number);
      return { seed, index };
    })
    .refine(({ seed, index }) => seed <= Number.MAX_SAFE_INTEGER && index <= MOST_FIRST, { error });
  const about = { type: "string", pattern: "^\\d{1,16}(:\\d{1,10})?$", description, example: "7:12" } as const;
  return kind<End>(value, value as unknown as z.ZodType<End>, about);
}
