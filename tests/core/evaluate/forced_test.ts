import { assert, assertEquals } from "@std/assert";
import { forcedSamples, shares } from "../../../core/evaluate/forced.ts";
import { sizeOf } from "../../../core/shape.ts";
import { withSampler } from "../../reading/tiny_sampler.ts";

Deno.test("forcedSamples() gives every leaf its share, in random order, each picture beside its own path", () =>
  withSampler({ options: { image: [16, 16, 1], body: [8] } }, async (sampler) => {
    const [n, seed] = [80, 3];
    const { images, shape, samples } = await forcedSamples(sampler, { n, seed });
    const counts = shares(await sampler.passes.usage(), n);
    assertEquals(counts.map((_, leaf) => samples.filter((sample) => sample.leaf === leaf).length), counts);
    assert(new Set(samples.slice(0, n / 10).map(({ leaf }) => leaf)).size > 1, "the first tenth is of one leaf");

    const size = sizeOf(shape.slice(1));
    const rowsOf = (pictures: Float32Array) =>
      Array.from({ length: pictures.length / size }, (_, i) => pictures.subarray(i * size, (i + 1) * size).join());
    const rows = rowsOf(images);
    for (const [leaf, count] of counts.entries()) {
      if (count === 0) continue;
      const alone = await sampler.sample({ n: count, seed: seed + leaf, leaf, mode: "forced" });
      const found = rows.filter((_, i) => samples[i].leaf === leaf);
      assertEquals(found.toSorted(), rowsOf(alone.images).toSorted());
    }
  }));

Deno.test("shares() are in proportion, sum to the whole, and give what is left to the largest remainders", () => {
  assertEquals(shares(Float32Array.of(0.5, 0.25, 0.25), 8), [4, 2, 2]);
  assertEquals(shares(Float32Array.of(1, 1, 1), 8), [3, 3, 2]);
  assertEquals(shares(Float32Array.of(0.7, 0, 0.3), 2), [1, 0, 1]);
  assertEquals(shares(Float32Array.of(3, 1), 1), [1, 0]);
});
