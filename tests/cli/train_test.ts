import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DATASET_NAMES } from "../../datasets/registry.ts";
import { inFolder } from "../in_folder.ts";
import { shapes } from "../train/shapes.ts";
import { runTaskFile, startTaskFile } from "./task.ts";

const COUNT = 64;

/** Calls `deno task train` with these flags to its end. */
const train = (...args: string[]) => runTaskFile("cli/train.ts", args);

/** A folder with a data set in the files of MNIST, and a place for runs. */
async function withData(task: (data: string[], runs: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const { images } = shapes(COUNT);
    const inside = images.filter((_, i) => i % 32 >= 2 && i % 32 < 30 && i / 32 % 32 >= 2 && i / 32 % 32 < 30);
    await Deno.writeFile(`${folder}/train-images-idx3-ubyte`, idx([COUNT, 28, 28], inside));
    await Deno.writeFile(`${folder}/train-labels-idx1-ubyte`, idx([COUNT], new Uint8Array(COUNT)));
    await task(["--dataset", "mnist", "--data-dir", folder], `${folder}/runs`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** An IDX file of bytes. */
function idx(shape: number[], data: Uint8Array): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + data.length);
  file.set([0, 0, 8, shape.length]);
  shape.forEach((length, i) => new DataView(file.buffer).setUint32(4 + 4 * i, length));
  file.set(data, 4 + 4 * shape.length);
  return file;
}

Deno.test("train writes a run and says what it does; --resume goes on with it", () =>
  withData(async (data, folder) => {
    const runs = `${folder} of mine`;
    const tiny = [...data, "--preset", "tiny", "--batch", "8", "--runs", runs];
    const first = await train(...tiny, "--iterations", "3");
    assertEquals([first.code, first.stderr], [0, ""]);
    const lines = first.stdout.trimEnd().split("\n");
    assertMatch(lines[0], /^Preset tiny: as asked \(.+\)$/);
    assertStringIncludes(lines[1], `Data: ${COUNT} images of mnist, 32x32x1, from `);
    assertStringIncludes(lines[2], `Training ${runs}/00000-mnist-hmog-tiny from iteration 0 to 3 (wgan-gp, batch 8`);
    assertMatch(lines.at(-2)!, /^3\/3 {2}critic -?[\d.]+ {2}generator -?[\d.]+ {2}[\d.]+ images\/s {2}done$/);
    assertMatch(lines.at(-1)!, /^Trained 3 iterations in \d+ s; /);
    const command = `; draw from it with: ./hmog sample --run '${runs}/00000-mnist-hmog-tiny'`;
    assertEquals(lines.at(-1)!.slice(-command.length), command);

    const again = [...data.slice(2), "--runs", runs, "--quiet"];
    assertEquals(await train("--resume", "0", "--iterations", "4", ...again), { code: 0, stdout: "", stderr: "" });
    const done = await train("--resume", "0", ...again);
    assertEquals([done.code, done.stderr.split("\n").length], [2, 2]);
    assertStringIncludes(done.stderr, "4 iterations are done, expected more with --iterations");
  }));

Deno.test("train --grow says when leaves are split", () =>
  withData(async (data, runs) => {
    const tiny = [...data, "--preset", "tiny", "--batch", "8", "--runs", runs, "--iterations", "4", "--grow"];
    const { code, stdout, stderr } = await train(...tiny);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "\nDepth 2 after iteration 1: 4 leaves\n");
  }));

Deno.test("train -h names every flag with its default", async () => {
  const { code, stdout } = await train("-h");
  assertEquals(code, 0);
  const meaning = (flag: string) => stdout.split("\n").find((line) => line.startsWith(`  --${flag} `))!;
  assertStringIncludes(meaning("batch"), "(paper 128, small 64, tiny 16, toy 256)");
  assertStringIncludes(meaning("iterations"), "(paper 250 epochs, small 1500, tiny 30, toy 8000)");
  const given = ["dataset", "resume", "epochs", "no-tune", "dry-run", "quiet", "help", "localize", "grow"]; // have none
  for (const line of stdout.split("\n").filter((line) => line.startsWith("  --"))) {
    const flag = /--([a-z-]+)/.exec(line)![1];
    assert(given.includes(flag) || line.endsWith(")"), line);
  }
});

Deno.test("train --dry-run prints options, parameter counts, dispatches and GPU memory and makes no folder", () =>
  withData(async (data, runs) => {
    const dry = [...data, "--preset", "tiny", "--batch", "8", "--runs", runs, "--dry-run"];
    const { code, stdout, stderr } = await train(...dry);
    const printed = JSON.parse(stdout);
    assertEquals([code, printed.options.batch, printed.options.model.depth], [0, 8, 2]);
    assert(printed.parameters.generator > 1000 && printed.programs.critic.dispatches > 10);
    const peak = /^GPU memory: at most ([\d.]+) MB \(.+\), [\d.]+ times the largest live set of [\d.]+ MB$/m.exec(
      stderr,
    );
    assertEquals(peak?.[1], (printed.memory.peak / 1e6).toFixed(1));
    assert(printed.memory.state > 4 * printed.parameters.generator && printed.memory.peak > printed.gpuBytes);
    assertEquals(await Deno.stat(runs).catch(() => null), null);
    assertEquals(await train(...dry, "--quiet"), { code: 0, stdout, stderr: "" });
  }));

Deno.test("train --dry-run takes points with a method that pictures would need another objective for", async () => {
  const toy = ["--dataset", "ring8", "--method", "madgan", "--depth", "1", "--batch", "8", "--dry-run"];
  const { code, stdout, stderr } = await train(...toy);
  assertEquals(code, 0);
  assertStringIncludes(stderr, "\nData: 50000 points of ring8 from code with seed 0\n");
  assertEquals(JSON.parse(stdout).options.objective, "non-saturating");
  const refused = await train(...toy, "--objective", "wgan-gp");
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, "expected --objective minimax, non-saturating");
});

Deno.test("train --channels makes coloured drawings, which --resume goes on with", () =>
  inFolder(async (runs) => {
    const colour = ["--dataset", "glyphs", "--size", "16", "--channels", "3", "--preset", "tiny", "--batch", "8"];
    const first = await train(...colour, "--runs", runs, "--iterations", "1", "--no-tune");
    assertEquals([first.code, first.stderr], [0, ""]);
    assertMatch(first.stdout, /^Data: \d+ images of glyphs, 16x16x3, from code with seed 0$/m);
    const again = await train("--resume", "0", "--runs", runs, "--iterations", "2", "--quiet");
    assertEquals([again.code, again.stderr], [0, ""]);
  }));

// The steps of `small` take so long to compile that the signal comes before.
for (const [when, ...flags] of [["before training", "--no-tune"], ["in a dry run", "--dry-run"]]) {
  Deno.test(
    `train stops ${when} on SIGTERM with nothing left, and exits 0`,
    { ignore: Deno.build.os === "windows" },
    () =>
      withData(async (data, runs) => {
        const args = [...data, "--preset", "small", "--batch", "8", "--runs", runs, "--iterations", "100000", ...flags];
        const task = startTaskFile("cli/train.ts", args);
        await (flags.includes("--dry-run") ? task.errorLineWith("Preset") : task.firstLine()); // nothing is compiled yet
        task.process.kill("SIGTERM");
        const { code, stdout, stderr } = await task.ended();
        assertEquals(code, 0);
        assertStringIncludes(stderr, "\nStopping as soon as this is done; again to stop at once\n");
        assertMatch(stdout + stderr, /\nStopped before training began\n/);
        assert(!stdout.includes("{"), stdout);
        assertEquals(await Array.fromAsync(Deno.readDir(runs)).catch(() => []), []);
      }),
  );
}

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  Deno.test(
    `train saves on ${signal}, says how to go on, and exits 0`,
    { ignore: Deno.build.os === "windows" },
    () =>
      withData(async (data, runs) => {
        const args = [
          ...data,
          "--preset",
          "tiny",
          "--batch",
          "8",
          "--runs",
          runs,
          "--iterations",
          "100000",
          "--no-tune",
        ];
        const task = startTaskFile("cli/train.ts", args);
        const folder = `${runs}/00000-mnist-hmog-tiny`;
        while (await Deno.stat(`${folder}/metrics.jsonl`).catch(() => null) === null) {
          await new Promise((resolve) => setTimeout(resolve, 50)); // until ten iterations are done
        }
        task.process.kill(signal);
        const { code, stdout, stderr } = await task.ended();
        assertEquals(code, 0, stderr);
        assertEquals(stderr.trim(), "Stopping after this iteration; again to stop at once");
        const last = /Stopped at iteration (\d+), saved; go on with: \.\/hmog train --resume (\S+)/.exec(stdout)!;
        assert(Number(last[1]) >= 10);
        assertEquals(last[2], folder);
        const checkpoint = `${folder}/checkpoint-${last[1].padStart(6, "0")}.safetensors`;
        assert((await Deno.stat(checkpoint)).isFile);
      }),
  );
}

Deno.test("train on a GPU that is lost ends with one sentence and exit code 1; the command that it names goes on", () =>
  withData(async (data, runs) => {
    const args = [...data, "--preset", "tiny", "--batch", "8", "--runs", runs, "--iterations", "1000", "--no-tune"];
    const { code, stderr } = await runTaskFile("cli/train.ts", args, { preload: "tests/cli/lose_gpu.ts" });
    assertEquals([code, stderr.trimEnd().split("\n").length], [1, 1], stderr);
    const message =
      /^train: Cannot go on: the GPU was lost \(the driver was reset\), expected it to stay; iteration 1 is saved as (\S+), \d+ iterations after it are lost; go on with: \.\/hmog train (.+)$/;
    const [, path, words] = message.exec(stderr.trimEnd()) ?? [];
    assertEquals(path, `${runs}/00000-mnist-hmog-tiny/autosave-000001.safetensors`, stderr);
    const again = await train(...words.split(" "), "--iterations", "3");
    assertEquals([again.code, again.stderr], [0, ""]);
    assertStringIncludes(again.stdout, "from iteration 1 to 3");
  }));

Deno.test("train --profile prints the kernels that take most and names the files with all", () =>
  withData(async (data, runs) => {
    const args = [...data, "--preset", "tiny", "--batch", "8", "--runs", runs, "--iterations", "4", "--profile", "2"];
    const { code, stdout, stderr } = await train(...args);
    assertEquals([code, stderr], [0, ""]);
    const folder = `${runs}/00000-mnist-hmog-tiny`;
    assertStringIncludes(stdout, "Profile of iterations 3 to 4 on ");
    assertMatch(stdout, /^and \d+ more, [\d.]+ %$/m);
    assertMatch(
      stdout,
      new RegExp(`^All kernels are in ${folder}/profile.txt, a trace for .* in ${folder}/profile.json$`, "m"),
    );
    const refused = await train("--resume", folder, ...data.slice(2), "--iterations", "6", "--profile", "1");
    assertEquals(refused.code, 2, refused.stderr);
    assertStringIncludes(refused.stderr, "Cannot profile with 2 iterations left: the first 2 are not profiled");
  }));

Deno.test("train refuses what it cannot use with one sentence: 2 for the call, 1 for the rest", () =>
  withData(async (data, runs) => {
    await Deno.writeTextFile(`${runs}-file`, "");
    await Deno.mkdir(`${runs}/00000-empty`, { recursive: true });
    const cases: [args: string[], code: number, message: string][] = [
      [[], 2, `Cannot train without data: expected --dataset ${DATASET_NAMES.join(" or ")}, or --resume RUN`],
      [["--dataset", "fashion"], 2, "Cannot find data set fashion: it is unknown"],
      [
        ["--dataste", "mnist"],
        2,
        "Cannot use --dataste: there is no such flag, expected one of --help; the nearest is --dataset",
      ],
      [[...data, "--preset", "smal"], 2, "the nearest is small"],
      [
        ["--dataset", "celeba", "--size", "40"],
        2,
        "Cannot use images of 40x40 with a body of 4 convolutions: expected",
      ],
      [
        [...data, "--preset", "tiny", "--method", "gan", "--depth", "3", "--dry-run"],
        2,
        "Cannot train gan with depth 3: it is one generator, expected no --depth",
      ],
      [
        ["--dataset", "ring8", "--method", "mgan", "--gate-temperature", "1:0.5", "--dry-run"],
        2,
        "Cannot train mgan with a gate temperature of 1:0.5: it has no gate, expected no --gate-temperature",
      ],
      [[...data, "--depth", "20"], 2, "Cannot build a tree of depth 20: expected a whole number from 1 to 10"],
      [
        [...data, "--preset", "tiny", "--profile", "0"],
        2,
        "Cannot profile 0 iterations: expected a whole number from 1 to 28",
      ],
      [[...data, "--preset", "tiny", "--profile", "29"], 2, "expected a whole number from 1 to 28, those left behind"],
      [[...data, "--channels", "3"], 2, "Cannot load data set mnist as 32x32x3: expected 32x32x1, as it is"],
      [["--dataset", "ring8", "--channels", "1"], 2, "Cannot draw ring8 with 1 channels: expected none"],
      [["--dataset", "ring8", "--data-dir", runs], 2, "it is drawn by code, expected no --data-dir"],
      [["--dataset", "glyphs", "--channels", "2"], 2, "2 channels: expected"],
      [[...data, "--profile", "abc"], 2, "Cannot use --profile abc: expected a whole number"],
      [["--resume", "0", "--depth", "3"], 2, "Cannot use --depth with --resume: a run goes on with its own options"],
      [["--resume", "0", "--runs", runs], 1, `Cannot use run ${runs}/00000-empty: it has no checkpoint`],
      [[...data, "--preset", "tiny", "--batch", "65"], 1, `Cannot draw batches of 65 from ${COUNT} images`],
      [[...data, "--preset", "tiny", "--batch", "8", "--runs", `${runs}-file`], 1, "expected a folder"],
    ];
    const found = await Promise.all(cases.map(([args]) => train(...args)));
    assertEquals(found.at(-1)!.stdout, "", "it is told before the work");
    found.forEach(({ code, stderr }, i) => {
      assertEquals([code, stderr.trimEnd().split("\n").length], [cases[i][1], 1], stderr);
      assertStringIncludes(stderr, `train: `);
      assertStringIncludes(stderr, cases[i][2]);
    });
  }));
