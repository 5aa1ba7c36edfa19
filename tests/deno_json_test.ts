/** `deno.json` against its twin for JSR, the stand-ins it links, and the code its permissions are for. */

import { assertArrayIncludes, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
const read = (file: string) => Deno.readTextFile(join(ROOT, file));
const config = JSON.parse(await read("deno.json"));

Deno.test("deno.jsr.json is deno.json without links and without a lock file", async () => {
  const { links: _, ...rest } = config;
  assertEquals(JSON.parse(await read("deno.jsr.json")), { ...rest, lock: false }, "bring both files in step");
});

Deno.test("deno.json links a stand-in, with a version in range, for every import from JSR", async () => {
  const standIns = await Promise.all(
    (config.links as string[]).map(async (folder) => JSON.parse(await read(`${folder}/deno.json`))),
  );
  const wanted = Object.entries(config.imports as Record<string, string>).filter(([, to]) => to.startsWith("jsr:"));
  assertEquals(standIns.map(({ name }) => name).sort(), wanted.map(([name]) => name).sort());
  for (const [name, to] of wanted) {
    const [major, minor] = to.split("@^")[1].split(".").map(Number);
    const found = standIns.find((standIn) => standIn.name === name).version.split(".").map(Number);
    assertEquals(found[0], major, name);
    assertEquals(found[1] >= minor, true, name);
  }
});

Deno.test("deno.json lets training reach every host that data sets are downloaded from", async () => {
  const train = config.tasks.train.command as string;
  const allowed = /--allow-net=(\S+)/.exec(train)![1].split(",");
  for await (const { name } of Deno.readDir(join(ROOT, "datasets"))) {
    if (!name.endsWith(".ts")) continue;
    const hosts = [...(await read(`datasets/${name}`)).matchAll(/"https?:\/\/([^/"]+)\//g)].map(([, host]) => host);
    assertArrayIncludes(allowed, hosts, name);
  }
});

Deno.test("deno.json gives every task that may open a device the environment it needs", () => {
  for (
    const task of ["train", "sample", "evaluate", "assign", "compare", "serve", "bench", "test", "test:jsr", "doc"]
  ) {
    assertStringIncludes(config.tasks[task].command, "--env-file=compat/gpu.env");
  }
});

Deno.test("compat/gpu.env keeps the Vulkan loader quiet and a user's value as it is", async () => {
  const run = async (env: Record<string, string>) => {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        "--env-file=compat/gpu.env",
        "await navigator.gpu.requestAdapter(); console.log(Deno.env.get('XDG_RUNTIME_DIR'))",
      ],
      cwd: ROOT,
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "", ...env },
    }).output();
    const decoder = new TextDecoder();
    return { out: decoder.decode(stdout).trim(), error: decoder.decode(stderr) };
  };
  assertEquals(await run({}), { out: "/nonexistent", error: "" });
  assertEquals((await run({ XDG_RUNTIME_DIR: "/run/user/7" })).out, "/run/user/7");
});
