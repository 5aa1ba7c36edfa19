import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { type InversionOptions, LatentInverter } from "../../core/recognition/inversion.ts";
import { drawPool, nearestOfLeaves, nearestPictures, spreadOf } from "../../core/recognition/picture_pool.ts";
import type { Sampler } from "../../core/sampling/sampler.ts";
import { ShapeError } from "../../core/shape.ts";
import { withSampler } from "../sampling/tiny_run.ts";
import { vivid } from "./untrained.ts";

const withVivid = (test: (sampler: Sampler) => Promise<void>) => withSampler({ change: vivid }, test);

/** Root mean square of what is left of a picture whose pixels differ by `spread`: its latent was found. */
const LEFT = 0.02;
/** Path weights move by less than this along with what is left of the latent. */
const PATH = 0.02;

Deno.test("LatentInverter.invert() recovers the latents of generated pictures", () =>
  withVivid(async (sampler) => {
    const pool = await drawPool(sampler, { n: 64 });
    const { images, samples } = await sampler.sample({ n: 10, seed: 77 });
    const inverter = await LatentInverter.create(sampler.passes, pool, { pictures: 8, steps: 200, prior: 0 });
    try {
      const done: number[] = [];
      const found = await inverter.invert(images, { onProgress: (n) => done.push(n) });
      assertEquals([done, found.latents.length, found.weights.length], [[8, 10], 10 * 8, 10 * 4]);
      const spread = Math.sqrt(images.reduce((sum, pixel) => sum + pixel * pixel, 0) / images.length);
      const nearest = (row: number) => nearestPictures(pool, images.subarray(row * 1024, (row + 1) * 1024), 1)[0];
      found.distances.forEach((distance, row) => {
        assertLess(distance, LEFT * spread);
        assertLess(distance, nearest(row).distance / 4);
        samples[row].weights.forEach((weight, leaf) => assertAlmostEquals(found.weights[4 * row + leaf], weight, PATH));
      });
      const again = await sampler.sample({ n: 10, seed: 0, latents: found.latents });
      const off = images.map((pixel, i) => (pixel - again.images[i]) ** 2).reduce((a, b) => a + b) / images.length;
      assertLess(Math.sqrt(off), LEFT * spread);
    } finally {
      inverter.destroy();
    }
  }));

Deno.test("LatentInverter.invert() finds the same whatever is beside a picture, and stops when told to", () =>
  withVivid(async (sampler) => {
    const pool = await drawPool(sampler, { n: 64 });
    const { images } = await sampler.sample({ n: 3, seed: 77 });
    const inverter = await LatentInverter.create(sampler.passes, pool, { pictures: 4, steps: 20 });
    try {
      const together = await inverter.invert(images);
      const alone = await inverter.invert(images.subarray(1024, 2048));
      assertEquals(alone.latents, together.latents.slice(8, 16));
      await assertRejects(() => inverter.invert(images.subarray(1)), ShapeError, "expected a multiple of 1024");
      const stopped = AbortSignal.abort(new Error("enough"));
      await assertRejects(() => inverter.invert(images, { signal: stopped }), Error, "enough");
      const bad: [InversionOptions, string][] = [[{ starts: 0 }, "starts 0"], [{ prior: -1 }, "prior -1"]];
      for (const [options, message] of bad) {
        await assertRejects(() => LatentInverter.create(sampler.passes, pool, options), RangeError, message);
      }
    } finally {
      inverter.destroy();
    }
  }));

Deno.test("LatentInverter.invert() leaves alone what a choice among generators is drawn from", () =>
  withSampler({ change: vivid, options: { head: "disjoint" } }, async (sampler) => {
    const [latent, leaves] = [8, 4];
    const pool = await drawPool(sampler, { n: 32 });
    const { images } = await sampler.sample({ n: 2, seed: 77 });
    const inverter = await LatentInverter.create(sampler.passes, pool, { pictures: 2, steps: 20, prior: 50 });
    try {
      const { latents } = await inverter.invert(images);
      const chances = (of: Float32Array, count: number) =>
        Array.from({ length: count }, (_, row) => {
          const first = row * (latent + 2 * leaves);
          return of.slice(first + latent, first + latent + 2 * leaves).join();
        });
      const known = new Set(chances(pool.latents, 32));
      for (const chance of chances(latents, 2)) assert(known.has(chance), "those of a start");
    } finally {
      inverter.destroy();
    }
  }));

Deno.test("nearestOfLeaves() takes a picture of every leaf before a second one of any", () =>
  withVivid(async (sampler) => {
    const pool = await drawPool(sampler, { n: 32 });
    const image = pool.images.subarray(5 * 1024, 6 * 1024);
    const present = new Set(pool.samples.map(({ leaf }) => leaf)).size;
    const near = nearestOfLeaves(pool, image, 32);
    assertEquals([near[0], new Set(near).size], [5, 32]);
    assertEquals(new Set(near.slice(0, present).map((index) => pool.samples[index].leaf)).size, present);
    const [first, second] = nearestPictures(pool, image, 2);
    assertEquals([first.index, first.distance], [5, 0]);
    assert(second.distance > 0);
    assertEquals(nearestOfLeaves(pool, image, 40).length, 40);
    // Twice the mean square distance from the mean is that of pairs.
    const distances = Array.from(
      { length: 32 },
      (_, i) => nearestPictures(pool, pool.images.subarray(i * 1024, (i + 1) * 1024), 32),
    );
    const square = distances.flat().reduce((sum, { distance }) => sum + distance ** 2 * 1024, 0) / 32 ** 2;
    assertAlmostEquals(spreadOf(pool), square / 2, 1e-6 * square);
  }));
