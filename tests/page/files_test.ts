/** The files of the page, as the server gives them. */

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { pageRoutes } from "../../server/routes/page.ts";

const WEB = new URL("../../server/web/", import.meta.url);
const app = pageRoutes();
const get = async (path: string, headers: Record<string, string> = {}) => await app.request(path, { headers });

Deno.test("pageRoutes() serves every file of server/web with its type, and nothing else", async () => {
  const types: Record<string, string> = { css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
  for await (const { name } of Deno.readDir(WEB)) {
    if (name === "index.html" || name.endsWith(".d.ts")) continue;
    const response = await get(`/web/${name}`);
    assertEquals(response.status, 200, name);
    assertEquals(response.headers.get("content-type")?.split(";")[0], types[name.split(".").at(-1)!], name);
    assertEquals(await response.text(), await Deno.readTextFile(new URL(name, WEB)), name);
  }
  for (const path of ["/web/", "/web/missing.js", "/web/..%2froutes%2fpage.ts", "/web/globals.d.ts"]) {
    assertEquals((await get(path)).status, 404, path);
  }
});

Deno.test("pageRoutes() serves the page at / with no script or style in it", async () => {
  const response = await get("/");
  const page = await response.text();
  assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
  assert(!/<style|style=| on\w+=|<script(?![^>]* src=)|https?:/.test(page));
  for (const [, path] of page.matchAll(/(?:src|href)="(web\/[^"]+)"/g)) {
    assertEquals((await get(`/${path}`)).status, 200, path);
  }
});

Deno.test("pageRoutes() serves what the two packages have for browsers", async () => {
  assertMatch(await (await get("/web/d3-hierarchy.js")).text(), /d3js\.org\/d3-hierarchy/);
  assertMatch(await (await get("/web/uplot.js")).text(), /uPlot/);
  assertMatch(await (await get("/web/uplot.css")).text(), /\.u-/);
});

Deno.test("pageRoutes() tells a browser that has a file that it is still the same", async () => {
  const tags = new Set<string | null>();
  for (const path of ["/", "/web/main.js", "/web/uplot.js"]) {
    const tag = (await get(path)).headers.get("etag")!;
    tags.add(tag);
    const again = await get(path, { "if-none-match": tag });
    assertEquals([again.status, await again.text()], [304, ""], path);
    assertEquals((await get(path, { "if-none-match": '"other"' })).status, 200, path);
  }
  assertEquals(tags.size, 3);
  assertNotEquals([...tags][0], null);
});
