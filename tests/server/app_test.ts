import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { withApp } from "./served_app.ts";

const LONG_PATH = `/${"a".repeat(9000)}`;

Deno.test("createApp() answers unknown paths with 404 and the nearest one", () =>
  withApp(async ({ refusal }) => {
    const { status, code, message, parameter } = await refusal("/smaple");
    assertEquals([status, code, parameter], [404, "not_found", null]);
    assertStringIncludes(message, "the nearest is /sample");
    assertEquals((await refusal("/sample/")).status, 404);
    assertEquals((await refusal("/__proto__")).status, 404);
  }));

Deno.test("createApp() answers other methods with 405 and those there are, OPTIONS and HEAD as they should be", () =>
  withApp(async ({ get, refusal }) => {
    const { status, code, message } = await refusal("/health", { method: "DELETE" });
    assertEquals([status, code], [405, "method_not_allowed"]);
    assertStringIncludes(message, "Cannot DELETE /health: expected GET or HEAD");
    assertStringIncludes(
      (await refusal("/sample", { method: "PUT" })).message,
      "Cannot PUT /sample: expected GET, HEAD or POST",
    );
    const allow = async (path: string, method: string) => {
      const response = await get(path, { method });
      await response.body?.cancel();
      return [response.status, response.headers.get("allow")];
    };
    assertEquals(await allow("/health", "DELETE"), [405, "GET, HEAD, OPTIONS"]);
    assertEquals(await allow("/sample", "PUT"), [405, "GET, HEAD, POST, OPTIONS"]);
    assertEquals(await allow("/v2/models/x/infer", "GET"), [405, "POST, OPTIONS"]);
    assertEquals(await allow("/sample", "OPTIONS"), [204, "GET, HEAD, POST, OPTIONS"]);
    const head = await get("/sample?n=1&seed=1", { method: "HEAD" });
    assertEquals([head.status, head.headers.get("x-hmog-seed"), await head.text()], [200, "1", ""]);
  }));

Deno.test("createApp() answers URLs that are too long with 414", () =>
  withApp(async ({ refusal }) => {
    const { status, code } = await refusal(LONG_PATH);
    assertEquals([status, code], [414, "long_url"]);
  }));

Deno.test("createApp() names every request, after the client where that is sane", () =>
  withApp(async ({ get }) => {
    const idOf = async (path: string, id?: string) => {
      const response = await get(path, { headers: id === undefined ? {} : { "x-request-id": id } });
      await response.body?.cancel();
      return response.headers.get("x-request-id");
    };
    assertEquals(await idOf("/health", "abc-1"), "abc-1");
    assertEquals(await idOf("/nothing", "abc-2"), "abc-2");
    for (const bad of ["two words", "x".repeat(200), `"'<>`]) {
      assert(/^[0-9a-f-]{36}$/.test((await idOf("/health", bad))!), bad);
    }
    assertNotEquals(await idOf("/health"), await idOf("/health"));
  }));

Deno.test("createApp() reports what fails on its side and tells the client nothing of it", () => {
  const reported: string[] = [];
  return withApp(async ({ registry, refusal }) => {
    registry.names = () => {
      throw new Error("secret");
    };
    const { status, code, message } = await refusal("/runs", { headers: { "x-request-id": "r1" } });
    assertEquals([status, code, message.includes("secret")], [500, "internal", false]);
    assertEquals(reported, ["r1 secret"]);
  }, { app: { report: (error, id) => reported.push(`${id} ${(error as Error).message}`) } });
});

Deno.test("createApp() keeps samples of a rare leaf and a lost GPU apart: 422 and 503", () =>
  withApp(async ({ refusal }) => {
    const { status, code, parameter } = await refusal("/sample?n=1&seed=1&leaf=3");
    assertEquals([status, code, parameter], [422, "rare_leaf", "leaf"]);
  }, {
    change: (tensors) => {
      tensors["ema/head/gates/bias"].data[0] = 20;
    },
  }));

Deno.test("createApp() says that a training diverged: 409, and the other weights are still there", () =>
  withApp(async ({ get, refusal }) => {
    const { status, code, message } = await refusal("/sample?n=1&seed=1&weights=live");
    assertEquals([status, code], [409, "unusable_run"]);
    assertStringIncludes(message, "its weights are no numbers (the training diverged)");
    const averaged = await get("/sample?n=1&seed=1");
    await averaged.body?.cancel();
    assertEquals(averaged.status, 200);
  }, {
    change: (tensors) => {
      tensors["generator/head/gates/bias"].data[0] = NaN;
    },
  }));

const NAMES = ["n", "seed", "leaf", "node", "mode", "temperature", "force", "run", "points", "__proto__", ""];
const PATHS = [
  "/sample",
  "/sample.json",
  "/activations",
  "/health",
  "/runs",
  "/curves",
  "/v2/models/x/infer",
  "/tree/0.png",
  "/x",
];
const QUERY = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => encodeURI(text.toWellFormed())),
  fc.webQueryParameters(),
  fc.array(
    fc.tuple(
      fc.constantFrom(...NAMES),
      fc.oneof(
        fc.integer({ min: -1, max: 300 }).map(String),
        fc.double().map(String),
        fc.string().map(encodeURIComponent),
      ),
    ).map(([name, value]) => `${name}=${value}`),
    { maxLength: 4 },
  ).map((pairs) => pairs.join("&")),
);
const BODY = fc.oneof(
  fc.json(),
  fc.string(),
  fc.record({ n: fc.anything(), latents: fc.anything(), inputs: fc.array(fc.object()) }, { requiredKeys: [] }).map((
    body,
  ) => JSON.stringify(body) ?? ""),
);
const HEADERS = fc.record({
  accept: fc.constantFrom("*/*", "application/json", "image/png", "text/csv", "", ";;,,q=", "multipart/form-data"),
  "content-type": fc.constantFrom(
    "application/json",
    "text/plain",
    "application/json; charset=utf-8",
    "image/png",
    ";",
  ),
  "x-request-id": fc.string({ unit: fc.constantFrom("a", "-", "é", " ") }),
  "if-none-match": fc.constantFrom("*", `"x"`, `W/"x", `, ","),
  authorization: fc.constantFrom("Bearer", "Bearer x", "Basic eDp5", ""),
  origin: fc.constantFrom("null", "https://a.example", "x"),
  "last-event-id": fc.constantFrom("1", "-1", "x"),
  range: fc.constantFrom("bytes=0-", "x"),
}, { requiredKeys: [] });

Deno.test("no path, query, body and headers together make the app answer 500, and every refusal has its shape", () =>
  withApp(({ get }) =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PATHS),
        QUERY,
        fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PUT"),
        BODY,
        HEADERS,
        async (path, query, method, text, headers) => {
          const body = method === "POST" || method === "PUT" ? text : undefined;
          const response = await get(`${path}?${query}`, { method, body, headers });
          assert(response.status < 500, `${response.status}`);
          if (response.status < 400 || method === "HEAD") return await response.body?.cancel();
          const { error } = await response.json();
          assertEquals(Object.keys(error), ["code", "message", "parameter"]);
          assert(error.message.length < 500 && !error.message.includes("\n"), error.message);
        },
      ),
      { numRuns: 500 },
    ), { app: { origins: ["https://a.example"] } }));

Deno.test("requests at the same time are answered as if each came alone", () =>
  withApp(async ({ get }) => {
    const paths = Array.from({ length: 12 }, (_, i) =>
      `/sample?n=${1 + i}&seed=${i}${i % 3 === 0 ? "" : `&leaf=${i % 4}`}`);
    const together = await Promise.all(paths.map(async (path) =>
      await (await get(path)).bytes()
    ));
    for (const [i, path] of paths.entries()) assertEquals(await (await get(path)).bytes(), together[i]);
  }));
