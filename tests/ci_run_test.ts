/** `.ci/run` with a launcher that only prints: what its last line and its exit code make of a run. */

import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const RUN = fromFileUrl(new URL("../.ci/run", import.meta.url));

/** Exit code and last line where `./hmog` is the script given. */
async function gate(hmog: string): Promise<[code: number, lastLine: string]> {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(root, ".ci"));
    await Deno.copyFile(RUN, join(root, ".ci", "run"));
    await Deno.writeTextFile(join(root, "deno.lock"), "{}");
    await Deno.writeTextFile(join(root, "hmog"), `#!/bin/sh\n${hmog}\n`, { mode: 0o755 });
    const bin = join(root, "bin"); // has a browser, so that none is installed
    await Deno.mkdir(bin);
    await Deno.writeTextFile(join(bin, "chromium"), "", { mode: 0o755 });
    const env = { PATH: `${bin}:${Deno.env.get("PATH")}` };
    const { code, stdout } = await new Deno.Command("bash", { args: [join(root, ".ci", "run")], stdin: "null", env })
      .output();
    return [code, new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1)!];
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const cases: [claim: string, hmog: string, code: number, lastLine: string][] = [
  [
    "adds up tests and examples",
    `case $1 in test) echo "ok | 12 passed (3 steps) | 0 failed (2s)" ;; doc) echo "ok | 4 passed | 0 failed (1s)" ;; esac`,
    0,
    "16 passed, 0 failed",
  ],
  [
    "names what was skipped",
    `[ $1 != test ] || echo "ok | 5 passed | 0 failed | 2 ignored (2s)"`,
    0,
    "5 passed, 0 failed, 2 skipped",
  ],
  [
    "fails with a failing test",
    `[ $1 != test ] || { echo "FAILED | 10 passed | 1 failed (3 steps) (2s)"; exit 1; }`,
    1,
    "10 passed, 1 failed",
  ],
  [
    "runs once more, and counts once, where a process dies after its last test",
    `case $1 in
    test) echo "ok | 5 passed | 0 failed (2s)"; [ -e died ] || { touch died; kill -ABRT $$; } ;;
    esac`,
    0,
    "5 passed, 0 failed",
  ],
  [
    "fails where a process dies twice",
    `[ $1 != test ] || { echo "ok | 5 passed | 0 failed (2s)"; kill -ABRT $$; }`,
    1,
    "5 passed, 0 failed",
  ],
  [
    "tries no failing test again",
    `case $1 in test) [ -e failed ] && echo "ok | 1 passed | 0 failed (2s)" || { touch failed; echo "FAILED | 0 passed | 1 failed (2s)"; exit 1; } ;; esac`,
    1,
    "0 passed, 1 failed",
  ],
  [
    "fails where a static check fails",
    `case $1 in test) echo "ok | 5 passed | 0 failed (2s)" ;; static) exit 1 ;; esac`,
    1,
    "5 passed, 0 failed",
  ],
  [
    "fails where the run breaks before any test",
    `echo "error: Type checking failed."; exit 1`,
    1,
    "0 passed, 0 failed",
  ],
  ["fails where no test ran", "exit 0", 1, "0 passed, 0 failed"],
  [
    "fails where the lock file was behind",
    `[ $1 != test ] || { echo "ok | 5 passed | 0 failed (2s)"; echo changed >deno.lock; }`,
    1,
    "5 passed, 0 failed",
  ],
];

for (const [claim, hmog, code, lastLine] of cases) {
  Deno.test({
    name: `.ci/run ${claim}`,
    ignore: Deno.build.os === "windows", // it is a bash script
    fn: async () => assertEquals(await gate(hmog), [code, lastLine]),
  });
}
