import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkpointName } from "../../core/sampling/run.ts";
import { startServer } from "../../server/serve.ts";
import { TINY_RUN, withTinyRuns } from "../sampling/tiny_run.ts";

Deno.test("startServer() tells of a damaged checkpoint in one line, once, and serves the one before", () =>
  withTinyRuns(async (runs) => {
    const run = `${runs}/${TINY_RUN}`;
    const damaged = `${run}/${checkpointName(600)}`;
    await Deno.writeFile(damaged, new Uint8Array(1000));
    const end = new AbortController();
    const reports: string[] = [];
    const { url, ended } = await startServer({
      served: { run },
      host: "127.0.0.1",
      port: 0,
      signal: end.signal,
      print: () => {},
      report: (text) => reports.push(text),
    });
    try {
      const answer = await fetch(`${url}/sample.json?n=1&seed=1`);
      assertEquals([answer.status, (await answer.json()).iteration], [200, 500]);
      await new Promise((resolve) => setTimeout(resolve, 1200)); // the folder is looked at again after a second
    } finally {
      end.abort();
      await ended;
    }
    assertEquals(reports.length, 1);
    assertStringIncludes(reports[0], `Failed: Cannot read checkpoint ${damaged}: `);
    assertEquals(reports[0].split("\n").length, 1, reports[0]);
  }));
