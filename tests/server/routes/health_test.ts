import { assertEquals } from "@std/assert";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { withApp } from "../served_app.ts";

const OTHER = "00001-fashionmnist-mog-tiny";

Deno.test("GET /health names run, iteration, model and adapter", () =>
  withApp(async ({ json, refusal }) => {
    const { adapter, ...rest } = await json("/health");
    assertEquals(typeof adapter, "string");
    const model = { head: "tree", leaves: 4, latent: 8, image: [32, 32, 1] };
    assertEquals(rest, { status: "ok", run: TINY_RUN, iteration: 500, ...model });
    assertEquals((await refusal("/health?x=1")).code, "unknown_parameter");
    assertEquals((await refusal("/health?run=x")).code, "unknown_run");
  }));

Deno.test("GET /health names the runs where there are several", () =>
  withApp(async ({ json, runs, registry }) => {
    await Deno.mkdir(`${runs}/${OTHER}`);
    await registry.refresh();
    const { adapter: _, ...rest } = await json("/health");
    assertEquals(rest, { status: "ok", runs: [TINY_RUN, OTHER] });
    assertEquals((await json(`/health?run=${TINY_RUN}`)).iteration, 500);
  }, { folder: true }));

Deno.test("GET /v2/health/ready answers 503 once the server ends, /v2/health/live goes on", () => {
  const ending = new AbortController();
  return withApp(async ({ json, refusal }) => {
    assertEquals([await json("/v2/health/live"), await json("/v2/health/ready")], [{ live: true }, { ready: true }]);
    ending.abort();
    const { status, code } = await refusal("/v2/health/ready");
    assertEquals([status, code, await json("/v2/health/live")], [503, "ending", { live: true }]);
  }, { app: { ending: ending.signal } });
});

Deno.test("a run without a checkpoint is not ready, and says when to come again", () =>
  withApp(async ({ get, refusal, runs, registry }) => {
    await Deno.rename(`${runs}/${TINY_RUN}`, `${runs}/gone`);
    await Deno.mkdir(`${runs}/${TINY_RUN}`);
    await (await registry.find(undefined)).close();
    for (const path of ["/v2/health/ready", "/health", "/sample", "/tree"]) {
      assertEquals((await refusal(path)).code, "no_checkpoint", path);
    }
    const response = await get("/sample");
    assertEquals([response.status, response.headers.get("retry-after")], [503, "5"]);
    await response.body?.cancel();
  }));
