import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { names } from "../in_folder.ts";
import { TINY_RUN, withTinyRuns } from "../sampling/tiny_run.ts";
import { ROOT, runTaskFile } from "./task.ts";

const KEYS = ["seed", "index", "leaf", "weights", "gates", "path"];

const sample = (...args: string[]) => runTaskFile("cli/sample.ts", args);

Deno.test("sample writes a grid and the paths, the same ones for the same seed", () =>
  withTinyRuns(async (runs, checkpoint) => {
    const files = ["a", "b"].map((name) => ({ png: `${runs}/${name}.png`, json: `${runs}/${name}.json` }));
    for (const { png, json } of files) {
      const args = ["--run", checkpoint, "--n", "6", "--seed", "0", "--leaf", "1", "--out", png, "--json", json];
      const { code, stdout, stderr } = await sample(...args);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, `Wrote ${png}: 6 pictures of seed 0 from ${checkpoint}`);
    }
    const [a, b] = await Promise.all(files.map(({ png }) => Deno.readFile(png)));
    assertEquals(a, b);
    assertEquals([decode(a).width, decode(a).height], [3 * 66 + 2, 2 * 66 + 2]);
    const { seed, samples } = JSON.parse(await Deno.readTextFile(files[0].json));
    assertEquals([seed, samples.length, Object.keys(samples[0])], [0, 6, KEYS]);
  }));

Deno.test("sample forces decisions, and takes the newest weights where it is told to", () =>
  withTinyRuns(async (runs, checkpoint) => {
    const [json, out] = [`${runs}/paths.json`, `${runs}/grid.png`];
    const draw = async (...args: string[]) => {
      const files = ["--json", json, "--out", out];
      const { code, stderr } = await sample("--run", checkpoint, "--n", "2", "--seed", "0", ...files, ...args);
      assertEquals([code, stderr], [0, ""]);
      const { samples } = JSON.parse(await Deno.readTextFile(json)) as { samples: { gates: number[] }[] };
      return samples.map(({ gates }) => gates);
    };
    const free = await draw();
    const forced = await draw("--force", "0:left,2:right", "--node", "1", "--temperature", "2");
    assertEquals(forced.map(([root, , right]) => [root, right]), [[1, 0], [1, 0]]);
    assertNotEquals(await draw("--live"), free);
  }));

Deno.test("sample reads and writes where it is called from, and looks for usual runs where the program is", () =>
  withTinyRuns(async (from) => {
    await Deno.mkdir(`${from}/here`);
    const run = (...args: string[]) => runTaskFile("cli/sample.ts", ["--n", "2", ...args], { from: `${from}/here` });
    const files = ["--out", "grid.png", "--json", "../paths.json"];
    for (const named of [["--run", `../${TINY_RUN}`], ["--run", "0", "--runs", ".."]]) {
      const { code, stdout, stderr } = await run(...named, ...files);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, `Wrote grid.png: 2 pictures of seed 1 from ../${TINY_RUN}/checkpoint-000500`);
      assertEquals([await names(from), await names(`${from}/here`)], [[TINY_RUN, "here", "paths.json"], ["grid.png"]]);
      await Deno.remove(`${from}/here/grid.png`);
    }
    assertStringIncludes((await run("--run", "99999")).stderr, `${ROOT}runs/ `);
  }));

Deno.test("sample --tree draws every node, a row for every level", () =>
  withTinyRuns(async (runs, checkpoint) => {
    const [out, tree] = [`${runs}/grid.png`, `${runs}/tree.png`];
    const { code, stdout, stderr } = await sample("--run", checkpoint, "--n", "4", "--out", out, "--tree", tree);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout.trim().split("\n").map((line) => line.split(":")[0]), [`Wrote ${out}`, `Wrote ${tree}`]);
    const { width, height } = decode(await Deno.readFile(tree));
    assert(width > 2 * 4 * 100 && height > 2 * 3 * 100, `${width}x${height}`); // 4 leaves, 3 levels, twice as large
  }));

Deno.test("sample counts one picture as one", () =>
  withTinyRuns(async (runs, checkpoint) => {
    const { stdout } = await sample("--run", checkpoint, "--n", "1", "--out", `${runs}/one.png`);
    assertStringIncludes(stdout, `Wrote ${runs}/one.png: 1 picture of seed 1 from`);
  }));

Deno.test("sample -h shows how it is called", async () => {
  const { code, stdout } = await sample("-h");
  assertEquals(code, 0);
  assertStringIncludes(stdout, "Draws pictures from a run, and tells the path of each.\n\n  ./hmog sample --run 0");
});

Deno.test("sample refuses with one sentence: exit code 2 for usage, 1 for the rest", () =>
  withTinyRuns(async (runs, checkpoint) => {
    await Deno.mkdir(`${runs}/empty`);
    const damaged = `${runs}/checkpoint-000001.safetensors`;
    await Deno.writeFile(damaged, (await Deno.readFile(checkpoint)).slice(0, -9));
    const unwritable = ["--json", "--tree"].map((flag): [args: string[], code: number, message: string] => [
      ["--run", checkpoint, "--out", `${runs}/grid.png`, flag, `${runs}/no/file`],
      1,
      `Cannot write ${runs}/no/file: there is no such folder`,
    ]);
    const cases: [args: string[], code: number, message: string][] = [
      ...unwritable,
      [[], 2, "Cannot sample without a run"],
      [["--run", checkpoint, "--sede", "1"], 2, "the nearest is --seed"],
      [["--run", checkpoint, "--forced"], 2, "expected --leaf N or --node N too"],
      [["--run", checkpoint, "--force", "0:up"], 2, 'Cannot force "0:up": expected nodes with a side each'],
      [["--run", checkpoint, "--temperature", "0"], 2, "Cannot sample with temperature 0: expected a number from 0.01"],
      [["--run", checkpoint, "--force", "3:left"], 1, "node 3: expected a whole number from 0 to 2"],
      [["--run", `${runs}/nowhere`], 1, "there is no such folder"],
      [["--run", `${runs}/empty`], 1, "it has no checkpoint"],
      [["--run", damaged], 1, `Cannot read checkpoint ${damaged}: found`],
      [["--run", checkpoint, "--leaf", "4"], 1, "Cannot sample with leaf 4: expected a whole number from 0 to 3"],
      [["--run", `${runs}/nowhere`, "--n", "0"], 2, "Cannot sample with n 0: expected a whole number from 1 to 16384"],
      [["--run", `${runs}/nowhere`, "--seed", "-1"], 2, "Cannot sample with seed -1: expected a whole number from 0"],
      [
        ["--run", `${runs}/nowhere`, "--leaf", "-1"],
        2,
        "Cannot sample with leaf -1: expected a whole number from 0 on",
      ],
      [["--run", checkpoint, "--out", `${runs}/no/such/folder.png`], 1, `Cannot write ${runs}/no/such/folder.png`],
    ];
    for (const [args, code, message] of cases) {
      const found = await sample(...args);
      assertEquals([found.code, found.stdout], [code, ""], args.join(" "));
      assertStringIncludes(found.stderr, message);
      assertEquals(found.stderr.trim().split("\n").length, 1, found.stderr);
    }
    assertEquals((await names(runs)).includes("grid.png"), false, "nothing is drawn before");
  }));
