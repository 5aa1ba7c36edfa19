/** The folder of a comparison. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  cellFolder,
  curvesOf,
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
    const open = (training: Settings) => openComparison(`${folder}/new`, training);
    await open(training);
    await open({ ...training });
    const error = await assertRejects(
      () => open({ dataset: "ring8", iterations: 200, body: [8, 4], features: 16, lr: 1 }),
      RunError,
      "iterations was 100 and is 200; body was [8,8] and is [8,4]; lr was not given and is 1",
    );
    assertEquals(error.message.startsWith(`Cannot go on with the comparison in ${folder}/new: `), true);
  }));

Deno.test("openComparison() names other iterations without what follows from them", () =>
  inFolder(async (folder) => {
    const training = (iterations: number, from = 1): Settings => ({
      iterations,
      gateTemperature: { from, to: 0.1, over: iterations / 2 },
      localize: { sharpen: 2, exchangeFrom: 0.4 * iterations },
      grow: [iterations / 4, iterations / 2],
    });
    const differences = async (now: Settings) => {
      const { message } = await assertRejects(() => openComparison(folder, now), RunError);
      return /: (.*); expected the same/.exec(message)![1];
    };
    await openComparison(folder, training(100));
    assertEquals(await differences(training(200)), "iterations was 100 and is 200");
    assertEquals(
      await differences({ ...training(200, 2), grow: [] }),
      'iterations was 100 and is 200; gateTemperature was {"from":1,"to":0.1} and is {"from":2,"to":0.1}; ' +
        "grow was true and is false",
    );
    assertEquals(await differences({ ...training(100), grow: [] }), "grow was [25,50] and is []");
  }));

Deno.test("openComparison() refuses a folder whose file it did not write", () =>
  inFolder(async (folder) => {
    for (const text of ["", "[]", "{"]) {
      await Deno.writeTextFile(`${folder}/comparison.json`, text);
      await assertRejects(
        () => openComparison(folder, {}),
        RunError,
        "it is no JSON object",
      );
    }
    await Deno.writeTextFile(`${folder}/comparison.json`, '{"iterations": 100}');
    await assertRejects(() => openComparison(folder, {}), RunError, "comparison.json holds no training, expected what");
    await Deno.writeTextFile(`${folder}/file`, "");
    const open = () => openComparison(`${folder}/file`, {});
    await assertRejects(open, RunError, "--out names another folder");
  }));

Deno.test("readResult() gives back what writeResult() wrote, null before, and refuses anything else", () =>
  inFolder(async (folder) => {
    const own = cellFolder(folder, { method: "dmwgan-pl", seed: 3 });
    assertEquals(own, `${folder}/cells/dmwgan-pl-3`);
    assertEquals(await readResult(own), null);
    const scores = [{ name: "recall", value: 0.5, ...meaningOf("recall", "pixels") }];
    const result = { run: `${own}/00000-a`, scores, note: "", scoring: { n: 10 }, trainingSeconds: 1, seconds: 2 };
    await writeResult(own, result);
    assertEquals(await readResult(own), result);
    const failure = { failure: "its loss is NaN", seconds: 2 };
    await writeResult(`${folder}/failed`, failure);
    assertEquals(await readResult(`${folder}/failed`), failure);
    for (const text of [`{"scores": 1}`, `{"run": "00000-a", "scores": []}`]) {
      await Deno.writeTextFile(`${own}/result.json`, text);
      await assertRejects(() => readResult(own), RunError, "remove it to score the run again");
    }
  }));

Deno.test("readResult() finds the run where its folder was moved to", () =>
  inFolder(async (folder) => {
    const rest = { scores: [], note: "", scoring: {}, trainingSeconds: 1, seconds: 2 };
    await writeResult(`${folder}/before`, { run: `${folder}/before/00000-a`, ...rest });
    await Deno.rename(`${folder}/before`, `${folder}/after`);
    assertEquals(await readResult(`${folder}/after`), { run: `${folder}/after/00000-a`, ...rest });
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
    const curves = { criticLoss: { x: [10, 20], y: [1.5, 2] } };
    assertEquals(await curvesOf(folder), curves);
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, `{"iteration":30,"crit`, { append: true }); // cut off
    assertEquals(await curvesOf(folder), curves);
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, "");
    await assertRejects(() => curvesOf(folder), RunError, "metrics.jsonl: it reports nothing, expected a training");
  }));
