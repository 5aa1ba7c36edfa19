import { assertEquals } from "@std/assert";
import { drawSamples } from "../../../core/evaluate/drawn.ts";
import { withSampler } from "../../reading/tiny_sampler.ts";

Deno.test("drawSamples() puts requests together that are as one", () =>
  withSampler({ options: { image: [16, 16, 1], body: [8] } }, async (sampler) => {
    for (const request of [{ n: 23, seed: 3 }, { n: 20, seed: 3, leaf: 1, mode: "forced" as const }]) {
      const { images, shape, samples } = await sampler.sample(request);
      assertEquals(await drawSamples(sampler, request, 10), { images, shape, samples });
    }
  }));
