import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withApp } from "../served_app.ts";

Deno.test("GET /openapi.json describes every route that programs may ask, each with what it answers", () =>
  withApp(async ({ json, get }) => {
    const { openapi, paths } = await json("/openapi.json");
    assertEquals(openapi, "3.1.0");
    const described = Object.entries<Record<string, { summary: string; responses: Record<string, unknown> }>>(paths);
    for (
      const path of [
        "/sample",
        "/activations",
        "/interpolate",
        "/tree",
        "/tree/{node}.png",
        "/runs",
        "/curves",
        "/events",
        "/assign",
      ]
        .concat("/health", "/metrics", "/openapi.json", "/docs", "/v2/health/ready", "/v2/models/{name}/infer")
    ) assert(path in paths, path);
    for (const [path, methods] of described) {
      for (const [method, { summary, responses }] of Object.entries(methods)) {
        assert(summary.length > 0 && "200" in responses, `${method} ${path}`);
        if (method !== "get") continue;
        const response = await get(path.replaceAll(/\{\w+\}/g, "0"), { method: "HEAD" });
        assert(response.status !== 405 && response.headers.get("x-request-id") !== null, path);
      }
    }
  }));

Deno.test("GET /docs is a page with every route on it, and nothing from elsewhere", () =>
  withApp(async ({ get, json }) => {
    const response = await get("/docs");
    const page = await response.text();
    assertStringIncludes(response.headers.get("content-type")!, "text/html");
    for (const path of Object.keys((await json("/openapi.json")).paths)) {
      assertStringIncludes(page, `<code>${path}</code>`);
    }
    const urls = [...page.matchAll(/(?:src|href)="([^#"]*)"/g)].map(([, url]) => url);
    assertEquals(urls, ["/web/icon.svg", "/docs.css", "/openapi.json"]);
    for (const url of urls) assertEquals((await get(url, { method: "HEAD" })).status, 200, url);
    assert(!/<script|style=|undefined|\[object/.test(page));
    assertStringIncludes((await get("/docs.css")).headers.get("content-type")!, "text/css");
  }));
