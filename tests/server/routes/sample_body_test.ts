import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { sampleRoutes } from "../../../server/routes/sample.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { refusalOf, type Served, withServed } from "./served.ts";

const withSamples = (test: (served: Served) => Promise<void>) => withServed(sampleRoutes, test);

Deno.test("POST /sample makes pictures of latents that are given", () =>
  withSamples(async ({ json, post }) => {
    const drawn = await json("/sample.json?n=3&seed=9&latents=true&images=each&scale=1");
    const latents = drawn.samples.map((sample: { latent: number[] }) => sample.latent);
    const given = await (await post("/sample.json", { latents, images: "each", scale: 1 })).json();
    assertEquals([given.samples.length, given.seed], [3, 0]);
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
      ["[]", "invalid_json", null, "the body is a list of 0, expected an object"],
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
      [{ force: { "0": 1 } }, "invalid_parameter", "force", "force is an object, expected decision nodes from 0 to 2"],
      [`{"n":${"[".repeat(1e5)}${"]".repeat(1e5)}}`, "invalid_parameter", "n", "n is a list of 1, expected a whole"],
      [{ laef: 1 }, "unknown_parameter", "laef", "the nearest is leaf"],
      [`{"__proto__":{"n":1}}`, "unknown_parameter", "__proto__", "there is no parameter"],
    ];
    for (const [body, code, parameter, message] of cases) {
      const found = await refusalOf(await post("/sample", body));
      assertEquals([found.status, found.code, found.parameter], [400, code, parameter], JSON.stringify(body));
      assertStringIncludes(found.message, message);
    }
    const plain = await refusalOf(await post("/sample", {}, { headers: { "content-type": "text/plain" } }));
    assertEquals([plain.status, plain.code, plain.parameter], [415, "unsupported_type", "content-type"]);
    const query = await refusalOf(await post("/sample?n=1", {}));
    assertEquals([query.code, query.message.split(", ")[1]], ["unknown_parameter", "expected none"]);
  }));

const BODIES = fc.oneof(
  fc.json(),
  fc.dictionary(
    fc.constantFrom("n", "seed", "leaf", "mode", "scale", "images", "run", "latents", "__proto__", ""),
    fc.jsonValue({ maxDepth: 2 }),
    { maxKeys: 4 },
  ).map((body) => JSON.stringify(body)),
  fc.record({
    latents: fc.array(fc.array(fc.oneof(fc.double(), fc.constantFrom(1e308, -0, null)), { maxLength: 9 }), {
      maxLength: 3,
    }),
    force: fc.dictionary(fc.constantFrom("0", "1", "2", "3", "00", "x"), fc.constantFrom("left", "right", "up")),
    mode: fc.constantFrom("region", "forced"),
    node: fc.integer({ min: -1, max: 8 }),
  }, { requiredKeys: [] }).map((body) => JSON.stringify(body)),
);

Deno.test("no body makes POST /sample answer 500", () =>
  withSamples(({ post }) =>
    fc.assert(
      fc.asyncProperty(BODIES, async (body) => {
        const response = await post("/sample.json", body);
        assert([200, 400, 404, 409, 422].includes(response.status), `${response.status}`);
        if (response.status === 200) return await response.body?.cancel();
        assert((await refusalOf(response)).message.length < 500);
      }),
      { numRuns: 300 },
    )
  ));
