import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { shade, writeFiles } from "../datasets/archives.ts";
import { inFolder, names } from "../in_folder.ts";
import { runTaskFile, startTaskFile } from "./task.ts";

const QUICK = ["--dataset", "ring8", "--seeds", "1", "--iterations", "4", "--batch", "16"];
const SCORED = [...QUICK, "--n", "40", "--metrics", "modes,tree", "--objective", "lsgan"];

/** Calls `deno task compare` with these flags to its end. */
const compare = (...args: string[]) => runTaskFile("cli/compare.ts", args);

Deno.test("compare trains, scores and draws; the same call finds everything done, others are refused", () =>
  inFolder(async (folder) => {
    const flat = [...SCORED, "--methods", "mog,madgan", "--depth", "1", "--out", `${folder}/ring`];
    const { code, stdout, stderr } = await compare(...flat, "--lr", "0.01");
    assertEquals([code, stderr], [0, ""]);
    const lines = stdout.trimEnd().split("\n");
    assertStringIncludes(lines[0], `Comparing mog, madgan on ring8 in ${folder}/ring (`);
    assertStringIncludes(lines[1], "madgan is left out: Cannot train madgan with lsgan");
    assertMatch(lines[2], /^\[1\/1\] mog, seed 0: trained in \d+ s, modes found \d, good share [\d.]+$/);
    assertEquals(lines.at(-1), `Wrote all of it into ${folder}/ring`);
    const table = await Deno.readTextFile(`${folder}/ring/table.md`);
    assertStringIncludes(stdout, table);
    assertMatch(table, /^\| Method \| modes found ↑ .*\| leaf label NMI ↑ .*\| Training, s \|$/m);
    assertStringIncludes(table, "points, 40 generated against 40 of ring8's test split, seed 0.");
    const files = ["curves", "generators-mog", "metrics", "scatter"].flatMap((name) => [`${name}.png`, `${name}.svg`]);
    const found = await names(`${folder}/ring`);
    assertEquals(files.filter((name) => !found.includes(name)), []);
    const { width, height } = decode(await Deno.readFile(`${folder}/ring/scatter.png`));
    assert(width > 400 && height > 400, `${width}x${height}`);

    const again = await compare(...flat, "--lr", "0.01");
    assertMatch(again.stdout.split("\n")[2], /^\[1\/1\] mog, seed 0: was there already, modes found \d/);
    const other = await compare(...flat, "--lr", "0.1");
    assertEquals([other.code, other.stdout.split("\n").length], [1, 2]);
    assertStringIncludes(other.stderr, "learningRate was 0.01 and is 0.1; expected the same arguments");
  }));

Deno.test("compare shows how far the classifier is that runs are scored with", () =>
  inFolder(async (folder) => {
    const pictures = Array.from(
      { length: 40 },
      async (_, i) => [`${i % 2}/${i}.png`, await shade(i % 2 * 200)] as const,
    );
    await writeFiles(`${folder}/data`, Object.fromEntries(await Promise.all(pictures)));
    const data = ["--dataset", "folder", "--data-dir", `${folder}/data`, "--size", "16", "--channels", "1"];
    const training = ["--methods", "gan", "--seeds", "1", "--iterations", "1", "--batch", "4", "--preset", "small"];
    const flags = [...data, ...training, "--objective", "non-saturating", "--metrics", "mmd", "--no-tune"];
    const env = { XDG_CACHE_HOME: `${folder}/cache` };
    const { code, stderr } = await runTaskFile("cli/compare.ts", [...flags, "--out", `${folder}/out`], { env });
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "Training a classifier (100 %)\nclassifier features of real pictures (100 %)\n");
  }));

Deno.test("compare localizes and grows trees, and its table says which methods have none", () =>
  inFolder(async (folder) => {
    const tree = ["--localize", "--grow", "--depth", "2", "--gate-temperature", "1:0.5", "--methods", "gan,hmog"];
    const { code, stderr } = await compare(...SCORED, ...tree, "--out", folder);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(await Deno.readTextFile(`${folder}/table.md`), "Cannot localize gan: it has no tree");
    const { training } = JSON.parse(await Deno.readTextFile(`${folder}/comparison.json`));
    assertEquals([training.grow, training.gateTemperature], [[1], { from: 1, to: 0.5, over: 2 }]);
    assert(training.localize !== null);
  }));

Deno.test("compare refuses a wrong call with one sentence, before anything is trained", async () => {
  const cases: [args: string[], message: string][] = [
    [[], "Cannot compare without data: expected --dataset NAME"],
    [["--dataset", "ring9"], "the nearest is ring8"],
    [["--dataset", "ring8", "--methods", "hmog,gam"], "the nearest is gan"],
    [["--dataset", "ring8", "--seeds", "0"], "Cannot compare with 0 seeds: expected a whole number from 1"],
    [["--dataset", "ring8", "--metrics", "mode"], "the nearest is modes"],
    [["--dataset", "ring8", "--n", "0"], "Cannot score 0 samples"],
    [
      ["--dataset", "ring8", "--n", "5", "--metrics", "prdc"],
      "Cannot compute prdc of ring8 by points: found 5 samples",
    ],
    [["--dataset", "ring8", "--objective", "wgan", "--methods", "madgan"], "Cannot train madgan with wgan"],
    [["--dataset", "glyphs", "--methods", "madgan"], "Cannot train madgan with wgan-gp"],
    [["--dataset", "celeba", "--methods", "gan", "--size", "40"], "Cannot use images of 40x40 with a body of 4"],
    // On points the objective is another, and only what comes later is wrong.
    [["--dataset", "ring8", "--methods", "madgan", "--channels", "1"], "Cannot draw ring8 with 1 channels"],
    [["--dataset", "ring8", "--methods", "gan", "--grow"], "Cannot grow gan: it has no tree"],
    [["--dataset", "ring8", "--gate-temperature", "0"], "Cannot use gate temperature 0: expected a number above 0"],
    [["--dataset", "ring8", "--batch", "55000"], "Cannot draw batches of 55000 from 50000 images"],
    [["--recipe", "toys"], "the nearest is toy"],
    [["--recipe", "toy", "--lr", "1"], "Cannot use --lr with --recipe"],
  ];
  const results = await Promise.all(cases.map(([args]) => compare(...args, "--out", "/nonexistent/comparison")));
  for (const [i, { code, stdout, stderr }] of results.entries()) {
    assertEquals([code, stdout], [2, ""], cases[i][0].join(" "));
    assertStringIncludes(stderr, cases[i][1]);
    assertEquals(stderr.trimEnd().split("\n").length, 1);
  }
});

Deno.test("compare refuses a folder that it cannot write into before data are read", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const { code, stdout, stderr } = await compare(...QUICK, "--out", `${folder}/file/new`);
    const message = `compare: Cannot write into ${folder}/file/new: a part of the path is a file, expected a folder; ` +
      "--out names another folder";
    assertEquals([code, stdout, stderr.trim()], [1, "", message]);
  }));

Deno.test("compare in which every training fails says so in its table and exits 1", () =>
  inFolder(async (folder) => {
    const failing = ["--dataset", "ring8", "--methods", "gan", "--seeds", "1", "--iterations", "4", "--r1", "1e38"];
    const { code, stderr } = await compare(...failing, "--batch", "16", "--no-tune", "--out", folder);
    const message = `compare: Cannot compare: no run could be scored, expected one at least; see ${folder}/table.md`;
    assertEquals([code, stderr.trim()], [1, message]);
    assertMatch(await Deno.readTextFile(`${folder}/table.md`), /^- gan: seed 0: .* is Infinity at iteration 1/m);
  }));

Deno.test(
  "compare that is stopped and cannot save what it did says so and exits 1",
  { ignore: Deno.build.os === "windows" },
  () =>
    inFolder(async (folder) => {
      const out = `${folder}/out`;
      const endless = ["--dataset", "ring8", "--methods", "gan", "--seeds", "1", "--iterations", "100000", "--no-tune"];
      const task = startTaskFile("cli/compare.ts", [...endless, "--batch", "16", "--out", out]);
      await task.firstLine();
      const log = `${out}/cells/gan-0/00000-ring8-gan-toy/metrics.jsonl`;
      while (await Deno.stat(log).catch(() => null) === null) await new Promise((resolve) => setTimeout(resolve, 50));
      await Deno.remove(out, { recursive: true });
      task.process.kill("SIGTERM");
      const { code, stdout, stderr } = await task.ended();
      assertEquals(code, 1, stdout);
      assertMatch(stderr, /\ncompare: Cannot write \S+: [^\n]+\n$/);
    }),
);

Deno.test("compare -h names every flag and the recipes", async () => {
  const { code, stdout } = await compare("-h");
  assertEquals(code, 0);
  for (const text of ["--recipe NAME", "toy (ring8, grid25)", "fashion-small (fashionmnist)", "--methods", "(3)"]) {
    assertStringIncludes(stdout, text);
  }
});
