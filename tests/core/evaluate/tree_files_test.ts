import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { EvaluatedSet } from "../../../core/evaluate/real.ts";
import { labellerOf } from "../../../core/evaluate/labeller.ts";
import { type WantedSet, writeTreeFiles } from "../../../core/evaluate/tree_files.ts";
import { parseTreeReport } from "../../../core/reading/report/tree_report.ts";
import { RunError } from "../../../core/sampling/run.ts";
import { device } from "../../gpu.ts";
import { inFolder, names } from "../../in_folder.ts";
import { writeTinyRun } from "../../sampling/tiny_run.ts";
import { labelledSet } from "./labelled.ts";

const PARTS = { train: labelledSet(64, 1), test: labelledSet(100, 2) };
const OF_BARS = { options: { image: [16, 16, 1] as const, body: [8], critic: [4, 8] }, run: { dataset: "bars" } };
const FILES = ["tree.html", "tree.json", "tree.svg"];

Deno.test("writeTreeFiles() writes page, numbers and figure beside the run, labelled by the classifier of its data", () =>
  inFolder(async (runs) => {
    const checkpoint = await writeTinyRun(device, runs, OF_BARS);
    const wanted: [string, WantedSet][] = [];
    const load = (dataset: string, set: WantedSet) => {
      wanted.push([dataset, set]);
      return Promise.resolve(PARTS[set.split]);
    };
    await Deno.writeTextFile(`${runs}/file`, "");
    const lines = await writeTreeFiles(device, checkpoint, {
      samples: 40,
      labels: { load, cache: `${runs}/file`, required: true },
    });
    const out = `${checkpoint.replace(/\/[^/]*$/, "")}/tree`;
    assertEquals([lines.length, await names(out)], [4, FILES]);
    assertStringIncludes(lines[3], `Cannot make folder ${runs}/file/classifiers: `); // the classifier could not be kept
    const format = { size: 16, channels: 1 as const };
    assertEquals(wanted, [["bars", { split: "train", ...format }], ["bars", { split: "test", ...format }]]);
    const { labelNames, samples, nodes, labelNote, dataset } = parseTreeReport(
      await Deno.readTextFile(`${out}/tree.json`),
    );
    assertEquals([labelNames, samples, dataset], [["across", "down", "ring"], 40, "bars"]);
    assertStringIncludes(labelNote, "classifier, accuracy");
    assert(Math.abs(nodes[0].labels!.reduce((a, b) => a + b) - 1) < 1e-5);
  }));

Deno.test("writeTreeFiles() goes on without labels and says why, unless they are required", () =>
  inFolder(async (runs) => {
    const checkpoint = await writeTinyRun(device, runs, OF_BARS);
    const load = () => Promise.resolve({ ...PARTS.train, labels: null });
    const files = (required: boolean) =>
      writeTreeFiles(device, checkpoint, { samples: 40, out: `${runs}/out`, labels: { load, cache: null, required } });
    await assertRejects(() => files(true), RangeError, "Cannot label pictures as in bars: it has no labels");
    const lines = await files(false);
    assertStringIncludes(lines[3], "Labels: none (Cannot label pictures as in bars");
    assertEquals(await names(`${runs}/out`), FILES);
    assertEquals(parseTreeReport(await Deno.readTextFile(`${runs}/out/tree.json`)).labelNames, null);
  }));

Deno.test("writeTreeFiles() refuses what is no run, and a folder that is a file", () =>
  inFolder(async (runs) => {
    await assertRejects(() => writeTreeFiles(device, "none", { runs }), RunError, "there is no such folder");
    const checkpoint = await writeTinyRun(device, runs, OF_BARS);
    await Deno.writeTextFile(`${runs}/file`, "");
    const files = () => writeTreeFiles(device, checkpoint, { samples: 16, out: `${runs}/file` });
    await assertRejects(files, RunError, `Cannot make folder ${runs}/file: a part of the path is a file`);
    await Deno.mkdir(`${runs}/out/tree.svg`, { recursive: true });
    const load = () => Promise.reject(new Error("the work has begun"));
    const labels = { load, cache: null, required: true };
    await assertRejects(
      () => writeTreeFiles(device, checkpoint, { out: `${runs}/out`, labels }),
      RunError,
      `Cannot write ${runs}/out/tree.svg: it is a folder`,
    );
  }));

Deno.test("labellerOf() gives points the class of the nearest real one", async () => {
  const set: EvaluatedSet = {
    name: "pair",
    images: Float32Array.of(-1, 0, 1, 0),
    shape: [2, 1, 1, 2],
    fingerprint: "pair",
    labels: Uint8Array.of(1, 0),
    classNames: ["right", "left"],
  };
  const { label, labelNames } = await labellerOf(device, { load: () => Promise.resolve(set), cache: null });
  assertEquals(labelNames, ["right", "left"]);
  assertEquals([...await label(Float32Array.of(0.9, 0.1, -2, 0), [2, 1, 1, 2])], [1, 0, 0, 1]);
});
