/** The launcher `./hmog`, in a folder of its own among programs that only pretend and keep a record. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
const FILES = ["hmog", "deno.json", "cli/commands.awk"];
const MAX_LINES = 90;

/** A Deno of some version; `$GPU` is a file that exists once the machine has an adapter. */
const deno = (version: string) => `
case $1 in
--version) echo "deno ${version} (stable, release)" ;;
eval) [ -e "$GPU" ] ;;
*) echo "deno ${version} $* in $PWD for $INIT_CWD" ;;
esac`;

const npm = `
case $1 in
prefix) echo /nowhere ;;
install)
  echo "npm $*" >>"$RECORD"
  mkdir -p "$4/bin"
  cp "$NEW_DENO" "$4/bin/deno" ;;
esac`;

const aptGet = `
echo "apt-get $*" >>"$RECORD"
case $1 in install) : >"$GPU" ;; esac`;

interface Setting {
  programs: Record<string, string>; // bodies of the programs found first on the PATH
  gpu?: boolean;
  args?: string[];
  from?: string; // folder to call it from
}

interface Outcome {
  code: number;
  out: string;
  said: string;
  record: string;
  root: string;
}

async function launch({ programs, gpu = true, args = ["test"], from }: Setting): Promise<Outcome> {
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "hmog launcher " }));
  const place = (...parts: string[]) => join(root, ...parts);
  try {
    for (const folder of ["bin", "home", "compat", "cli"]) await Deno.mkdir(place(folder));
    for (const file of FILES) await Deno.copyFile(join(ROOT, file), place(file));
    const all = { sudo: "exit 1", curl: "exit 6", unzip: "", id: "echo 0", ...programs };
    for (const [name, body] of Object.entries(all)) {
      await Deno.writeTextFile(place("bin", name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    }
    await Deno.writeTextFile(place("new_deno"), `#!/bin/sh\n${deno("2.10.1")}\n`, { mode: 0o755 });
    await Deno.writeTextFile(place("record"), "");
    if (gpu) await Deno.writeTextFile(place("gpu"), "");
    const { code, stdout, stderr } = await new Deno.Command(place("hmog"), {
      args,
      cwd: from ?? root,
      clearEnv: true,
      env: {
        PATH: place("bin"),
        HOME: place("home"),
        GPU: place("gpu"),
        RECORD: place("record"),
        NEW_DENO: place("new_deno"),
      },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    const record = (await Deno.readTextFile(place("record"))).trim();
    return { code, out: text(stdout), said: text(stderr), record, root };
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function launcherTest(claim: string, run: () => Promise<void>): void {
  Deno.test({ name: `hmog ${claim}`, ignore: Deno.build.os === "windows", fn: run }); // it is a POSIX script
}

launcherTest("says and changes nothing where Deno and a GPU are there", async () => {
  const { code, out, said, record, root } = await launch({
    programs: { deno: deno("2.9.0"), npm, "apt-get": aptGet },
    args: ["sample", "--out", "a b.png"],
    from: "/",
  });
  assertEquals({ code, out, said, record }, {
    code: 0,
    out: `deno 2.9.0 task --quiet sample --out a b.png in ${root} for /`,
    said: "",
    record: "",
  });
});

launcherTest("installs Deno with npm into the user's cache where the one found is too old", async () => {
  const { code, out, said, record, root } = await launch({ programs: { deno: deno("2.8.4"), npm } });
  assertEquals(code, 0);
  assertStringIncludes(out, "deno 2.10.1 task --quiet test");
  assertStringIncludes(record, `npm install --global --prefix ${root}/home/.cache/hmog/deno`);
  assertEquals(said.split("\n").length, 1);
});

launcherTest("takes a Deno of a later major version", async () => {
  const { code, said } = await launch({ programs: { deno: deno("3.0.0"), npm } });
  assertEquals({ code, said }, { code: 0, said: "" });
});

launcherTest("says what to do where Deno can be had in no way", async () => {
  const { code, said } = await launch({ programs: { deno: deno("1.46.3"), npm: "[ $1 = prefix ] && echo /nowhere" } });
  assertEquals(code, 1);
  assertMatch(said, /Cannot run deno: found none of version 2\.9 or newer/);
});

launcherTest("installs Mesa's driver where no GPU is found", async () => {
  const { code, said, record } = await launch({
    programs: { deno: deno("2.9.6"), "apt-get": aptGet },
    gpu: false,
  });
  assertEquals({ code, said }, { code: 0, said: "hmog: installing libvulkan1 mesa-vulkan-drivers with apt-get" });
  assertMatch(record, /apt-get update .*\napt-get install .*--no-upgrade --no-remove .*mesa-vulkan-drivers/);
});

launcherTest("says what to install where it may not, and runs the task all the same", async () => {
  const { code, out, said, record } = await launch({
    programs: { deno: deno("2.9.6"), "apt-get": aptGet, id: "echo 1000" },
    gpu: false,
  });
  assertEquals({ code, record }, { code: 0, record: "" });
  assertStringIncludes(out, "task --quiet test");
  assertMatch(said, /^hmog: no GPU found: install .*mesa-vulkan-drivers/);
});

launcherTest("alone or asked for help names every command, before anything is installed", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const meanings = Object.entries<{ description: string }>(tasks).map(([name, { description }]) => [name, description]);
  for (const args of [[], ["help"], ["--help"], ["-h", "train"]]) {
    const { code, out, said, record } = await launch({ programs: { deno: "exit 9", npm: "exit 9" }, args, gpu: false });
    assertEquals([code, said, record], [0, "", ""]);
    const rows = out.split("\n").map((line) => /^ {2}\.\/hmog (\S+) +(.*)$/.exec(line)?.slice(1)).filter((row) => row);
    assertEquals(rows, meanings);
  }
});

launcherTest("names the command that is nearest to one that there is not, exit code 2", async () => {
  for (
    const [word, nearest] of [["trian", "; the nearest is train"], ["evalute", "; the nearest is evaluate"], ["-x", ""]]
  ) {
    const { code, out, said } = await launch({
      programs: { deno: "exit 9", npm: "exit 9" },
      args: [word, "--run", "0"],
    });
    assertEquals([code, out], [2, ""]);
    assertStringIncludes(said, `hmog: Cannot run ${word}: there is no such command, expected one of train, sample, `);
    assertEquals([said.split("\n").length, /; the nearest.*$/.exec(said)?.[0] ?? ""], [1, nearest]);
  }
});

launcherTest("hands on the exit code of the task", async () => {
  const failing = `case $1 in --version) echo "deno 2.9.0" ;; eval) ;; *) exit 3 ;; esac`;
  assertEquals((await launch({ programs: { deno: failing } })).code, 3);
});

launcherTest(`stays under ${MAX_LINES} lines`, async () => {
  assertEquals((await Deno.readTextFile(join(ROOT, "hmog"))).trimEnd().split("\n").length < MAX_LINES, true);
});
