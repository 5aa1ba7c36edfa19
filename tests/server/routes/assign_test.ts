import { assert, assertAlmostEquals, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { decode } from "fast-png";
import { PRESETS } from "../../../core/models/presets.ts";
import { encodePng } from "../../../core/png.ts";
import { writeRecogniser } from "../../../core/recognition/recogniser_file.ts";
import { imageGrid } from "../../../core/sampling/grid.ts";
import type { Registry } from "../../../server/registry.ts";
import { assignRoutes } from "../../../server/routes/assign.ts";
import { untrainedRecogniser, vivid } from "../../recognition/untrained.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { refusalOf, type Served, withServed } from "./served.ts";

const SUM = 1e-5; // eight weights are rounded to six decimals
const BYTE = 1 / 127.5; // pixels are sent as bytes

/** Picture 3 of the pool that nearest pictures are looked for in. */
const KNOWN = 3;

async function knownPicture(registry: Registry, first = KNOWN): Promise<Uint8Array<ArrayBuffer>> {
  const { images, shape } = await registry.use(
    undefined,
    ({ sampler }) => sampler.sample({ n: 1, seed: 0, first }),
  );
  return await encodePng(imageGrid(images, { shape, padding: 0 }));
}

const png = (body: Uint8Array<ArrayBuffer>): RequestInit => ({
  method: "POST",
  body,
  headers: { "content-type": "image/png" },
});

async function writeUntrained(registry: Registry, iteration: number, change = {}): Promise<void> {
  await registry.use(undefined, async ({ folder, sampler: { device, options: model, source: { run } } }) => {
    const recogniser = await untrainedRecogniser(device, { run, iteration, model });
    await writeRecogniser(`${folder}/recogniser.safetensors`, { ...recogniser, ...change });
  });
}

const withAssign = (test: (served: Served) => Promise<void>, failures: readonly string[] = []) =>
  withServed(assignRoutes, test, { change: vivid, failures });

Deno.test("POST /assign finds the latent of a generated picture, its path and the picture itself among the nearest", () =>
  withAssign(async ({ registry, get, post }) => {
    const file = await knownPicture(registry);
    const response = await get("/assign", png(file));
    assertEquals([response.status, response.headers.get("cache-control")], [200, "no-store"]);
    const answer = await response.json();
    const { run, iteration, method, leaf, certainty, weights, gates, path, latent, distance, samples } = answer;
    assertEquals([run, iteration, method], [TINY_RUN, 500, "inversion"]);
    assertEquals([weights.length, gates.length, latent.length, samples.length], [4, 3, 8, 8]);
    assertAlmostEquals(weights.reduce((a: number, b: number) => a + b), 1, SUM);
    assertEquals([weights[leaf], path], [certainty, [0, 1 + Math.floor(leaf / 2), 3 + leaf]]);
    assertAlmostEquals(gates[0] * gates[1], weights[0], SUM);
    assertEquals([samples[0].seed, samples[0].index], [0, KNOWN]);
    assertLess(samples[0].distance, BYTE);
    const latents = Float32Array.from(latent as number[]);
    const made = await registry.use(undefined, ({ sampler }) => sampler.sample({ n: 1, seed: 0, latents }));
    const pixels = new Float32Array(decode(file).data).map((byte) => byte / 127.5 - 1);
    const off = Math.sqrt(pixels.reduce((sum, pixel, i) => sum + (pixel - made.images[i]) ** 2, 0) / pixels.length);
    assertAlmostEquals(distance, off, SUM);
    assertEquals(made.samples[0].leaf, leaf);
    assert(
      samples.every(({ distance }: { distance: number }, i: number) => i === 0 || distance >= samples[i - 1].distance),
    );
    assertEquals(decode(Uint8Array.fromBase64(answer.image)).data, decode(file).data);

    const image = file.toBase64();
    const [alone, other, named] = await Promise.all([
      post("/assign", { image }),
      get("/assign", png(await knownPicture(registry, KNOWN + 1))),
      post("/assign", { image: `data:image/png;base64,${image}`, run: TINY_RUN }),
    ]);
    for (const again of [await alone.json(), await named.json()]) {
      assertEquals([again.samples, again.weights, again.latent], [samples, weights, latent]);
    }
    assertEquals((await other.json()).samples[0].index, KNOWN + 1);
  }));

Deno.test("POST /assign goes by the recogniser of the same checkpoint as soon as there is one", () =>
  withAssign(async ({ registry, get }) => {
    const file = await knownPicture(registry);
    const ask = async () => await (await get("/assign", png(file))).json();
    await writeUntrained(registry, 400);
    const before = await ask();
    assertEquals(before.method, "inversion");
    await new Promise((wait) => setTimeout(wait, 20)); // so that the file is younger
    await writeUntrained(registry, 500);
    const { method, weights, latent, distance, samples } = await ask();
    assertEquals([method, latent, distance], ["recogniser", null, null]);
    assertAlmostEquals(weights.reduce((a: number, b: number) => a + b), 1, SUM);
    assertNotEquals(weights, before.weights);
    assertEquals(samples, before.samples);
  }));

Deno.test("POST /assign does without a recogniser that cannot be used, and reports it once", () =>
  withAssign(async ({ registry, get }) => {
    const file = await knownPicture(registry);
    await writeUntrained(registry, 500, { weights: {} });
    for (let time = 0; time < 2; time++) {
      const answer = await get("/assign", png(file));
      assertEquals([answer.status, (await answer.json()).method], [200, "inversion"]);
    }
  }, ["recogniser.safetensors: found nothing as "]));

Deno.test("POST /assign refuses what is no picture with 400, another type with 415", () =>
  withAssign(async ({ registry, get, post }) => {
    const file = await knownPicture(registry);
    const small = await encodePng({ width: 16, height: 16, channels: 1, data: new Uint8Array(256) });
    const gif = new TextEncoder().encode("GIF89a");
    const cases: [path: string, init: RequestInit, status: number, code: string, part: string][] = [
      ["/assign", png(gif), 400, "invalid_picture", "is a GIF image"],
      ["/assign", png(new Uint8Array(0)), 400, "invalid_picture", "expected"],
      ["/assign", png(file.slice(0, 100)), 400, "invalid_picture", "expected"],
      ["/assign", png(small), 400, "invalid_picture", "is 16x16 pixels, expected at least 32x32"],
      [
        "/assign",
        { ...png(file), headers: { "content-type": "text/plain" } },
        415,
        "unsupported_type",
        "text/plain",
      ],
      [
        "/assign",
        { method: "POST" },
        415,
        "unsupported_type",
        "expected image/png, image/jpeg or application/json",
      ],
      ["/assign?n=3", png(file), 400, "unknown_parameter", "n"],
      ["/assign?run=other", png(file), 404, "unknown_run", TINY_RUN],
    ];
    for (const [path, init, status, code, part] of cases) {
      const found = await refusalOf(await get(path, init));
      assertEquals([found.status, found.code], [status, code], found.message);
      assert(found.message.includes(part), found.message);
    }
    const bodies: [body: unknown, code: string][] = [
      ["{", "invalid_json"],
      [[], "invalid_json"],
      [{}, "invalid_parameter"],
      [{ image: 5 }, "invalid_parameter"],
      [{ image: "%%" }, "invalid_picture"],
      [{ image: "aGVsbG8=" }, "invalid_picture"],
      [{ image: "", size: 3 }, "unknown_parameter"],
    ];
    for (const [body, code] of bodies) {
      const found = await refusalOf(await post("/assign", body));
      assertEquals([found.status, found.code], [400, code], found.message);
    }
  }));

Deno.test("POST /assign refuses pictures where the model makes points", () =>
  withServed(assignRoutes, async ({ get }) => {
    const found = await refusalOf(await get("/assign", png(new Uint8Array(4))));
    assertEquals([found.status, found.code], [422, "no_pictures"]);
  }, { options: PRESETS.toy, run: { dataset: "ring8" } }));
