import { assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../../core/sampling/run.ts";
import {
  appendMetrics,
  createRunFolder,
  lockRun,
  removeAutosaves,
  removeEmptyRun,
  trimMetrics,
  writeRunFile,
} from "../../core/train/run_folder.ts";
import { inFolder, names } from "../in_folder.ts";

Deno.test("createRunFolder() numbers runs and never takes a number again", () =>
  inFolder(async (folder) => {
    const runs = `${folder}/deep/runs`;
    assertEquals(await createRunFolder(runs, "mnist-hmog-tiny"), `${runs}/00000-mnist-hmog-tiny`);
    await Deno.mkdir(`${runs}/00041-other`);
    await Deno.mkdir(`${runs}/notes`);
    assertEquals(await createRunFolder(runs, "mnist-mog-tiny"), `${runs}/00042-mnist-mog-tiny`);
    const both = await Promise.all([createRunFolder(runs, "a"), createRunFolder(runs, "a")]);
    assertEquals(new Set(both).size, 2);
  }));

Deno.test("writeRunFile() says which flag helps", () =>
  inFolder(async (folder) => {
    await assertRejects(
      () => writeRunFile(`${folder}/none/file.bin`, "x"),
      RunError,
      `Cannot write ${folder}/none/file.bin: there is no such folder, expected one that is there; --runs names another`,
    );
  }));

Deno.test("createRunFolder() says why when the place is a file", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/runs`, "");
    await assertRejects(
      () => createRunFolder(`${folder}/runs`, "a"),
      RunError,
      "a part of the path is a file, expected a folder",
    );
  }));

Deno.test("lockRun() gives a run to one at a time, again once it is free, a lock file that was left or not", () =>
  inFolder(async (folder) => {
    for (const left of [".lock", ".options.json.0a1b2c3d.part"]) await Deno.writeTextFile(`${folder}/${left}`, "");
    {
      using _lock = await lockRun(folder);
      await assertRejects(() => lockRun(folder), RunError, `Cannot train in ${folder}: another process is training it`);
      assertEquals(await names(folder), [".lock"]);
    }
    (await lockRun(folder))[Symbol.dispose]();
    await assertRejects(
      () => lockRun(`${folder}/none`),
      RunError,
      "there is no such folder, expected one that is there",
    );
  }));

Deno.test("removeAutosaves() removes all but one, and nothing else", () =>
  inFolder(async (folder) => {
    const files = ["autosave-000003.safetensors", "autosave-000007.safetensors", "checkpoint-000005.safetensors"];
    for (const name of [...files, "autosave-000009.safetensors.mine"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "");
    }
    await removeAutosaves(folder, `${folder}/autosave-000007.safetensors`);
    assertEquals(await names(folder), [files[1], "autosave-000009.safetensors.mine", files[2]]);
    await removeEmptyRun(folder);
    assertEquals((await names(folder)).length, 3); // it has a checkpoint
    await removeAutosaves(folder, "");
    await Deno.remove(`${folder}/${files[2]}`);
    await removeEmptyRun(folder);
    assertEquals(await Deno.stat(folder).catch(() => null), null);
    await Deno.mkdir(folder);
  }));

Deno.test("trimMetrics() drops lines after the checkpoint and what a crash left", () =>
  inFolder(async (folder) => {
    assertEquals(await trimMetrics(folder, 10), 0);
    for (const iteration of [10, 20, 30]) await appendMetrics(folder, { iteration, elapsedSeconds: iteration / 10 });
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, '{"iterat', { append: true });
    assertEquals(await trimMetrics(folder, 20), 2);
    const lines = (await Deno.readTextFile(`${folder}/metrics.jsonl`)).trimEnd().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line).iteration), [10, 20]);
    await Deno.remove(`${folder}/metrics.jsonl`);
    await Deno.mkdir(`${folder}/metrics.jsonl`);
    await assertRejects(() => trimMetrics(folder, 20), RunError, `Cannot read ${folder}/metrics.jsonl`);
  }));
