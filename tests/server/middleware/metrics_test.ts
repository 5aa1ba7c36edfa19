import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { withApp } from "../served_app.ts";

Deno.test("GET /metrics counts answers by route and status, samples, and names the iteration", () =>
  withApp(async ({ get }) => {
    for (
      const path of ["/sample?n=3&seed=1", "/sample?n=0", "/tree/0.png", "/v2/models/x", "/nothing/1", "/nothing/2"]
    ) {
      await (await get(path)).bytes();
    }
    await (await get("/runs", { method: "BREW" })).bytes();
    const response = await get("/metrics");
    const text = await response.text();
    assertStringIncludes(response.headers.get("content-type")!, "text/plain; version=0.0.4");
    for (
      const line of [
        `hmog_requests_total{method="GET",route="/sample",status="200"} 1`,
        `hmog_requests_total{method="GET",route="/sample",status="400"} 1`,
        `hmog_requests_total{method="GET",route="none",status="404"} 2`,
        `hmog_requests_total{method="GET",route="/tree/{node}.png",status="200"} 1`,
        `hmog_requests_total{method="GET",route="/v2/models/{name}",status="404"} 1`,
        `hmog_requests_total{method="other",route="/runs",status="405"} 1`,
        `hmog_request_seconds_count{route="/sample"} 2`,
        `hmog_samples_waiting 0`,
        `hmog_requests_under_way 1`,
        `hmog_model_iteration{run="${TINY_RUN}"} 500`,
      ]
    ) assertStringIncludes(text, `${line}\n`);
    assertMatch(text, /hmog_samples_total [1-9]/);
    assertMatch(text, /hmog_gpu_bytes [1-9]/);
    assertEquals(text.includes("/tree/0.png"), false, "a label for every path would be one for every client's idea");
  }));
