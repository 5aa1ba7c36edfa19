/** Where choices of kernels are kept: the cache of a user, the folder of a run. */

import { assertEquals, assertMatch } from "@std/assert";
import { openDevice } from "../../core/gpu/device.ts";
import { type Choices, Tuner } from "../../core/gpu/tuning.ts";
import { resolveOptions } from "../../core/train/options.ts";
import { findResumable } from "../../core/train/resume.ts";
import { train } from "../../core/train/train.ts";
import { tunerOfRun, tuningBudget, tuningCache, writeTuning } from "../../core/train/tuning.ts";
import { device } from "../gpu.ts";
import { inFolder, names } from "../in_folder.ts";
import { shapes } from "./shapes.ts";

const CHOICES = { a: 1, b: 0 };

/** Warnings of the device while `task` runs. */
async function warningsOf(task: () => Promise<void>): Promise<string[]> {
  const warnings: string[] = [];
  const { onWarning } = device;
  device.onWarning = (message) => warnings.push(message);
  await task();
  device.onWarning = onWarning;
  return warnings;
}

Deno.test("tuningCache() gives back what was written, from any number of writers, and leaves nothing else", () =>
  inFolder(async (folder) => {
    assertEquals(await tuningCache(folder, device).read(), {});
    assertEquals(await names(folder), []);
    await tuningCache(folder, device).write({});
    assertEquals(await names(folder), []);
    await tuningCache(folder, device).write(CHOICES);
    await tuningCache(folder, device).write({ b: 2, c: 1 });
    assertEquals(await tuningCache(folder, device).read(), { a: 1, b: 2, c: 1 });
    assertEquals((await names(`${folder}/tuning`)).length, 1);
  }));

Deno.test("tuningCache() ignores and replaces a damaged file, with one warning", () =>
  inFolder(async (folder) => {
    const store = tuningCache(folder, device);
    await store.write(CHOICES);
    const [name] = await names(`${folder}/tuning`);
    const path = `${folder}/tuning/${name}`;
    const whole = await Deno.readTextFile(path);
    const damaged = [
      "",
      "{",
      "null",
      "7",
      "[]",
      '"text"',
      whole.slice(0, -9),
      '{"format":"hmog tuning 1"}',
      "\0".repeat(99),
    ];
    for (const [i, text] of [...damaged, whole.replace("tuning 1", "tuning 9")].entries()) {
      await Deno.writeTextFile(path, text);
      const warnings = await warningsOf(async () => {
        assertEquals(await store.read(), {}, `from ${JSON.stringify(text)}`);
        await store.write(CHOICES);
        assertEquals(await store.read(), CHOICES);
      });
      assertEquals(warnings.length, i === 0 ? 1 : 0); // the same one again is not told
      if (i === 0) assertMatch(warnings[0], /^Cannot use .+\.json: found no choices of kernels, expected .+$/);
    }
  }));

Deno.test("tuningCache() ignores the choices of another adapter", () =>
  inFolder(async (folder) => {
    await tuningCache(folder, device).write(CHOICES);
    const [name] = await names(`${folder}/tuning`);
    const path = `${folder}/tuning/${name}`;
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace(device.description, "another"));
    assertEquals(await warningsOf(async () => assertEquals(await tuningCache(folder, device).read(), {})), []);
  }));

Deno.test("tuningCache() does without a folder that it cannot read or write, or that there is not", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    assertEquals(
      await warningsOf(async () => {
        for (const place of [null, `${folder}/file`, `${folder}/file/in/file`]) {
          const store = tuningCache(place, device);
          await store.write(CHOICES);
          assertEquals(await store.read(), {});
        }
      }),
      [],
    );
    assertEquals(await names(folder), ["file"]);
  }));

Deno.test("tuningBudget() leaves short runs alone", () => {
  const software = { traits: { software: true } } as typeof device;
  const gpu = { traits: { software: false } } as typeof device;
  assertEquals([30, 1500].map((iterations) => tuningBudget({ iterations }, software) > 0), [false, true]);
  assertEquals([30, 100].map((iterations) => tuningBudget({ iterations }, gpu) > 0), [false, true]);
});

Deno.test("tunerOfRun() chooses as a run did, on the same adapter", () =>
  inFolder(async (folder) => {
    assertEquals(await tunerOfRun(folder, device), null);
    device.tuner = new Tuner(device, { fixed: CHOICES });
    await device.tuner.choose({ identity: "x", candidates: [], multiplyAdds: 1e9 });
    await writeTuning(folder, device);
    const { choices } = device.tuner;
    device.tuner = null;
    assertEquals((await tunerOfRun(folder, device))?.options.fixed, choices);
    const path = `${folder}/tuning.json`;
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace(device.description, "another"));
    assertEquals(await tunerOfRun(folder, device), null);
  }));

/** Takes the last candidate of everything where it is not told what to take. */
class TakingLast extends Tuner {
  #taken: Record<string, number> = {};
  override get choices(): Choices {
    return { ...super.choices, ...this.#taken };
  }
  override async choose(problem: Parameters<Tuner["choose"]>[0]): Promise<number> {
    await super.choose(problem);
    const key = Object.keys(super.choices).find((name) => !(name in this.#taken)) ?? "";
    if (key !== "") this.#taken[key] = problem.candidates.length - 1;
    return problem.candidates.length - 1;
  }
}

Deno.test("train() resumes a run with the kernels it began with, whatever the device's tuner has learnt since", () =>
  inFolder(async (runs) => {
    const device = await openDevice();
    const data = shapes(96);
    const request = { dataset: "shapes", preset: "tiny", batch: 8, seed: 5, saveEvery: 2, sampleEvery: 100 };
    const { options } = resolveOptions({ ...request, iterations: 4 }, { traits: device.traits, count: 96 });
    const run = (job: object) => Array.fromAsync(train({ device, data, options, runs, ...job }));
    const state = (folder: string) => Deno.readFile(`${folder}/checkpoint-000004.safetensors`);

    device.tuner = new TakingLast(device, { fixed: {} });
    await run({});
    const taken = await Deno.readTextFile(`${runs}/00000-shapes-hmog-tiny/tuning.json`);
    const numbers = new Set(Object.values(Object.values(JSON.parse(taken).adapters)[0] as Choices));
    assertEquals(numbers.has(1), true, "no kernel of the run has a choice");

    device.tuner = new TakingLast(device, { fixed: {} });
    await run({ options: { ...options, iterations: 2 } });
    device.tuner = new Tuner(device, { budget: 0 }); // would take the first of everything
    const resume = await findResumable(`${runs}/00001-shapes-hmog-tiny`, { runs, changes: { iterations: 4 } });
    await run({ resume, options: resume.options });
    assertEquals(await Deno.readTextFile(`${runs}/00001-shapes-hmog-tiny/tuning.json`), taken);
    assertEquals(await state(`${runs}/00001-shapes-hmog-tiny`), await state(`${runs}/00000-shapes-hmog-tiny`));
    await device.destroy();
  }));
