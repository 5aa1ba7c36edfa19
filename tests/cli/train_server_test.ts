import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runTaskFile, startTaskFile } from "./task.ts";

/** A run on points drawn by code, long enough to be asked something, with few and small kernels. */
const RUN = ["--dataset", "ring8", "--depth", "1", "--batch", "8", "--iterations", "100000", "--no-tune"];

Deno.test("train --serve answers while it trains: what is served, how it goes, each checkpoint; SIGTERM ends both", async () => {
  const runs = await Deno.makeTempDir();
  try {
    const task = startTaskFile("cli/train.ts", [...RUN, "--runs", runs, "--serve", "0"]);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await task.lineWith("Serving on"))![0];
    const events = (await fetch(`${url}/events`)).body!.pipeThrough(new TextDecoderStream()).getReader();
    let told = "";
    while (!told.includes("event: checkpoint") || !told.includes("event: metrics")) told += (await events.read()).value;
    await events.cancel();
    while ((await (await fetch(`${url}/v2/health/ready`)).json()).ready !== true);
    const { runs: [{ dataset, training }] } = await (await fetch(`${url}/runs`)).json();
    assertEquals([dataset, training], ["ring8", true]);
    const { iterations, series } = await (await fetch(`${url}/curves`)).json();
    assert(iterations.length > 0 && "criticLoss" in series);
    const { samples, shape } = await (await fetch(`${url}/sample.json?n=2&seed=1`)).json();
    assertEquals([samples.length, shape], [2, [2, 1, 1, 2]]);
    task.process.kill("SIGTERM");
    const { code, stdout, stderr } = await task.ended();
    assertEquals([code, stderr.trim()], [0, "Stopping after this iteration; again to stop at once"]);
    assertStringIncludes(stdout, "Stopped at iteration");
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
});

Deno.test("train --serve refuses a port that is taken and leaves no run behind", async () => {
  const runs = await Deno.makeTempDir();
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { code, stdout, stderr } = await runTaskFile("cli/train.ts", [
      ...RUN,
      "--runs",
      runs,
      "--serve",
      String(taken.addr.port),
    ]);
    assertEquals([code, stdout], [1, ""], "it is told before the work");
    assertStringIncludes(stderr, "another program has it, expected another port");
    assertEquals(await Array.fromAsync(Deno.readDir(runs)), []);
    assertEquals((await runTaskFile("cli/train.ts", [...RUN, "--serve", "65536"])).code, 2);
  } finally {
    taken.close();
    await Deno.remove(runs, { recursive: true });
  }
});
