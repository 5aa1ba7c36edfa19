import { assertEquals, assertStringIncludes } from "@std/assert";
import { withTinyRuns } from "../sampling/tiny_run.ts";
import { runTaskFile, startTaskFile } from "./task.ts";

Deno.test("serve answers on a port; SIGTERM: not ready at once, answers let out, exit code 0", () =>
  withTinyRuns(async (_, checkpoint) => {
    const task = startTaskFile("cli/serve.ts", ["--run", checkpoint, "--port", "0"]);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await task.firstLine())![0];
    assertEquals((await (await fetch(`${url}/health`)).json()).iteration, 500);
    await ready(url, 200);
    const asked = Array.from({ length: 12 }, (_, seed) =>
      // more than can be answered in between
      fetch(`${url}/sample?n=256&seed=${seed}&leaf=1`).then((response) => response.bytes()));
    await ready(url, 200); // those before this one have arrived
    task.process.kill("SIGTERM");
    while (await statusOf(`${url}/v2/health/ready`) === 200);
    await ready(url, 503);
    for (const picture of asked) assertEquals((await picture).subarray(1, 4), new TextEncoder().encode("PNG"));
    const { code, stderr, stdout } = await task.ended();
    assertEquals([code, stderr], [0, ""]);
    const lines = stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    assertEquals(lines.filter(({ path, status }) => path === "/sample" && status === 200).length, asked.length);
  }));

Deno.test(
  "serve ends at once at the second Ctrl-C, with exit code 130",
  { ignore: Deno.build.os === "windows" },
  () =>
    withTinyRuns(async (_, checkpoint) => {
      const task = startTaskFile("cli/serve.ts", ["--run", checkpoint, "--port", "0", "--access-log", "off"]);
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await task.firstLine())![0];
      const asked = Array.from({ length: 64 }, (_, seed) =>
        // more than can be answered in between
        fetch(`${url}/sample?n=256&seed=${seed}`).then((response) => response.bytes()).catch(() => null));
      await ready(url, 200);
      task.process.kill("SIGINT");
      while (await statusOf(`${url}/v2/health/ready`) === 200);
      task.process.kill("SIGINT");
      assertEquals((await task.ended()).code, 130);
      await Promise.all(asked);
    }),
);

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

const ready = async (url: string, status: number) => assertEquals(await statusOf(`${url}/v2/health/ready`), status);

Deno.test("serve refuses with one sentence where the port is taken, exit code 1", () =>
  withTinyRuns(async (_, checkpoint) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const args = ["--run", checkpoint, "--port", String(taken.addr.port)];
      const { code, stderr } = await runTaskFile("cli/serve.ts", args);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `port ${taken.addr.port}: another program has it, expected another port`);
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
