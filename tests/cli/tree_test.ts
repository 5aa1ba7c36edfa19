import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { openDevice } from "../../core/gpu/device.ts";
import { PRESETS } from "../../core/models/presets.ts";
import { parseTreeReport } from "../../core/reading/report/tree_report.ts";
import { UsageError } from "../../cli/flags.ts";
import { treeRequest, type TreeValues } from "../../cli/tree_flags.ts";
import { inFolder, names } from "../in_folder.ts";
import { writeTinyRun } from "../sampling/tiny_run.ts";
import { runTaskFile } from "./task.ts";

type Tree = (...args: string[]) => ReturnType<typeof runTaskFile>;

/** A folder with an untrained run on a data set. */
async function withRun(dataset: string, test: (folder: string, run: string, tree: Tree) => Promise<void>) {
  await inFolder(async (folder) => {
    const device = await openDevice();
    const options = dataset === "ring8" ? PRESETS.toy : {};
    const run = await writeTinyRun(device, folder, { options, run: { dataset } }).finally(() => device.destroy());
    const env = { XDG_CACHE_HOME: `${folder}/cache`, HMOG_DATA: `${folder}/none` };
    await test(folder, run, (...args) => runTaskFile("cli/tree.ts", args, { env }));
  });
}

Deno.test("tree reports a run with the labels of its data set", () =>
  withRun("ring8", async (folder, run, tree) => {
    const out = `${folder}/report`;
    const { code, stdout, stderr } = await tree("--run", run, "--out", out, "--n", "64", "--seed", "3");
    assertEquals(code, 0);
    assertMatch(stderr, /^(Reading splits \(\d+ %\)\n)+$/);
    assertStringIncludes(stdout.split("\n")[0], `Wrote ${out}/tree.html: the report, from 64 samples of ${run}`);
    assertEquals(await names(out), ["tree.html", "tree.json", "tree.svg"]);
    const { seed, labelNames, scores } = parseTreeReport(await Deno.readTextFile(`${out}/tree.json`));
    assertEquals([seed, labelNames?.length, scores?.length], [3, 8, 3]);
  }));

Deno.test("tree goes on without a data set, unless labels are asked for", () =>
  withRun("celeba", async (_, run, tree) => {
    const { code, stdout } = await tree("--run", run, "--n", "16");
    assertEquals(code, 0);
    assertStringIncludes(stdout, "Labels: none (Cannot find data set celeba");
    const required = await tree("--run", run, "--n", "16", "--labels", "on");
    assertEquals([required.code, required.stdout], [1, ""]);
    assertMatch(required.stderr, /^tree: Cannot find data set celeba.*\n$/);
  }));

Deno.test("treeRequest() takes what can be done and says why the rest cannot", () => {
  const request = { run: "3", labels: "auto" as const, samples: undefined, seed: undefined };
  assertEquals(treeRequest({ run: "3" }), request);
  assertEquals(treeRequest({ run: "3", n: 2, seed: 0, labels: "off" }), {
    ...request,
    samples: 2,
    seed: 0,
    labels: "off",
  });
  const refused: [TreeValues, string][] = [
    [{}, "Cannot read no run: expected --run RUN"],
    [{ run: "3", n: 1 }, "Cannot read a tree from 1 samples: expected 2 to 16384"],
    [{ run: "3", n: 16385 }, "Cannot read a tree from 16385 samples: expected 2 to 16384"],
    [{ run: "3", seed: -1 }, "Cannot use seed -1: expected a whole number from 0 to 9007199254740991"],
    [{ run: "3", seed: 2 ** 53 }, "Cannot use seed 9007199254740992: expected"],
    [{ run: "3", labels: "maybe" }, "Cannot use --labels maybe: expected on, off, auto"],
  ];
  for (const [values, message] of refused) assertThrows(() => treeRequest(values), UsageError, message);
});
