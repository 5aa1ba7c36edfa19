import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readFlags, UsageError } from "../../cli/flags.ts";
import { FLAGS, settingsOf, tokenOf } from "../../cli/serve_flags.ts";
import { FLAGS as TRAIN_FLAGS } from "../../cli/train_flags.ts";

const settings = (...args: string[]) => settingsOf(readFlags(args, FLAGS));

Deno.test("settingsOf() serves this machine alone unless told, with what the flags ask for", () => {
  const { served, host, port, origins } = settings("--run", "0");
  assertEquals([served, host, port, origins], [{ run: "0" }, "127.0.0.1", 8000, []]);
  const all = settings(
    ...["--runs", "runs", "--host", "::1", "--port", "0", "--cors", "https://a.example, http://localhost:3000"],
    ...["--rate-limit", "0.5", "--queue", "100", "--deadline", "2.5"],
  );
  assertEquals(settings("--run", "0", "--runs", "x").served, { run: "0" });
  assertEquals(all, {
    served: { runs: "runs" },
    host: "::1",
    port: 0,
    queue: 100,
    rate: 0.5,
    deadline: 2500,
    origins: ["https://a.example", "http://localhost:3000"],
  });
});

Deno.test("settingsOf() refuses what cannot be served, naming the flag", () => {
  const cases: [args: string[], message: string][] = [
    [[], "Cannot serve without a run"],
    [["--run", "0", "--port", "65536"], "--port 65536"],
    [["--run", "0", "--queue", "0"], "--queue 0"],
    [["--run", "0", "--deadline", "0"], "--deadline 0"],
    [["--run", "0", "--rate-limit", "-1"], "--rate-limit -1"],
    [["--run", "0", "--cors", "a.example"], "--cors a.example"],
    [["--run", "0", "--cors", "https://a.example/path"], "expected origins such as"],
  ];
  for (const [args, message] of cases) assertThrows(() => settings(...args), UsageError, message);
});

Deno.test("tokenOf() takes the file before the environment, and no token that is too short", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "correct-horse\n");
    assertEquals(await tokenOf(path, "other-token"), "correct-horse");
    assertEquals(await tokenOf(undefined, "other-token"), "other-token");
    assertEquals([await tokenOf(undefined, undefined), await tokenOf(undefined, "")], [undefined, undefined]);
    for (const bad of ["", "short", "two words here"]) {
      await Deno.writeTextFile(path, bad);
      const error = await assertRejects(() => tokenOf(path, undefined), UsageError, "expected one word of at least 8");
      assertEquals(bad !== "" && error.message.includes(bad), false, "a token is not printed");
    }
    const missing = `${path}.none`;
    const message =
      `Cannot read the token file ${missing}: there is no such file, expected a file that holds the token`;
    await assertRejects(() => tokenOf(missing, undefined), UsageError, message);
    await assertRejects(() => tokenOf("tests", undefined), UsageError, "file tests: it is a folder, expected");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("readFlags() takes a flag alone for its usual value", () => {
  const serve = (...args: string[]) => readFlags(args, TRAIN_FLAGS).serve;
  assertEquals([serve("--serve"), serve("--serve", "--quiet"), serve("--serve", "0"), serve("--serve=9"), serve()], [
    8000,
    8000,
    0,
    9,
    undefined,
  ]);
  assertThrows(() => serve("--serve", "x"), UsageError, "Cannot use --serve x: expected a whole number");
});
