import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { decode } from "fast-png";
import { PRESETS } from "../../../core/models/presets.ts";
import { sampleRoutes } from "../../../server/routes/sample.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { refusalOf, type Served, type ServedOptions, withServed } from "./served.ts";

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

Deno.test("GET /sample may be kept for good where seed and iteration are pinned", () =>
  withSamples(async ({ get, refusal }) => {
    const response = await get("/sample?n=1&seed=7&iteration=500");
    await response.body?.cancel();
    assertEquals(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
    const { status, code, parameter, message } = await refusal("/sample?n=1&seed=7&iteration=400");
    assertEquals([status, code, parameter], [409, "other_iteration", "iteration"]);
    assertStringIncludes(message, "expected iteration=500 or none");
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

Deno.test("GET /sample refuses a bad query with 400, the parameter and what is allowed", () =>
  withSamples(async ({ refusal }) => {
    const cases: [query: string, code: string, parameter: string, message: string][] = [
      ["n=0", "invalid_parameter", "n", `Cannot sample: n is "0", expected a whole number from 1 to 256`],
      ["n=257", "invalid_parameter", "n", "from 1 to 256"],
      ["n=", "invalid_parameter", "n", `n is ""`],
      ["n=1e1", "invalid_parameter", "n", "a whole number"],
      ["seed=-1", "invalid_parameter", "seed", "from 0 to 9007199254740991"],
      ["seed=9007199254740992", "invalid_parameter", "seed", "from 0 to 9007199254740991"],
      ["first=2147483649", "invalid_parameter", "first", "from 0 to 2147483648"],
      ["leaf=4", "invalid_parameter", "leaf", "a whole number from 0 to 3"],
      ["leaf=%zz", "invalid_parameter", "leaf", `leaf is "%zz"`],
      ["node=7", "invalid_parameter", "node", "a whole number from 0 to 6"],
      ["leaf=1&node=4", "invalid_parameter", "node", "both leaf 1 and node 4 were given, expected at most one"],
      ["leaf=1&mode=soft", "invalid_parameter", "mode", `mode is "soft", expected region or forced`],
      ["mode=forced", "invalid_parameter", "mode", "expected a leaf or node with it (mode=forced&leaf=0)"],
      ["temperature=0", "invalid_parameter", "temperature", "a number from 0.01 to 100"],
      ["temperature=NaN", "invalid_parameter", "temperature", "a number from 0.01 to 100"],
      ["temperature=1e400", "invalid_parameter", "temperature", "a number from 0.01 to 100"],
      ["truncation=0", "invalid_parameter", "truncation", "a number above 0, at most 1"],
      ["truncation=1.1", "invalid_parameter", "truncation", "a number above 0, at most 1"],
      ["weights=best", "invalid_parameter", "weights", "expected ema or live"],
      ["columns=0", "invalid_parameter", "columns", "a whole number from 1 to 256"],
      ["scale=17", "invalid_parameter", "scale", "a whole number from 1 to 16"],
      ["n=256&scale=16", "invalid_parameter", "scale", "256 pictures of 32x32, expected a whole number from 1 to 5"],
      ["force=3:left", "invalid_parameter", "force", "decision nodes from 0 to 2 with their sides, each once"],
      ["force=0:up", "invalid_parameter", "force", "decision nodes from 0 to 2"],
      ["force=0:left,0:left", "invalid_parameter", "force", "each once"],
      ["force=0:left:right", "invalid_parameter", "force", "each once"],
      ["force=", "invalid_parameter", "force", `force is ""`],
      ["leaf=3&force=0:left", "invalid_parameter", "force", "node 0 is forced away from leaf 3, expected 0:right"],
      ["latents=1", "invalid_parameter", "latents", "expected true or false"],
      ["images=all", "invalid_parameter", "images", "one of none, grid, each"],
      ["iteration=x", "invalid_parameter", "iteration", "a whole number"],
      ["n=1&n=2", "repeated_parameter", "n", "n was given 2 times, expected it at most once"],
      ["laef=1", "unknown_parameter", "laef", "the nearest is leaf"],
      ["__proto__=1", "unknown_parameter", "__proto__", "there is no parameter"],
    ];
    for (const [query, code, parameter, message] of cases) {
      const found = await refusal(`/sample?${query}`);
      assertEquals([found.status, found.code, found.parameter], [400, code, parameter], query);
      assertStringIncludes(found.message, message);
    }
    assertEquals((await refusal("/sample?run=../..&n=1")).status, 404);
    assertEquals((await refusal("/activations?scale=1")).code, "unknown_parameter");
  }));

Deno.test("GET /sample says when next to nothing belongs to a leaf or node, with its share", () =>
  withSamples(async ({ refusal }) => {
    const leaf = await refusal("/sample?n=1&seed=1&leaf=3");
    assertEquals([leaf.status, leaf.code, leaf.parameter], [422, "rare_leaf", "leaf"]);
    assertStringIncludes(leaf.message, "of the latent space belongs to it");
    const node = await refusal("/sample?n=1&seed=1&node=2");
    assertEquals([node.status, node.code, node.parameter], [422, "rare_node", "node"]);
  }, {
    change: (tensors) => {
      tensors["ema/head/gates/bias"].data[0] = 20;
    },
  }));

Deno.test("GET /activations is /sample.json without pictures", () =>
  withSamples(async ({ json }) => {
    const query = "n=3&seed=5&node=1&temperature=0.5&latents=true";
    assertEquals(await json(`/activations?${query}`), await json(`/sample.json?${query}`));
  }));

Deno.test("POST /sample makes pictures of latents that are given", () =>
  withSamples(async ({ json, post }) => {
    const drawn = await json("/sample.json?n=3&seed=9&latents=true&images=each&scale=1");
    const latents = drawn.samples.map((sample: { latent: number[] }) => sample.latent);
    const given = await (await post("/sample.json", { latents, images: "each", scale: 1 })).json();
    assertEquals(given.samples.length, 3);
    for (const [i, { image, weights, path }] of given.samples.entries()) {
      assertEquals([image, weights, path], [drawn.samples[i].image, drawn.samples[i].weights, drawn.samples[i].path]);
    }
    const forced = await (await post("/sample.json", { latents, leaf: 2, mode: "forced", force: { "2": "left" } }))
      .json();
    assertEquals(forced.samples[0].weights, [0, 0, 1, 0]);
  }));

Deno.test("POST /sample takes the parameters of GET /sample as JSON", () =>
  withSamples(async ({ get, post }) => {
    const body = { n: 2, seed: 4, leaf: 1, temperature: 0.5, truncation: 0.9, force: { "1": "right" }, scale: 1 };
    const posted = await post("/sample", body);
    assertEquals([posted.headers.get("content-type"), posted.headers.get("cache-control")], ["image/png", "no-store"]);
    const got = await get("/sample?n=2&seed=4&leaf=1&temperature=0.5&truncation=0.9&force=1:right&scale=1");
    assertEquals(await posted.bytes(), await got.bytes());
    const tagged = await post("/sample.json", { n: 1, run: TINY_RUN, iteration: 500 });
    assertEquals([tagged.status, tagged.headers.get("etag")], [200, null]);
    await tagged.body?.cancel();
  }));

Deno.test("POST /sample refuses bad bodies with what is allowed", () =>
  withSamples(async ({ post }) => {
    const row = new Array(8).fill(0);
    const rows = "1 to 256 lists of 8 numbers from -1000 to 1000, true or false";
    const cases: [body: unknown, code: string, parameter: string | null, message: string][] = [
      ["{", "invalid_json", null, "no JSON text"],
      ["[]", "invalid_json", null, "the body is [], expected an object"],
      ["null", "invalid_json", null, "the body is null"],
      [{ n: "1" }, "invalid_parameter", "n", `n is "1", expected a whole number from 1 to 256`],
      [{ n: 1.5 }, "invalid_parameter", "n", "n is 1.5"],
      [{ n: null }, "invalid_parameter", "n", "n is null"],
      [{ latents: [] }, "invalid_parameter", "latents", rows],
      [{ latents: [row, row.slice(1)] }, "invalid_parameter", "latents", rows],
      [{ latents: [[...row.slice(1), "0"]] }, "invalid_parameter", "latents", rows],
      [{ latents: [[...row.slice(1), 1001]] }, "invalid_parameter", "latents", rows],
      [`{"latents":[[0,0,0,0,0,0,0,1e999]]}`, "invalid_parameter", "latents", rows],
      [{ latents: [[...row.slice(1), NaN]] }, "invalid_parameter", "latents", rows],
      [{ latents: new Array(257).fill(row) }, "invalid_parameter", "latents", rows],
      [{ latents: [row], n: 2 }, "invalid_parameter", "n", "n is 2 with 1 latents, expected 1, or no n"],
      [{ latents: [row], leaf: 1 }, "invalid_parameter", "leaf", "mode forced with it, or neither"],
      [{ latents: [row], truncation: 0.5 }, "invalid_parameter", "truncation", "expected 1"],
      [{ force: { "5": "left" } }, "invalid_parameter", "force", "decision nodes from 0 to 2"],
      [{ force: "0:left" }, "invalid_parameter", "force", "decision nodes from 0 to 2"],
      [{ force: { "0": 1 } }, "invalid_parameter", "force", ""],
      [{ laef: 1 }, "unknown_parameter", "laef", "the nearest is leaf"],
      [`{"__proto__":{"n":1}}`, "unknown_parameter", "__proto__", "there is no parameter"],
    ];
    for (const [body, code, parameter, message] of cases) {
      const found = await refusalOf(await post("/sample", body));
      assertEquals([found.status, found.code, found.parameter], [400, code, parameter], JSON.stringify(body));
      assertStringIncludes(found.message, message);
    }
    const plain = await refusalOf(await post("/sample", {}, { headers: { "content-type": "text/plain" } }));
    assertEquals([plain.status, plain.code, plain.parameter], [415, "unsupported_media_type", "content-type"]);
    assertEquals((await refusalOf(await post("/sample?n=1", {}))).code, "unknown_parameter");
  }));

Deno.test("GET /sample draws points as a scatter, and refuses decisions of a model that has none", () =>
  withSamples(async ({ get, json, refusal }) => {
    const { width, height } = decode(await (await get("/sample?n=9&seed=1")).bytes());
    assertEquals([width, height], [512, 512]);
    const { samples } = await json("/sample.json?n=2&seed=1&images=each&scale=1");
    assertEquals(decode(Uint8Array.fromBase64(samples[0].image)).width, 64);
    assertStringIncludes((await refusal("/sample?force=0:left")).message, "only trees have decision nodes");
  }, { options: { ...PRESETS.toy, head: "flat" } }));

const NAMES = [
  ..."n seed first leaf node mode temperature truncation weights columns scale force latents images run".split(" "),
  ...["iteration", "N", "__proto__", "constructor", ""],
];
const WORDS = ["region", "forced", "true", "none", "grid", "each", "ema", "live", "0:left", "1:right,0:left", TINY_RUN];

const VALUES = fc.oneof(
  fc.integer({ min: -1, max: 20 }).map(String),
  fc.double().map(String),
  fc.constantFrom(...WORDS),
  fc.string().map(encodeURIComponent),
);
const QUERIES = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => encodeURI(text.toWellFormed())),
  fc.webQueryParameters(),
  fc.array(fc.tuple(fc.constantFrom(...NAMES), VALUES).map(([name, value]) => `${name}=${value}`), { maxLength: 5 })
    .map((pairs) => pairs.join("&")),
);

Deno.test("no query string makes GET /sample answer 500, and every refusal names a parameter", () =>
  withSamples(({ get }) =>
    fc.assert(
      fc.asyncProperty(QUERIES, fc.constantFrom("", ".png", ".json", ".npy"), async (query, ending) => {
        const response = await get(`/sample${ending}?${query}`);
        assert([200, 400, 404, 409, 422].includes(response.status), `${response.status}`);
        if (response.status === 200) return await response.body?.cancel();
        const { parameter, message } = await refusalOf(response);
        assertEquals(typeof parameter, "string");
        assert(message.length < 500 && !message.includes("\n"));
      }),
      { numRuns: 300 },
    )
  ));

Deno.test("requests at the same time are answered as if each came alone", () =>
  withSamples(async ({ get }) => {
    const paths = Array.from(
      { length: 12 },
      (_, i) => `/sample?n=${1 + i}&seed=${i}${i % 3 === 0 ? "" : `&leaf=${i % 4}`}`,
    );
    const together = await Promise.all(paths.map(async (path) => await (await get(path)).bytes()));
    for (const [i, path] of paths.entries()) assertEquals(await (await get(path)).bytes(), together[i]);
  }));
