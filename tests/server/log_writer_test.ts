import { assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../../core/sampling/run.ts";
import { LogWriter } from "../../server/log_writer.ts";

Deno.test("LogWriter adds whole lines to a file, soon and at the latest when it is disposed of", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "before\n");
    {
      await using writer = await LogWriter.open(path);
      for (let i = 0; i < 1000; i++) writer.write(`line ${i}`);
      while ((await Deno.readTextFile(path)).length < 1000) await new Promise((resolve) => setTimeout(resolve, 20));
      writer.write("last");
    }
    const lines = (await Deno.readTextFile(path)).split("\n");
    assertEquals([lines[0], lines[1], lines[1000], lines.at(-2), lines.at(-1)], [
      "before",
      "line 0",
      "line 999",
      "last",
      "",
    ]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("LogWriter leaves lines out that would fill the memory, and says how many", async () => {
  const path = await Deno.makeTempFile();
  try {
    {
      await using writer = await LogWriter.open(path);
      for (let i = 0; i < 20; i++) writer.write("x".repeat(100_000));
    }
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    assertEquals(JSON.parse(lines.at(-1)!), { lostLines: 20 - (lines.length - 1) });
    const message = `Cannot write the access log ${path}/none: a part of the path is a file, expected a folder`;
    await assertRejects(() => LogWriter.open(`${path}/none`), RunError, message);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("LogWriter stops no server where nothing can be written", { ignore: Deno.build.os !== "linux" }, async () => {
  // A disk without space, which only a process with all permissions may open.
  const program = `import { LogWriter } from ${JSON.stringify(import.meta.resolve("../../server/log_writer.ts"))};
    await using writer = await LogWriter.open("/dev/full");
    writer.write("lost");`;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: ["eval", program] }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});
