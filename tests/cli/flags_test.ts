import { assertEquals, assertThrows } from "@std/assert";
import { helpText, readFlags, UsageError } from "../../cli/flags.ts";
import { exitCodeOf } from "../../cli/run_task.ts";

const FLAGS = {
  dataset: { kind: "text", meaning: "Data set", value: "NAME" },
  depth: { kind: "integer", meaning: "Levels" },
  lr: { kind: "number", meaning: "Step size" },
  quiet: { kind: "switch", meaning: "No progress" },
} as const;

Deno.test("readFlags() reads texts, numbers and switches", () => {
  assertEquals(readFlags(["--dataset", "mnist", "--depth=3", "--lr", "1e-4", "--quiet"], FLAGS), {
    dataset: "mnist",
    depth: 3,
    lr: 1e-4,
    quiet: true,
  });
  for (const help of ["--help", "-h"]) assertEquals(readFlags([help], FLAGS), { help: true });
  assertEquals(readFlags(["--depth", "-1"], FLAGS), { depth: -1 });
  assertEquals(readFlags(["--quiet", "--quiet"], FLAGS), { quiet: true });
  assertEquals(readFlags([], FLAGS), {});
});

Deno.test("readFlags() says what is wrong with a call", () => {
  const cases: [args: string[], message: string][] = [
    [["--depht", "3"], "Cannot use --depht: there is no such flag, expected one of --help; the nearest is --depth"],
    [["-x"], "Cannot use -x: there is no such flag, expected one of --help"],
    [["--constructor"], "Cannot use --constructor: there is no such flag"],
    [["mnist"], 'Cannot use "mnist": it belongs to no flag'],
    [["--depth", "deep"], "Cannot use --depth deep: expected a whole number"],
    [["--depth", "2.5"], "Cannot use --depth 2.5: expected a whole number"],
    [["--lr", "fast"], "Cannot use --lr fast: expected a number"],
    [["--lr"], "Cannot use --lr alone: expected a number after it"],
    [["--dataset="], "Cannot use --dataset alone: expected a text after it"],
    [["--depth", "1", "--quiet", "--depth=2"], "Cannot use --depth twice: found 1 and 2, expected one of them"],
    [["--quiet=yes"], "Cannot use --quiet=yes: the flag takes no value"],
  ];
  for (const [args, message] of cases) assertThrows(() => readFlags(args, FLAGS), UsageError, message);
});

Deno.test("helpText() lists every flag", () => {
  assertEquals(
    helpText("deno task train [flags]", FLAGS),
    `deno task train [flags]

  --dataset NAME  Data set
  --depth N       Levels
  --lr X          Step size
  --quiet         No progress
  --help          Print this; so does -h`,
  );
});

Deno.test("exitCodeOf() is 0, 1 or 2 and reports one line", async () => {
  const lines: string[] = [];
  const codeOf = (error?: unknown) =>
    exitCodeOf(
      "train",
      () => error === undefined ? Promise.resolve() : Promise.reject(error),
      (line) => lines.push(line),
    );
  assertEquals(await codeOf(), 0);
  assertEquals(await codeOf(new RangeError("Cannot do:\n  two lines")), 1);
  assertEquals(await codeOf(new UsageError("Cannot use it")), 2);
  assertEquals(await codeOf(new SyntaxError("Cannot use entry \x1b[2J\x07.jpg\r")), 1);
  assertEquals(lines, [
    "train: Cannot do: two lines",
    "train: Cannot use it",
    "train: Cannot use entry \\x1b[2J\\x07.jpg\\x0d",
  ]);
});
