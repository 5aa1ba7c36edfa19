import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { encodeSafetensors } from "../../core/safetensors.ts";
import {
  checkpointName,
  checkpointsOf,
  findCheckpoint,
  findRun,
  latestCheckpoint,
  OPTIONS_FILE,
  readCheckpoint,
  readOptions,
  RunError,
  runsIn,
} from "../../core/sampling/run.ts";

const NAME = "00003-fashionmnist-hmog-small";

/** A folder of runs with one run; removed afterwards. */
async function withRun(test: (runs: string, folder: string) => Promise<void>): Promise<void> {
  const runs = await Deno.makeTempDir();
  try {
    const folder = `${runs}/${NAME}`;
    await Deno.mkdir(folder);
    await test(runs, folder);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}

async function writeCheckpoint(
  folder: string,
  iteration: number,
  options?: string,
  more: Record<string, string> = {},
): Promise<string> {
  const path = `${folder}/${checkpointName(iteration)}`;
  const tensors = { "ema/head/weight": { shape: [2], data: Float32Array.of(1, 2) } };
  const metadata = { iteration: String(iteration), ...(options === undefined ? {} : { options }), ...more };
  await Deno.writeFile(path, new Blob(encodeSafetensors({ tensors, metadata })).stream());
  return path;
}

const refusal = async (promise: Promise<unknown>): Promise<string> =>
  (await assertRejects(() => promise, RunError)).message;

Deno.test("findRun() takes a path, a name and a number", () =>
  withRun(async (runs, folder) => {
    assertEquals(await findRun(folder, "nowhere"), folder);
    assertEquals(await findRun(`${folder}/`, "nowhere"), folder);
    assertEquals(await findRun(NAME, runs), folder);
    assertEquals(await findRun("3", runs), folder);
  }));

Deno.test("findRun() names the nearest run, or says how to make one", () =>
  withRun(async (runs, folder) => {
    assertStringIncludes(await refusal(findRun("00003-fashonmnist", runs)), `the nearest name in ${runs}/ is ${NAME}`);
    assertStringIncludes(await refusal(findRun("4", runs)), `Cannot find run "4"`);
    assertStringIncludes(await refusal(findRun("", folder)), "./hmog train");
  }));

Deno.test("runsIn() follows links to folders, and takes no other links and no files", () =>
  withRun(async (runs, folder) => {
    const linked = "00005-mnist-hmog-small";
    await Deno.symlink(folder, `${runs}/${linked}`);
    await Deno.writeTextFile(`${runs}/00006-a-file`, "");
    await Deno.symlink(`${runs}/00006-a-file`, `${runs}/00007-to-a-file`);
    await Deno.symlink(`${runs}/none`, `${runs}/00008-to-nothing`);
    assertEquals(await runsIn(runs), [NAME, linked]);
    assertEquals(await findRun("5", runs), `${runs}/${linked}`);
  }));

Deno.test("latestCheckpoint() goes by number, not by text, takes autosaves and skips other files", () =>
  withRun(async (_, folder) => {
    for (const iteration of [999999, 1000000, 500]) await writeCheckpoint(folder, iteration);
    await Deno.writeTextFile(`${folder}/checkpoint-2000000.safetensors.partial`, "");
    assertEquals((await checkpointsOf(folder)).map((c) => c.iteration), [500, 999999, 1000000]);
    assertEquals((await latestCheckpoint(folder)).iteration, 1000000);
    const autosave = `${folder}/autosave-1000003.safetensors`;
    await Deno.copyFile(`${folder}/checkpoint-1000000.safetensors`, autosave);
    assertEquals(await latestCheckpoint(folder), { iteration: 1000003, path: autosave });
    assertEquals((await findCheckpoint(autosave)).iteration, 1000003);
  }));

Deno.test("latestCheckpoint() says that a run has none", () =>
  withRun(async (_, folder) => {
    assertStringIncludes(await refusal(latestCheckpoint(folder)), "it has no checkpoint, expected a file such as");
  }));

Deno.test("readCheckpoint() gives tensors, iteration, options and the run's name", () =>
  withRun(async (runs, folder) => {
    await writeCheckpoint(folder, 500, `{"seed":7}`);
    const checkpoint = await readCheckpoint(await findCheckpoint(NAME, runs));
    assertEquals([checkpoint.iteration, checkpoint.options, checkpoint.run], [500, { seed: 7 }, NAME]);
    assertEquals([...checkpoint.tensors["ema/head/weight"].data], [1, 2]);
    assertEquals((await readCheckpoint(await findCheckpoint(checkpoint.path))).iteration, 500);
  }));

Deno.test("readCheckpoint() names a damaged file, what is wrong and the newest intact one", () =>
  withRun(async (_, folder) => {
    await writeCheckpoint(folder, 50, "{}");
    await Deno.writeTextFile(await writeCheckpoint(folder, 150, "{}"), "damaged too");
    const older = await writeCheckpoint(folder, 100, "{}");
    const path = await writeCheckpoint(folder, 200, "{}");
    const bytes = await Deno.readFile(path);
    for (const damaged of [bytes.slice(0, 5), bytes.slice(0, -3), bytes.with(bytes.length - 1, 99)]) {
      await Deno.writeFile(path, damaged);
      const message = await refusal(latestCheckpoint(folder).then(readCheckpoint));
      assertStringIncludes(message, `Cannot read checkpoint ${path}: found `);
      assertStringIncludes(
        message,
        `; the newest intact one is ${older} (with it: --resume ${older} or --run ${older})`,
      );
    }
  }));

Deno.test("readCheckpoint() names files that are missing or tell no options", () =>
  withRun(async (_, folder) => {
    await writeCheckpoint(folder, 100);
    const foreign = await refusal(latestCheckpoint(folder).then(readCheckpoint));
    assertStringIncludes(foreign, `found no value as the metadata "options", expected a JSON object`);
    const missing = await refusal(findCheckpoint(`${folder}/x.safetensors`).then(readCheckpoint));
    assertStringIncludes(missing, "there is no such file, expected a checkpoint; a run by its folder, name or number");
  }));

Deno.test("readCheckpoint() refuses another version of the format", () =>
  withRun(async (_, folder) => {
    const path = await writeCheckpoint(folder, 100, "{}", { version: "1" });
    const message = await refusal(latestCheckpoint(folder).then(readCheckpoint));
    assertStringIncludes(message, `Cannot read checkpoint ${path}: found version 1 of the format, expected 2`);
  }));

Deno.test("readOptions() reads an object and names what is none", () =>
  withRun(async (_, folder) => {
    assertStringIncludes(await refusal(readOptions(folder)), "there is no such file");
    await Deno.writeTextFile(`${folder}/${OPTIONS_FILE}`, `{"seed":7}`);
    assertEquals(await readOptions(folder), { seed: 7 });
    await Deno.writeTextFile(`${folder}/${OPTIONS_FILE}`, `{"seed":`);
    assertStringIncludes(await refusal(readOptions(folder)), "no JSON text");
  }));
