import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { decode, decodeApng } from "fast-png";
import { interpolateRoutes } from "../../../server/routes/interpolate.ts";
import { sampleRoutes } from "../../../server/routes/sample.ts";
import type { Registry } from "../../../server/registry.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { refusalOf, type Served, withServed } from "./served.ts";

const both = (registry: Registry) => interpolateRoutes(registry).route("/", sampleRoutes(registry));
const withBoth = (test: (served: Served) => Promise<void>) => withServed(both, test);

Deno.test("GET /interpolate answers with a strip that begins and ends with the two samples", () =>
  withBoth(async ({ get, json }) => {
    const response = await get("/interpolate?from=1&to=2:3&steps=5&scale=1");
    assertEquals([response.status, response.headers.get("content-type")], [200, "image/png"]);
    const strip = decode(await response.bytes());
    assertEquals([strip.width, strip.height], [5 * 34 + 2, 36]);
    const body = await json("/interpolate.json?from=1&to=2:3&steps=5&scale=1&images=each");
    const sampled = async (query: string) => (await json(`/sample.json?n=1&images=each&scale=1&${query}`)).samples[0];
    for (const [end, query] of [[body.samples[0], "seed=1"], [body.samples[4], "seed=2&first=3"]]) {
      const { image, weights, path } = await sampled(query);
      assertEquals([end.image, end.weights, end.path], [image, weights, path]);
    }
  }));

Deno.test("GET /interpolate.json names the ends, and the path at every position between them", () =>
  withBoth(async ({ json }) => {
    const { samples, image, ...rest } = await json("/interpolate.json?from=1&to=2:3&steps=3&images=grid&latents=true");
    const ends = { from: { seed: 1, index: 0 }, to: { seed: 2, index: 3 } };
    assertEquals(rest, { run: TINY_RUN, iteration: 500, ...ends, shape: [3, 32, 32, 1] });
    assertEquals(samples.map(({ position }: { position: number }) => position), [0, 0.5, 1]);
    assertEquals(Object.keys(samples[0]).sort(), ["gates", "latent", "leaf", "path", "position", "weights"]);
    const strip = decode(Uint8Array.fromBase64(image));
    assertEquals(strip.width, 3 * 66 + 2);
    const norms = samples.map(({ latent }: { latent: number[] }) => Math.hypot(...latent));
    assert(norms[1] > 0.7 * Math.min(norms[0], norms[2]), `${norms}`);
  }));

Deno.test("GET /interpolate answers with an animation where one is asked for", () =>
  withBoth(async ({ get, json }) => {
    const query = "from=1&to=2&steps=4&scale=1";
    for (const path of [`/interpolate.apng?${query}`, `/interpolate?${query}&format=apng`]) {
      const response = await get(path);
      assertEquals(response.headers.get("content-type"), "image/apng");
      const { frames, width, height } = decodeApng(await response.bytes(), { checkCrc: true });
      assertEquals([frames.length, width, height], [4, 32, 32]);
      const { samples } = await json(`/interpolate.json?${query}&images=each`);
      frames.forEach(({ data }, i) => assertEquals(data, decode(Uint8Array.fromBase64(samples[i].image)).data));
    }
    const accepted = await get(`/interpolate?${query}`, { headers: { accept: "image/apng" } });
    assertEquals(accepted.headers.get("content-type"), "image/apng");
    await accepted.body?.cancel();
  }));

Deno.test("GET /interpolate keeps to a leaf: both ends from its region, or all paths forced", () =>
  withBoth(async ({ json }) => {
    const forced = await json("/interpolate.json?from=1&to=2&steps=3&leaf=2&mode=forced");
    for (const { weights } of forced.samples) assertEquals(weights, [0, 0, 1, 0]);
    const { samples } = await json("/interpolate.json?from=1&to=2&steps=3&leaf=2&latents=true");
    const end = (await json("/sample.json?n=1&seed=2&leaf=2&latents=true")).samples[0];
    assertEquals(samples[2].latent, end.latent);
  }));

Deno.test("GET /interpolate has an entity tag, and is not drawn for those who have it", () =>
  withBoth(async ({ get, registry }) => {
    const first = await get("/interpolate?from=1&to=2&steps=3");
    await first.body?.cancel();
    const tag = first.headers.get("etag")!;
    assertEquals(first.headers.get("cache-control"), "no-cache");
    const drawn = registry.admission.admitted;
    const again = await get("/interpolate?from=1:0&to=2:0&steps=3", { headers: { "if-none-match": tag } });
    assertEquals([again.status, registry.admission.admitted], [304, drawn]);
    const other = await get(`/interpolate?from=1&to=2&steps=3&iteration=500&temperature=2&run=${TINY_RUN}`);
    await other.body?.cancel();
    assertNotEquals(other.headers.get("etag"), tag);
    assertStringIncludes(other.headers.get("cache-control")!, "immutable");
  }));

Deno.test("GET /interpolate refuses a bad query with 400, the parameter and what is allowed", () =>
  withBoth(async ({ refusal }) => {
    const cases: [query: string, parameter: string, message: string][] = [
      ["to=1", "from", "from is nothing, expected a seed, or seed:index"],
      ["from=1", "to", "to is nothing"],
      ["from=a&to=1", "from", `from is "a"`],
      ["from=1&to=1:-1", "to", "such as 7 or 7:12"],
      ["from=1&to=1:9999999999", "to", "an index up to 2147483648"],
      ["from=9999999999999999&to=1", "from", "expected a seed"],
      ["from=1&to=2&steps=1", "steps", "a whole number from 2 to 64"],
      ["from=1&to=2&steps=65", "steps", "a whole number from 2 to 64"],
      ["from=1&to=2&leaf=1&node=1", "node", "at most one"],
      ["from=1&to=2&mode=forced", "mode", "a leaf or node with it"],
      ["from=1&to=2&format=gif", "format", "one of png, apng, json"],
      ["from=1&to=2&n=3", "n", "there is no parameter"],
    ];
    for (const [query, parameter, message] of cases) {
      const found = await refusal(`/interpolate?${query}`);
      assertEquals([found.status, found.parameter], [400, parameter], query);
      assertStringIncludes(found.message, message);
    }
    assertEquals((await refusal("/interpolate.png?from=1&to=2&format=png")).code, "unknown_parameter");
  }));

const ENDS = fc.oneof(fc.constantFrom("1", "2:5", "9007199254740991", ":", "1:2:3", "", "-1"), fc.string());

Deno.test("no query string makes GET /interpolate answer 500", () =>
  withBoth(({ get }) =>
    fc.assert(
      fc.asyncProperty(ENDS, ENDS, fc.webQueryParameters(), async (from, to, rest) => {
        const query = new URLSearchParams({ from, to });
        const response = await get(`/interpolate?${query}&steps=2&${rest}`);
        assert([200, 400].includes(response.status), `${response.status}`);
        if (response.status === 400) await refusalOf(response);
        else await response.body?.cancel();
      }),
      { numRuns: 100 },
    )
  ));
