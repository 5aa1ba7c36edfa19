/** `GET /health`: whether samples can be had, and of what. */

import type { Handler } from "hono";
import type { Sampler } from "../../core/sampling/sampler.ts";

/** The answer. */
export interface HealthBody {
  status: "ok";
  run: string;
  /** Of the checkpoint the weights are from. */
  iteration: number;
  head: string;
  leaves: number;
  latent: number;
  /** `[height, width, channels]` of a picture. */
  image: readonly number[];
  /** Name of the GPU, or of the software that stands in for one. */
  adapter: string;
}

/** Answers 200 with the model, 503 once the GPU is lost. */
export function healthRoute({ device, source, options, structure }: Sampler): Handler {
  return (c) => {
    device.check();
    return c.json(
      {
        status: "ok",
        run: source.run,
        iteration: source.iteration,
        head: options.head,
        leaves: structure.leaves,
        latent: options.latent,
        image: options.image,
        adapter: device.description,
      } satisfies HealthBody,
    );
  };
}
