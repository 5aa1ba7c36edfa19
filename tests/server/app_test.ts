import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { decode } from "fast-png";
import { openDevice } from "../../core/gpu/device.ts";
import { openSampler } from "../../core/sampling/sampler.ts";
import { createApp } from "../../server/app.ts";
import { type Change, TINY_RUN, writeTinyRun } from "../sampling/tiny_run.ts";

type App = ReturnType<typeof createApp>;

/** The server over an untrained `tiny` generator: a tree with leaves 0 to 3. No port. */
async function withApp(test: (app: App) => Promise<void>, change?: Change): Promise<void> {
  const runs = await Deno.makeTempDir();
  const device = await openDevice();
  try {
    await writeTinyRun(device, runs, { change });
    const sampler = await openSampler(device, TINY_RUN, { runs });
    const reported: unknown[] = [];
    await test(createApp(sampler, { report: (error) => reported.push(error) }));
    assertEquals(reported, []);
    await sampler.close();
  } finally {
    await device.destroy();
    await Deno.remove(runs, { recursive: true });
  }
}

const JSON_ONLY = { headers: { accept: "application/json" } };

async function get(app: App, path: string, init?: RequestInit): Promise<Response> {
  return await app(new Request(`http://localhost${path}`, init));
}

/** Status and error of a request that is refused. */
async function refusal(app: App, path: string, init?: RequestInit) {
  const response = await get(app, path, init);
  assertStringIncludes(response.headers.get("content-type") ?? "", "application/json");
  const { error, ...rest } = await response.json();
  assertEquals([Object.keys(error), rest], [["code", "message", "parameter"], {}]);
  return { status: response.status, ...error } as { status: number; code: string; message: string; parameter: string };
}

Deno.test("GET /sample answers with a grid as PNG and echoes the seed", () =>
  withApp(async (app) => {
    const response = await get(app, "/sample?n=4&seed=0");
    assertEquals(response.status, 200);
    assertEquals([response.headers.get("content-type"), response.headers.get("x-hmog-seed")], ["image/png", "0"]);
    const { width, height, channels } = decode(await response.bytes());
    assertEquals([width, height, channels], [2 * 66 + 2, 2 * 66 + 2, 1]);
  }));

Deno.test("GET /sample answers with the path of every sample and the same picture where JSON is asked for", () =>
  withApp(async (app) => {
    const response = await get(app, "/sample?n=3&seed=5&leaf=2", JSON_ONLY);
    assertEquals([response.status, response.headers.get("x-hmog-seed")], [200, "5"]);
    const body = await response.json();
    assertEquals([Object.keys(body).sort(), body.seed, body.samples.length], [["image", "samples", "seed"], 5, 3]);
    for (const { leaf, weights, gates, path } of body.samples) {
      assertEquals([weights.length, gates.length, path.length, path.at(-1)], [4, 3, 3, 3 + leaf]);
    }
    const picture = await (await get(app, "/sample?n=3&seed=5&leaf=2")).bytes();
    assertEquals(Uint8Array.fromBase64(body.image), picture);
  }));

Deno.test("GET /sample gives the same bytes for the same seed, and a fresh seed where none is given", () =>
  withApp(async (app) => {
    const bytes = async (path: string) => await (await get(app, path)).bytes();
    assertEquals(await bytes("/sample?n=2&seed=7"), await bytes("/sample?seed=7&n=2"));
    assertNotEquals(await bytes("/sample?n=2&seed=7"), await bytes("/sample?n=2&seed=8"));
    const [first, second] = [await get(app, "/sample?n=1"), await get(app, "/sample?n=1")];
    const seed = first.headers.get("x-hmog-seed");
    assertNotEquals(seed, second.headers.get("x-hmog-seed"));
    assertEquals(first.headers.get("cache-control"), "no-store");
    assertEquals(await first.bytes(), await bytes(`/sample?n=1&seed=${seed}`));
    await second.body?.cancel();
  }));

Deno.test("GET /sample forces the path where it is told to", () =>
  withApp(async (app) => {
    const { samples } = await (await get(app, "/sample?n=2&seed=1&leaf=3&mode=forced", JSON_ONLY)).json();
    assertEquals(samples.map((sample: { weights: number[] }) => sample.weights), [[0, 0, 0, 1], [0, 0, 0, 1]]);
  }));

Deno.test("GET /sample refuses a bad query with 400, the parameter and what is allowed", () =>
  withApp(async (app) => {
    const cases: [query: string, code: string, parameter: string, message: string][] = [
      ["n=0", "invalid_parameter", "n", `Cannot sample: n is "0", expected a whole number from 1 to 256`],
      ["n=257", "invalid_parameter", "n", "from 1 to 256"],
      ["n=", "invalid_parameter", "n", `n is ""`],
      ["n=1e1", "invalid_parameter", "n", "a whole number"],
      ["seed=-1", "invalid_parameter", "seed", "from 0 to 9007199254740991"],
      ["seed=9007199254740992", "invalid_parameter", "seed", "from 0 to 9007199254740991"],
      ["leaf=4", "invalid_parameter", "leaf", "a whole number from 0 to 3"],
      ["leaf=%zz", "invalid_parameter", "leaf", `leaf is "%zz"`],
      ["leaf=1&mode=soft", "invalid_parameter", "mode", `mode is "soft", expected region or forced`],
      ["mode=forced", "invalid_parameter", "mode", "expected a leaf with it"],
      ["n=1&n=2", "repeated_parameter", "n", "n was given 2 times, expected it at most once"],
      ["laef=1", "unknown_parameter", "laef", "one of n, seed, leaf, mode; the nearest is leaf"],
      ["__proto__=1", "unknown_parameter", "__proto__", "there is no parameter"],
    ];
    for (const [query, code, parameter, message] of cases) {
      const found = await refusal(app, `/sample?${query}`);
      assertEquals([found.status, found.code, found.parameter], [400, code, parameter], query);
      assertStringIncludes(found.message, message);
    }
  }));

Deno.test("GET /sample says when next to nothing belongs to a leaf, with its share", () =>
  withApp(async (app) => {
    const { status, code, message, parameter } = await refusal(app, "/sample?n=1&seed=1&leaf=3");
    assertEquals([status, code, parameter], [422, "rare_leaf", "leaf"]);
    assertStringIncludes(message, "of the latent space belongs to it");
  }, (tensors) => {
    tensors["ema/head/gates/bias"].data[0] = 20;
  }));

Deno.test("GET /sample answers 406 where neither PNG nor JSON will do", () =>
  withApp(async (app) => {
    const found = await refusal(app, "/sample?n=1", { headers: { accept: "text/csv" } });
    assertEquals([found.status, found.code, found.parameter], [406, "not_acceptable", "accept"]);
  }));

Deno.test("GET /health names run, iteration, model and adapter", () =>
  withApp(async (app) => {
    const response = await get(app, "/health");
    const { adapter, ...rest } = await response.json();
    assertEquals([response.status, typeof adapter], [200, "string"]);
    const model = { head: "tree", leaves: 4, latent: 8, image: [32, 32, 1] };
    assertEquals(rest, { status: "ok", run: TINY_RUN, iteration: 500, ...model });
  }));

Deno.test("unknown paths give 404 with the nearest one, other methods 405", () =>
  withApp(async (app) => {
    const missing = await refusal(app, "/smaple");
    assertEquals([missing.status, missing.code, missing.parameter], [404, "not_found", null]);
    assertStringIncludes(missing.message, "expected one of /sample, /health; the nearest is /sample");
    const posted = await refusal(app, "/sample", { method: "POST", body: "{}" });
    assertEquals([posted.status, posted.code], [405, "method_not_allowed"]);
    const deleted = await get(app, "/health", { method: "DELETE" });
    assertEquals([deleted.status, deleted.headers.get("allow")], [405, "GET, HEAD"]);
    await deleted.body?.cancel();
    const head = await get(app, "/sample?n=1&seed=1", { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
  }));

const QUERIES = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => encodeURI(text.toWellFormed())),
  fc.webQueryParameters(),
  fc.array(
    fc.tuple(
      fc.constantFrom("n", "seed", "leaf", "mode", "N", "__proto__", "constructor", ""),
      fc.oneof(
        fc.integer({ min: -1, max: 300 }).map(String),
        fc.double().map(String),
        fc.string().map(encodeURIComponent),
      ),
    ).map(([name, value]) => `${name}=${value}`),
    { maxLength: 4 },
  ).map((pairs) => pairs.join("&")),
);

Deno.test("no query string makes GET /sample answer 500, and every refusal names a parameter", () =>
  withApp((app) =>
    fc.assert(
      fc.asyncProperty(QUERIES, async (query) => {
        const response = await get(app, `/sample?${query}`);
        assert([200, 400].includes(response.status), `${response.status}`);
        if (response.status === 200) return await response.body?.cancel();
        const { error } = await response.json();
        assertEquals(typeof error.parameter, "string");
        assert(error.message.length < 400 && !error.message.includes("\n"));
      }),
      { numRuns: 300 },
    )
  ));

Deno.test("requests at the same time are answered as if each came alone", () =>
  withApp(async (app) => {
    const paths = Array.from({ length: 12 }, (_, i) =>
      `/sample?n=${1 + i}&seed=${i}${i % 3 === 0 ? "" : `&leaf=${i % 4}`}`);
    const together = await Promise.all(paths.map(async (path) =>
      await (await get(app, path)).bytes()
    ));
    for (const [i, path] of paths.entries()) assertEquals(await (await get(app, path)).bytes(), together[i]);
  }));
