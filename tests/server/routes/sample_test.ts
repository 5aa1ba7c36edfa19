import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { PRESETS } from "../../../core/models/presets.ts";
import { sampleRoutes } from "../../../server/routes/sample.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { type Served, type ServedOptions, withServed } from "./served.ts";

const withSamples = (test: (served: Served) => Promise<void>, options?: ServedOptions) =>
  withServed(sampleRoutes, test, options);

const PIXELS = 32; // of a side of a picture of `tiny`

Deno.test("GET /sample answers with a grid as PNG and echoes the seed", () =>
  withSamples(async ({ get }) => {
    const response = await get("/sample?n=4&seed=0");
    assertEquals(response.status, 200);
    assertEquals([response.headers.get("content-type"), response.headers.get("x-hmog-seed")], ["image/png", "0"]);
    const { width, height, channels } = decode(await response.bytes());
    assertEquals([width, height, channels], [2 * 66 + 2, 2 * 66 + 2, 1]);
  }));

Deno.test("GET /sample takes columns and scale", () =>
  withSamples(async ({ get }) => {
    const size = async (query: string) => {
      const { width, height } = decode(await (await get(`/sample?seed=1&${query}`)).bytes());
      return [width, height];
    };
    assertEquals(await size("n=6&columns=3&scale=1"), [3 * 34 + 2, 2 * 34 + 2]);
    assertEquals(await size("n=2&columns=256&scale=3"), [2 * 98 + 2, 98 + 2]);
  }));

Deno.test("GET /sample.json names run, iteration and shape, and the path of every sample", () =>
  withSamples(async ({ json }) => {
    const { samples, ...rest } = await json("/sample.json?n=3&seed=5&leaf=2&first=7");
    assertEquals(rest, { run: TINY_RUN, iteration: 500, seed: 5, shape: [3, PIXELS, PIXELS, 1] });
    assertEquals(samples.length, 3);
    for (const [i, sample] of samples.entries()) {
      assertEquals(Object.keys(sample).sort(), ["gates", "index", "leaf", "path", "seed", "weights"]);
      const { seed, index, leaf, weights, gates, path } = sample;
      assertEquals([seed, index], [5, 7 + i]);
      assertEquals([weights.length, gates.length, path.length, path.at(-1)], [4, 3, 3, 3 + leaf]);
    }
  }));

Deno.test("GET /sample has the same pictures in every format", () =>
  withSamples(async ({ get, json }) => {
    const query = "n=3&seed=5&scale=1";
    const grid = await (await get(`/sample?${query}`)).bytes();
    assertEquals(Uint8Array.fromBase64((await json(`/sample.json?${query}&images=grid`)).image), grid);
    const { samples } = await json(`/sample.json?${query}&images=each`);
    const npy = await (await get(`/sample.npy?${query}`)).bytes();
    const values = new Float32Array(npy.slice(npy.length - 4 * 3 * PIXELS ** 2).buffer);
    const bytes = Uint8Array.from(values, (x) => Math.round(127.5 * (Math.min(Math.max(x, -1), 1) + 1)));
    const { data, width } = decode(grid);
    for (const [i, sample] of samples.entries()) {
      const picture = decode(Uint8Array.fromBase64(sample.image));
      assertEquals([picture.width, picture.height], [PIXELS, PIXELS]);
      assertEquals(new Uint8Array(picture.data), bytes.slice(i * PIXELS ** 2, (i + 1) * PIXELS ** 2));
      const [left, top] = [2 + (i % 2) * (PIXELS + 2), 2 + Math.floor(i / 2) * (PIXELS + 2)];
      for (let y = 0; y < PIXELS; y++) {
        const row = data.slice((top + y) * width + left, (top + y) * width + left + PIXELS);
        assertEquals(new Uint8Array(row), picture.data.slice(y * PIXELS, (y + 1) * PIXELS) as Uint8Array);
      }
    }
  }));

Deno.test("GET /sample answers in the type that the client likes best", () =>
  withSamples(async ({ get, refusal }) => {
    const typeFor = async (accept: string) => {
      const response = await get("/sample?n=1&seed=1", { headers: { accept } });
      await response.body?.cancel();
      assertEquals([response.status, response.headers.get("vary")], [200, "accept"]);
      return response.headers.get("content-type")?.split(";")[0];
    };
    assertEquals(await typeFor("*/*"), "image/png");
    assertEquals(await typeFor("image/png;q=0.5, application/json"), "application/json");
    assertEquals(await typeFor("application/octet-stream"), "application/octet-stream");
    assertEquals(await typeFor("application/x-npy"), "application/x-npy");
    assertEquals(await typeFor("multipart/form-data"), "multipart/form-data");
    const { status, code, parameter } = await refusal("/sample?n=1", { headers: { accept: "text/csv" } });
    assertEquals([status, code, parameter], [406, "not_acceptable", "accept"]);
    const ended = await get("/sample.png?n=1", { headers: { accept: "application/json" } });
    assertEquals([ended.headers.get("content-type"), ended.headers.get("vary")], ["image/png", null]);
    await ended.body?.cancel();
  }));

Deno.test("GET /sample answers with paths and grid at once as multipart/form-data", () =>
  withSamples(async ({ get, json }) => {
    const form = await (await get("/sample?n=2&seed=3", { headers: { accept: "multipart/form-data" } })).formData();
    assertEquals([...form.keys()], ["samples", "image"]);
    assertEquals(JSON.parse(form.get("samples") as string), await json("/sample.json?n=2&seed=3"));
    assertEquals(await (form.get("image") as File).bytes(), await (await get("/sample.png?n=2&seed=3")).bytes());
  }));

Deno.test("GET /sample gives the same bytes for the same seed, and a fresh seed where none is given", () =>
  withSamples(async ({ get }) => {
    const bytes = async (path: string) => await (await get(path)).bytes();
    assertEquals(await bytes("/sample?n=2&seed=7"), await bytes("/sample?seed=7&n=2"));
    assertNotEquals(await bytes("/sample?n=2&seed=7"), await bytes("/sample?n=2&seed=8"));
    const [first, second] = [await get("/sample?n=1"), await get("/sample?n=1")];
    const seed = first.headers.get("x-hmog-seed");
    assertNotEquals(seed, second.headers.get("x-hmog-seed"));
    assertEquals([first.headers.get("cache-control"), first.headers.get("etag")], ["no-store", null]);
    assertEquals(await first.bytes(), await bytes(`/sample?n=1&seed=${seed}`));
    await second.body?.cancel();
  }));

Deno.test("GET /sample answers 304 to those who have it, before anything is drawn", () =>
  withSamples(async ({ get, registry }) => {
    const first = await get("/sample?n=2&seed=7&leaf=1");
    await first.body?.cancel();
    const tag = first.headers.get("etag")!;
    assert(/^"[\w-]{27}"$/.test(tag), tag);
    assertEquals(first.headers.get("cache-control"), "no-cache");
    const drawn = registry.admission.admitted;
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const again = await get("/sample?n=2&seed=7&leaf=1&mode=region&first=0", { headers: { "if-none-match": known } });
      assertEquals([again.status, again.headers.get("etag"), await again.text()], [304, tag, ""]);
    }
    assertEquals(registry.admission.admitted, drawn);
    const changed = await get("/sample?n=2&seed=8&leaf=1", { headers: { "if-none-match": tag } });
    assertEquals(changed.status, 200);
    await changed.body?.cancel();
  }));

Deno.test("GET /sample has another entity tag for everything that changes the answer", () =>
  withSamples(async ({ get }) => {
    const queries = [
      ...["", "&n=2", "&seed=2", "&first=1", "&leaf=1", "&node=1", "&leaf=1&mode=forced", "&temperature=0.5"],
      ...["&truncation=0.5", "&columns=1", "&scale=1", "&force=0:left", "&weights=live"],
    ];
    const tags = new Set<string | null>();
    for (const query of queries) {
      const all = new URLSearchParams({ n: "1", seed: "1", ...Object.fromEntries(new URLSearchParams(query)) });
      for (const ending of ["png", "json"]) {
        const response = await get(`/sample.${ending}?${all}`);
        assertEquals(response.status, 200, query);
        await response.body?.cancel();
        tags.add(response.headers.get("etag"));
      }
    }
    assertEquals(tags.size, 2 * queries.length);
  }, {
    change: (tensors) => {
      for (const [name, tensor] of Object.entries(tensors)) tensors[name.replace(/^ema/, "generator")] = tensor;
    },
  }));

Deno.test("GET /sample may be kept for good where seed, run and iteration are pinned", () =>
  withSamples(async ({ get, refusal }) => {
    const kept = async (query: string) => {
      const response = await get(`/sample?n=1&seed=7${query}`);
      await response.body?.cancel();
      return response.headers.get("cache-control");
    };
    assertEquals(await kept(`&run=${TINY_RUN}&iteration=500`), "public, max-age=31536000, immutable");
    assertEquals([await kept("&iteration=500"), await kept(`&run=${TINY_RUN}`)], ["no-cache", "no-cache"]);
    const { status, code, parameter, message } = await refusal("/sample?n=1&seed=7&iteration=400");
    assertEquals([status, code, parameter], [409, "other_iteration", "iteration"]);
    const loaded = `Cannot use iteration 400: ${TINY_RUN} is loaded at iteration 500, expected iteration=500 or none`;
    assertEquals(message, loaded);
  }));

Deno.test("GET /sample forces paths and decisions where it is told to", () =>
  withSamples(async ({ json }) => {
    const weights = async (query: string) =>
      (await json(`/sample.json?n=2&seed=1&${query}`)).samples.map((sample: { weights: number[] }) => sample.weights);
    assertEquals(await weights("leaf=3&mode=forced"), [[0, 0, 0, 1], [0, 0, 0, 1]]);
    for (const [a, b, c, d] of await weights("force=0:left,1:right")) assertEquals([a, b, c, d], [0, 1, 0, 0]);
    for (const [a, b, c, d] of await weights("node=2&mode=forced")) {
      assertEquals([a, b], [0, 0]);
      assert(c > 0 && d > 0);
    }
  }));

Deno.test("GET /sample takes temperature and truncation", () =>
  withSamples(async ({ json }) => {
    const { samples } = await json("/sample.json?n=8&seed=1&temperature=0.01");
    for (const { weights } of samples) assert(Math.max(...weights) > 0.9, `${weights}`);
    const spread = async (query: string) => {
      const latents = (await json(`/sample.json?n=32&seed=1&latents=true${query}`)).samples
        .flatMap((sample: { latent: number[] }) => sample.latent);
      return Math.hypot(...latents) / Math.sqrt(latents.length);
    };
    const full = await spread("");
    assert(Math.abs(full - 1) < 0.2, `${full}`);
    assert(Math.abs(await spread("&truncation=0.5") / full - 0.5) < 1e-3);
  }));

Deno.test("GET /activations is /sample.json without pictures", () =>
  withSamples(async ({ json }) => {
    const query = "n=3&seed=5&node=1&temperature=0.5&latents=true";
    assertEquals(await json(`/activations?${query}`), await json(`/sample.json?${query}`));
  }));

Deno.test("GET /sample draws points as a scatter, and refuses decisions of a model that has none", () =>
  withSamples(async ({ get, json, refusal }) => {
    const { width, height } = decode(await (await get("/sample?n=9&seed=1")).bytes());
    assertEquals([width, height], [512, 512]);
    const { samples } = await json("/sample.json?n=2&seed=1&images=each&scale=1");
    assertEquals(decode(Uint8Array.fromBase64(samples[0].image)).width, 64);
    const numbers = (await (await get("/sample.npy?n=2&seed=1")).bytes()).slice(-16).buffer; // behind a header
    assertEquals(samples.flatMap(({ point }: { point: number[] }) => point.map(Math.fround)), [
      ...new Float32Array(numbers),
    ]);
    assertStringIncludes((await refusal("/sample?force=0:left")).message, "only trees have decision nodes");
  }, { options: { ...PRESETS.toy, head: "flat" } }));

Deno.test("requests at the same time are answered as if each came alone", () =>
  withSamples(async ({ get }) => {
    const paths = Array.from(
      { length: 12 },
      (_, i) => `/sample?n=${1 + i}&seed=${i}${i % 3 === 0 ? "" : `&leaf=${i % 4}`}`,
    );
    const together = await Promise.all(paths.map(async (path) => await (await get(path)).bytes()));
    for (const [i, path] of paths.entries()) assertEquals(await (await get(path)).bytes(), together[i]);
  }));
