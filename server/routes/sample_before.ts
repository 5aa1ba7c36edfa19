/** `GET /sample`: a grid of pictures, or the path of every sample with the grid inside. */

import { accepts } from "@std/http";
import type { Handler } from "hono";
import { encodePng } from "../../core/png.ts";
import { samplePicture } from "../../core/sampling/sample_picture.ts";
import type { Sample, Sampler, Samples } from "../../core/sampling/sampler.ts";
import { RequestError } from "../errors.ts";
import { parseQuery, sampleQuery } from "./sample_before_query.ts";

/** The answer in JSON. */
export interface SampleBody {
  seed: number;
  samples: Sample[];
  /** The grid as a PNG file in base64. */
  image: string;
}

/** Header that holds the seed of an answer, so that a fresh one can be asked for again. */
export const SEED_HEADER = "x-hmog-seed";

const PNG = "image/png";
const JSON_TYPE = "application/json";

/** Answers with samples: PNG, or JSON where the caller prefers it. */
export function sampleRoute(sampler: Sampler): Handler {
  const schema = sampleQuery(sampler.structure.leaves);
  const names = Object.keys(schema.shape);
  return async (c) => {
    const query = parseQuery(schema, names, new URL(c.req.url).searchParams);
    const type = accepts(c.req.raw, PNG, JSON_TYPE);
    if (type === undefined) {
      const found = JSON.stringify(c.req.header("accept")?.slice(0, 64));
      throw new RequestError(
        406,
        "not_acceptable",
        `Cannot answer with ${found}: expected ${PNG} or ${JSON_TYPE}`,
        "accept",
      );
    }
    const drawn = await sampler.sample({ ...query, seed: query.seed ?? freshSeed() });
    const headers = {
      [SEED_HEADER]: String(drawn.seed),
      vary: "accept",
      ...(query.seed === undefined ? { "cache-control": "no-store" } : {}),
    };
    const leaves = drawn.samples.map(({ leaf }) => leaf);
    const image = await encodePng(samplePicture(drawn.images, { shape: drawn.shape, leaves }));
    return type === PNG
      ? c.body(image, 200, { ...headers, "content-type": PNG })
      : c.json(bodyOf(drawn, image), 200, headers);
  };
}

function bodyOf({ seed, samples }: Samples, image: Uint8Array): SampleBody {
  return { seed, samples, image: image.toBase64() };
}

/** A seed from 0 to 2³² - 1 that nobody chose. */
function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}
