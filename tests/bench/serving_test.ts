/** What is read from `wrk`, and said of two servers. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { summarize } from "../../bench/measure.ts";
import { originOf } from "../../bench/results.ts";
import { type ServingResult, showServing, type Side } from "../../bench/serving.ts";
import { verdicts } from "../../bench/targets.ts";
import { answeredIn, WrkError } from "../../bench/wrk.ts";

/** What wrk 4.1.0 of Debian prints; the errors are of another run. */
const PRINTED = `Running 2s test @ http://127.0.0.1:40261/sample?n=1
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    31.86ms   12.35ms 110.12ms   74.25%
    Req/Sec     2.02k   248.19     2.50k    70.00%
  Latency Distribution
     50%  982.00us
     75%   37.94ms
     90%   46.38ms
     99%    1.02s 
  4035 requests in 2.01s, 3.21MB read
  Socket errors: connect 1, read 2, write 0, timeout 4
  Non-2xx or 3xx responses: 30
Requests/sec:   2009.56
Transfer/sec:      1.60MB
`;

Deno.test("answeredIn() reads rates, latencies in ms and failures", () => {
  assertEquals(answeredIn(PRINTED), { requestsPerSecond: 2009.56, p50: 0.982, p99: 1020, failed: 37 });
  const well = PRINTED.replace(/.*(Socket errors|Non-2xx).*\n/g, "");
  assertEquals(answeredIn(well).failed, 0);
});

Deno.test("answeredIn() says what wrk complains of where it has no figures", () => {
  const complaint = "unable to connect to 127.0.0.1:1 Connection refused";
  assertThrows(() => answeredIn("", complaint), WrkError, `Cannot read what wrk says: ${complaint}`);
});

const side = (requests: number, ms: number): Side => ({
  requestsPerSecond: summarize([requests]),
  p50: summarize([ms]),
  p99: summarize([2 * ms]),
  failed: 0,
});

const RESULT: ServingResult = {
  run: "a",
  peer: { about: "FastAPI 1" },
  loads: {
    "one of leaf 3, 64 clients": { ours: side(3000, 50), theirs: side(2000, 30), ratio: 1.5 },
    "64, one client": { ours: side(20, 50), theirs: side(40, 25), ratio: 0.5 },
  },
};

Deno.test("showServing() has a row for each server and load, and what is missing", () => {
  const text = showServing({ small: RESULT, other: { refused: "Cannot drive a server: there is no wrk" } });
  assertEquals(text.split("\n").filter((line) => /\| (ours|theirs) +\|/.test(line)).length, 4);
  assertStringIncludes(text, "theirs is FastAPI 1");
  assertStringIncludes(text, "other: Cannot drive a server: there is no wrk");
});

Deno.test("verdicts() holds our server against the plain one, and its latencies against their limits", async () => {
  const machine = { adapter: "a", adapterInfo: {}, software: true, processor: "p", cores: 2, system: "s" };
  const origin = await originOf({ quick: true, tune: false });
  assertEquals(verdicts({ machine, measurements: { serving: { small: { origin, figures: RESULT } } } }), [
    "small, one of leaf 3, 64 clients, times FastAPI's requests: target at least 1, measured 1.5: reached",
    "small, one of leaf 3, 64 clients, p99 in ms: target at most 80, measured 100: missed",
    "small, 64, one client, p50 in ms: target at most 60, measured 50: reached",
  ]);
});
