/** Times of metrics. */

import { assert, assertEquals } from "@std/assert";
import { measureMetrics, showMetrics, TIMED } from "../../bench/metrics.ts";

Deno.test("measureMetrics() times every metric as often as asked for, and leaves out what comes too late", async () => {
  const begin = (metric: string) => metric !== "kid";
  const result = await measureMetrics({ samples: 40, dimensions: 8 }, { rounds: 2, begin });
  assertEquals(Object.keys(result), TIMED.filter((metric) => metric !== "kid"));
  for (const { wall, processor } of Object.values(result)) {
    assertEquals([wall.n, processor.n], [2, 2]);
    assert(wall.least > 0);
  }
  const lines = showMetrics({ "40 x 8": result }).split("\n");
  assertEquals(lines.length, 2 + Object.keys(result).length);
  assert(lines[2].startsWith("| 40 x 8"));
});
