import { assertEquals, assertStringIncludes } from "@std/assert";
import { withTinyRuns } from "../sampling/tiny_run.ts";
import { runTaskFile, startTaskFile } from "./task.ts";

Deno.test("serve answers on a port, names the run, and SIGTERM lets answers out before it exits 0", () =>
  withTinyRuns(async (_, checkpoint) => {
    const task = startTaskFile("cli/serve.ts", ["--run", checkpoint, "--port", "0"]);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await task.firstLine())![0];
    assertEquals((await (await fetch(`${url}/health`)).json()).iteration, 500);
    const asked = fetch(`${url}/sample?n=200&seed=1&leaf=1`).then((response) => response.bytes());
    await (await fetch(`${url}/health`)).body?.cancel(); // the request before this one has arrived
    task.process.kill("SIGTERM");
    assertEquals((await asked).subarray(1, 4), new TextEncoder().encode("PNG"));
    const { code, stderr } = await task.ended();
    assertEquals([code, stderr], [0, ""]);
  }));

Deno.test(
  "serve ends at once at the second Ctrl-C, with exit code 130",
  { ignore: Deno.build.os === "windows" },
  () =>
    withTinyRuns(async (_, checkpoint) => {
      const task = startTaskFile("cli/serve.ts", ["--run", checkpoint, "--port", "0"]);
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await task.firstLine())![0];
      const asked = Array.from({ length: 64 }, (_, seed) =>
        // more than can be answered in between
        fetch(`${url}/sample?n=256&seed=${seed}`).then((response) => response.bytes()).catch(() => null));
      await (await fetch(`${url}/health`)).body?.cancel();
      task.process.kill("SIGINT");
      while (await fetch(`${url}/health`).then((response) => response.bytes()).then(() => true, () => false));
      task.process.kill("SIGINT");
      assertEquals((await task.ended()).code, 130);
      await Promise.all(asked);
    }),
);

Deno.test("serve refuses with one sentence where the port is taken, exit code 1", () =>
  withTinyRuns(async (_, checkpoint) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const args = ["--run", checkpoint, "--port", String(taken.addr.port)];
      const { code, stderr } = await runTaskFile("cli/serve.ts", args);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `port ${taken.addr.port}: another program has it, expected a free port`);
      assertEquals(stderr.trim().split("\n").length, 1);
    } finally {
      taken.close();
    }
  }));

Deno.test("serve refuses flags it does not know and ports there are not, exit code 2", async () => {
  for (
    const [args, message] of [[["--prot", "1"], "the nearest is --port"], [
      ["--run", "x", "--port", "65536"],
      "65535",
    ]] as const
  ) {
    const { code, stderr } = await runTaskFile("cli/serve.ts", args);
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
  }
});
