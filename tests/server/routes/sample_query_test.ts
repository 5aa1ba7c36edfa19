import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type { Registry } from "../../../server/registry.ts";
import { sampleRoutes } from "../../../server/routes/sample.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { refusalOf, type Served, type ServedOptions, withServed } from "./served.ts";

const withSamples = (test: (served: Served) => Promise<void>, options?: ServedOptions) =>
  withServed(sampleRoutes, test, options);

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
      ["n=256&scale=16", "invalid_parameter", "scale", "256 pictures of 32x32, expected a whole number from 1 to 4"],
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

/** Queries whose every parameter is allowed by itself. */
const ALLOWED = fc.record({
  n: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 0, max: 9 }),
  first: fc.constantFrom(0, 2 ** 31),
  leaf: fc.integer({ min: 0, max: 3 }),
  node: fc.integer({ min: 0, max: 6 }),
  mode: fc.constantFrom("region", "forced"),
  temperature: fc.constantFrom(0.01, 1, 100),
  truncation: fc.constantFrom(0.000001, 0.5, 1),
  force: fc.constantFrom("0:left", "0:right,2:left", "1:right", "0:left,1:left,2:left"),
  latents: fc.constantFrom("true", "false"),
}, { requiredKeys: ["n", "seed"] });

Deno.test("GET /sample.json has finite numbers and weights that sum to 1, whatever goes together", () =>
  withSamples(({ get }) =>
    fc.assert(
      fc.asyncProperty(ALLOWED, async (query) => {
        const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
        const response = await get(`/sample.json?${text}`);
        assert([200, 400, 422].includes(response.status), `${response.status} for ${text}`);
        if (response.status !== 200) return void await refusalOf(response);
        for (const { weights, gates, latent = [] } of (await response.json()).samples) {
          assert([...weights, ...gates, ...latent].every(Number.isFinite), `${text}: ${weights} ${gates} ${latent}`);
          const sum = weights.reduce((sum: number, weight: number) => sum + weight);
          assert(Math.abs(sum - 1) < 1e-5, `${text}: ${weights}`); // six decimals each
        }
      }),
      { numRuns: 150 },
    )
  ));

Deno.test("sampleRoutes() documents ranges, choices, defaults and answers", () => {
  const document = sampleRoutes({} as Registry).getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "", version: "" },
  });
  const { get, post } = document.paths!["/sample"];
  const schemas = Object.fromEntries(
    (get!.parameters as unknown as { name: string; schema: Record<string, unknown> }[]).map((
      { name, schema },
    ) => [name, schema]),
  );
  const part = (name: string, ...keys: string[]) => keys.map((key) => schemas[name][key]);
  assertEquals(part("n", "type", "minimum", "maximum", "default"), ["integer", 1, 256, 64]);
  assertEquals(part("temperature", "type", "minimum", "maximum", "default"), ["number", 0.01, 100, 1]);
  assertEquals(part("truncation", "exclusiveMinimum", "maximum"), [0, 1]);
  assertEquals(part("mode", "enum", "default"), [["region", "forced"], "region"]);
  assertEquals(part("leaf", "type", "minimum", "maximum"), ["integer", 0, undefined]);
  for (const [name, { description }] of Object.entries(schemas)) assert(description, name);
  assertEquals(Object.keys(get!.responses!), ["200", "304", "400", "404", "406", "409", "422", "503", "504"]);
  assert("413" in post!.responses! && "415" in post!.responses!);
});
