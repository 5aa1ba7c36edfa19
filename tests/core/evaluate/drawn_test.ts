import { assertEquals } from "@std/assert";
import { drawSamples } from "../../../core/evaluate/drawn.ts";
import { openSampler } from "../../../core/sampling/sampler.ts";
import { device } from "../../gpu.ts";
import { inFolder } from "../../in_folder.ts";
import { writeTinyRun } from "../../sampling/tiny_run.ts";

Deno.test("drawSamples() puts requests together that are as one", () =>
  inFolder(async (runs) => {
    const sampler = await openSampler(
      device,
      await writeTinyRun(device, runs, { options: { image: [16, 16, 1], body: [8] } }),
    );
    try {
      for (const request of [{ n: 23, seed: 3 }, { n: 20, seed: 3, leaf: 1, mode: "forced" as const }]) {
        const { images, shape, samples } = await sampler.sample(request);
        assertEquals(await drawSamples(sampler, request, 10), { images, shape, samples });
      }
    } finally {
      await sampler.close();
    }
  }));
