import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import type { AssignmentReport } from "../../core/assign/report.ts";
import { openDevice } from "../../core/gpu/device.ts";
import { PRESETS } from "../../core/models/presets.ts";
import { inFolder, names } from "../in_folder.ts";
import { TINY_RUN, writeTinyRun } from "../sampling/tiny_run.ts";
import { runTaskFile } from "./task.ts";

type Assign = (...args: string[]) => ReturnType<typeof runTaskFile>;

/** A folder with an untrained run on `ring8`. */
async function withRun(test: (folder: string, run: string, assign: Assign) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const device = await openDevice();
    await writeTinyRun(device, folder, { options: PRESETS.toy, run: { dataset: "ring8" } })
      .finally(() => device.destroy());
    const env = { XDG_CACHE_HOME: `${folder}/cache` };
    await test(folder, `${folder}/${TINY_RUN}`, (...args) => runTaskFile("cli/assign.ts", args, { env }));
  });
}

Deno.test("assign writes a table, a picture and scores beside k-means and Ward, and keeps the recogniser", () =>
  withRun(async (folder, run, assign) => {
    const json = `${folder}/scores.json`;
    const first = await assign("--run", run, "--n", "300", "--steps", "10", "--json", json);
    assertEquals(first.code, 0, first.stderr);
    assertStringIncludes(first.stderr, "Training a recogniser");
    assertEquals(await names(run), [
      "assigned-ring8-test.csv",
      "assigned-ring8-test.png",
      "checkpoint-000500.safetensors",
      "recogniser.safetensors",
    ]);
    const lines = (await Deno.readTextFile(`${run}/assigned-ring8-test.csv`)).trimEnd().split("\n");
    assertEquals([lines.length, lines[0]], [301, "index,label,leaf,path,certainty"]);
    for (const line of lines.slice(1)) {
      assertMatch(line, /^\d+,\d+ degrees,[0-7],0 [12] [3-6] ([7-9]|1[0-4]),[01]\.\d{6}$/);
    }
    assertEquals(decode(await Deno.readFile(`${run}/assigned-ring8-test.png`)).width, 512);
    assertStringIncludes(first.stdout, "chosen by seed 0, by recogniser trained for 10 steps with seed 0\n");
    const report: AssignmentReport = JSON.parse(await Deno.readTextFile(json));
    assertEquals([report.dataset, report.method, report.pictures, report.leaves.length], [
      "ring8",
      "recogniser",
      300,
      8,
    ]);
    assertEquals(report.scores?.levels.map(({ clusters }) => clusters), [2, 4, 8]);
    assert(report.scores!.levels[2].kMeans.nmi > 0.9); // eight small spots
    assertMatch(first.stdout, /\n {4}3 {10}8 {4}0\.\d{3} /);

    const out = `${folder}/other.csv`;
    const again = await assign("--run", run, "--n", "300", "--out", out);
    assertEquals([again.code, again.stderr.includes("Training")], [0, false], again.stderr);
    assertEquals((await Deno.readTextFile(out)).trimEnd().split("\n"), lines);
  }));

Deno.test("assign refuses with one sentence: exit code 2 for usage, 1 for the rest", () =>
  withRun(async (folder, run, assign) => {
    const cases: [args: string[], code: number, message: string][] = [
      [[], 2, "Cannot assign pictures to nothing: expected --run RUN"],
      [["--run", run, "--method", "recognizer"], 2, "the nearest is recogniser"],
      [["--run", run, "--split", "all"], 2, `Cannot use split "all": expected train or test`],
      [["--run", run, "--n", "0"], 2, "Cannot assign 0 pictures"],
      [["--run", run, "--n", "10001"], 2, "expected a whole number from 1 to 10000"],
      [["--run", run, "--dataset", "ring9"], 2, "nearest is ring8"],
      [["--run", run, "--dataset", "glyphs"], 1, "expected 1x1x2 as it makes"],
      [["--run", run, "--seed", "9007199254740993"], 2, "expected a whole number from 0 to 9007199254740991"],
      [
        ["--run", run, "--out", `${folder}/none/x.csv`],
        1,
        `Cannot write ${folder}/none/x.csv: there is no such folder`,
      ],
      [["--run", run, "--json", folder], 1, `Cannot write ${folder}: it is a folder, expected a file`],
      [["--run", `${folder}/nowhere`], 1, "there is no such folder"],
    ];
    for (const [args, code, message] of cases) {
      const found = await assign(...args);
      assertEquals([found.code, found.stdout], [code, ""], found.stderr);
      assertStringIncludes(found.stderr, message);
      assertEquals(found.stderr.trim().split("\n").length, 1, found.stderr);
    }
    assertEquals(await names(run), ["checkpoint-000500.safetensors"], "nothing was done before");
  }));
