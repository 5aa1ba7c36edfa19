/** The folder of a comparison. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  cellFolder,
  curvesOf,
  differencesOf,
  openComparison,
  readResult,
  savedRunOf,
  type Settings,
  writeResult,
} from "../../../core/compare/store.ts";
import { meaningOf } from "../../../core/metrics/evaluation.ts";
import { RunError } from "../../../core/sampling/run.ts";
import { inFolder } from "../../in_folder.ts";

Deno.test("openComparison() goes on with the same comparison and names what differs in another", () =>
  inFolder(async (folder) => {
    const training = { dataset: "ring8", iterations: 100, body: [8, 8], features: 16 };
    const open = (training: Settings, scoring: Settings) => openComparison(`${folder}/new`, { training, scoring });
    await open(training, { features: "points" });
    assertEquals(await open({ ...training }, { features: "pixels", n: 10 }), {});
    const error = await assertRejects(
      () => open({ dataset: "ring8", iterations: 200, body: [8, 4], features: 16, lr: 1 }, {}),
      RunError,
      "iterations was 100 and is 200; body was [8,8] and is [8,4]; lr was not given and is 1",
    );
    assertEquals(error.message.startsWith(`Cannot go on with the comparison in ${folder}/new: `), true);
  }));

Deno.test("openComparison() knows how runs of an earlier version were scored", () =>
  inFolder(async (folder) => {
    const old = { dataset: "ring8", iterations: 100, features: "points", n: 10 };
    await Deno.writeTextFile(`${folder}/comparison.json`, JSON.stringify(old));
    const scoring = { metrics: ["modes"], features: "pixels", n: 20 };
    const training = { dataset: "ring8", iterations: 100, features: 16 };
    const before = await openComparison(folder, { training, scoring });
    assertEquals(differencesOf(before, scoring), [
      'metrics was not given and is ["modes"]',
      'features was "points" and is "pixels"',
      "n was 10 and is 20",
    ]);
    assertEquals(differencesOf(before, { metrics: undefined, features: "points", n: 10 }), []);
    await assertRejects(
      () => openComparison(folder, { training: { ...training, iterations: 200 }, scoring }),
      RunError,
      `Cannot go on with the comparison in ${folder}: iterations was 100 and is 200; expected`,
    );
  }));

Deno.test("openComparison() refuses a folder whose file it did not write", () =>
  inFolder(async (folder) => {
    for (const text of ["", "[]", "{"]) {
      await Deno.writeTextFile(`${folder}/comparison.json`, text);
      await assertRejects(
        () => openComparison(folder, { training: {}, scoring: {} }),
        RunError,
        "it is no JSON object",
      );
    }
    await Deno.writeTextFile(`${folder}/file`, "");
    const open = () => openComparison(`${folder}/file`, { training: {}, scoring: {} });
    await assertRejects(open, RunError, "--out names another folder");
  }));

Deno.test("readResult() gives back what writeResult() wrote, null before, and refuses anything else", () =>
  inFolder(async (folder) => {
    const own = cellFolder(folder, { method: "dmwgan-pl", seed: 3 });
    assertEquals(own, `${folder}/cells/dmwgan-pl-3`);
    assertEquals(await readResult(own), null);
    const scores = [{ name: "recall", value: 0.5, ...meaningOf("recall", "pixels") }];
    const result = { run: `${own}/00000-a`, scores, note: "", trainingSeconds: 1, seconds: 2 };
    await writeResult(own, result);
    assertEquals(await readResult(own), result);
    const failure = { run: own, failure: "its loss is NaN", seconds: 2 };
    await writeResult(`${folder}/failed`, failure);
    assertEquals(await readResult(`${folder}/failed`), { ...failure, run: `${folder}/failed` });
    await Deno.writeTextFile(`${own}/result.json`, `{"scores": 1}`);
    await assertRejects(() => readResult(own), RunError, "remove it to score the run again");
  }));

Deno.test("readResult() finds the run where its folder was moved to, noted by an earlier version, too", () =>
  inFolder(async (folder) => {
    const rest = { scores: [], note: "", trainingSeconds: 1, seconds: 2 };
    await writeResult(`${folder}/before`, { run: `${folder}/before/00000-a`, ...rest });
    await Deno.rename(`${folder}/before`, `${folder}/after`);
    const moved = { run: `${folder}/after/00000-a`, ...rest };
    assertEquals(await readResult(`${folder}/after`), moved);
    const early = JSON.stringify({ ...rest, run: "runs/compare/ring8-auto/cells/gan-0/00000-a" });
    await Deno.writeTextFile(`${folder}/after/result.json`, early);
    assertEquals(await readResult(`${folder}/after`), moved);
  }));

Deno.test("savedRunOf() is the newest run with a checkpoint", () =>
  inFolder(async (folder) => {
    assertEquals(await savedRunOf(`${folder}/nowhere`), null);
    for (const name of ["00000-a", "00001-a", "00002-a"]) await Deno.mkdir(`${folder}/${name}`);
    assertEquals(await savedRunOf(folder), null);
    await Deno.writeTextFile(`${folder}/00000-a/checkpoint-000100.safetensors`, "");
    await Deno.writeTextFile(`${folder}/00001-a/autosave-000001.safetensors`, "");
    await Deno.writeTextFile(`${folder}/00001-a/autosave-000020.safetensors`, "");
    assertEquals(await savedRunOf(folder), { run: `${folder}/00001-a`, iteration: 20 });
  }));

Deno.test("curvesOf() has a curve for every number in the log", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/metrics.jsonl`,
      `{"iteration":10,"criticLoss":1.5}\n{"iteration":20,"criticLoss":2}\n`,
    );
    assertEquals(await curvesOf(folder), { criticLoss: { x: [10, 20], y: [1.5, 2] } });
  }));
