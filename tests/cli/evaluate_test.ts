import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Evaluation } from "../../core/evaluate/evaluation.ts";
import { openDevice } from "../../core/gpu/device.ts";
import { PRESETS } from "../../core/models/presets.ts";
import { encodeNpy } from "../../core/npy.ts";
import { toy } from "../../datasets/toys.ts";
import { inFolder } from "../in_folder.ts";
import { writeTinyRun } from "../sampling/tiny_run.ts";
import { runTaskFile } from "./task.ts";

const COUNT = 300;

/** A folder with an untrained run on `ring8` and a file of points; the cache is in there, too. */
async function withRun(test: (folder: string, checkpoint: string, evaluate: Evaluate) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const device = await openDevice();
    const checkpoint = await writeTinyRun(device, folder, { options: PRESETS.toy, run: { dataset: "ring8" } })
      .finally(() => device.destroy());
    const { images } = toy("ring8", { split: "train", count: COUNT });
    await Deno.writeFile(`${folder}/points.npy`, encodeNpy({ shape: [COUNT, 2], data: images }));
    const env = { XDG_CACHE_HOME: `${folder}/cache` };
    await test(folder, checkpoint, (...args) => runTaskFile("cli/evaluate.ts", args, { env }));
  });
}

type Evaluate = (...args: string[]) => ReturnType<typeof runTaskFile>;

Deno.test("evaluate scores a run and a file of samples as a table and as JSON", () =>
  withRun(async (folder, checkpoint, evaluate) => {
    const json = `${folder}/scores.json`;
    const ofRun = await evaluate(
      "--run",
      checkpoint,
      "--n",
      String(COUNT),
      "--metrics",
      "fid,modes,tree",
      "--json",
      json,
    );
    assertEquals([ofRun.code, ofRun.stderr], [0, ""]);
    const [source, features, , first] = ofRun.stdout.split("\n");
    assertEquals(source, checkpoint);
    assertEquals(features, `Features: points, ${COUNT} generated against ${COUNT} of ring8's test split, seed 0`);
    assertMatch(first, /^Fréchet distance \(points features\) +[\d.]+ +0 up +lower is better$/);
    const evaluation: Evaluation = JSON.parse(await Deno.readTextFile(json));
    const { dataset, real, fake, seed, split, scores } = evaluation;
    assertEquals([dataset, real, fake, seed, split], ["ring8", COUNT, COUNT, 0, "test"]);
    assert(scores.some(({ name, value }) => name === "leaves" && value === 8));

    const ofFile = await evaluate("--samples", `${folder}/points.npy`, "--dataset", "ring8", "--metrics", "modes");
    assertEquals([ofFile.code, ofFile.stderr], [0, ""]);
    assertMatch(ofFile.stdout, /modes found +8 /);
  }));

Deno.test("evaluate refuses with one sentence: exit code 2 for usage, 1 for the rest", () =>
  withRun(async (folder, checkpoint, evaluate) => {
    const points = `${folder}/points.npy`;
    const cases: [args: string[], code: number, message: string][] = [
      [[], 2, "Cannot evaluate nothing"],
      [["--samples", points], 2, "expected --dataset NAME too"],
      [["--run", checkpoint, "--samples", points], 2, "expected one of the two"],
      [["--run", checkpoint, "--metrics", "fid,pdrc"], 2, "the nearest is prdc"],
      [["--run", checkpoint, "--features", "inception", "--weights", "none.pth"], 2, "it has points"],
      [
        ["--run", checkpoint, "--n", "10001"],
        2,
        "Cannot compare with 10001 of ring8: expected a whole number from 1 to 10000",
      ],
      [["--run", checkpoint, "--channels", "3"], 2, "Cannot draw ring8 with 3 channels"],
      [["--run", checkpoint, "--json", `${folder}/none/x.json`], 1, `Cannot write ${folder}/none/x.json: there is no`],
      [["--run", `${folder}/nowhere`], 1, "there is no such folder"],
      [["--samples", points, "--dataset", "ring8", "--n", "400"], 2, `it has ${COUNT}, expected`],
      [["--samples", points, "--dataset", "ring8", "--metrics", "tree"], 2, "expected a run"],
      [["--samples", checkpoint, "--dataset", "ring8"], 1, "found a file that begins with"],
    ];
    for (const [args, code, message] of cases) {
      const found = await evaluate(...args);
      assertEquals([found.code, found.stdout], [code, ""], args.join(" "));
      assertStringIncludes(found.stderr, message);
      assertEquals(found.stderr.trim().split("\n").length, 1, found.stderr);
    }
  }));
