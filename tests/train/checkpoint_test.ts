import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { HostArray } from "../../core/compile/program.ts";
import { isTensor } from "../../core/grad.ts";
import { type Checkpoint, checkpointName, readCheckpoint, RunError } from "../../core/sampling/run.ts";
import type { Tensor } from "../../core/tensor.ts";
import { checkConfiguration, valuesOf, writeCheckpoint } from "../../core/train/checkpoint.ts";
import { resolveOptions } from "../../core/train/options.ts";
import { initialState } from "../../core/train/steps.ts";
import { NonFiniteError } from "../../core/train/trainer.ts";
import { leavesOf } from "../../core/tree.ts";

const { options } = resolveOptions({ dataset: "mnist", preset: "tiny" }, { traits: { software: true }, count: 60 });
const LEAVES = leavesOf<Tensor>(initialState(options), isTensor);

/** Numbers that differ everywhere, by path; `seed` and `step` are whole. */
function someValues(): Record<string, HostArray> {
  let n = 0;
  return Object.fromEntries(LEAVES.map(([path, { size, dtype }]) => {
    const data = dtype === "u32" ? new Uint32Array(size) : new Float32Array(size);
    return [path, data.map(() => dtype === "u32" ? 2 ** 32 - ++n : Math.sin(++n))];
  }));
}

async function written(values: Record<string, HostArray>, task: (file: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await task(await writeCheckpoint(folder, 500, { options, leaves: LEAVES, values }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const read = (path: string): Promise<Checkpoint> => readCheckpoint({ path, iteration: 500 });

Deno.test("writeCheckpoint() keeps every bit of the state, the options and the iteration", () =>
  written(someValues(), async (file) => {
    assertEquals(file.endsWith(checkpointName(500)), true);
    const checkpoint = await read(file);
    assertEquals(valuesOf(checkpoint, LEAVES), someValues());
    assertEquals([checkpoint.iteration, checkpoint.options], [500, JSON.parse(JSON.stringify(options))]);
    checkConfiguration(checkpoint, options);
    checkConfiguration(checkpoint, { ...options, iterations: 9999, sampleEvery: 1, saveEvery: 1 });
  }));

Deno.test("writeCheckpoint() holds generator, average, critic, moments, seed and step", () => {
  const paths = LEAVES.map(([path]) => path);
  const kinds = [
    "generator/",
    "ema/",
    "critic/",
    "moments/generator/first/",
    "moments/critic/largest/",
    "seed",
    "step",
  ];
  for (const kind of kinds) assertEquals(paths.some((path) => path.startsWith(kind)), true, kind);
});

Deno.test("writeCheckpoint() never writes a state that is not finite", async () => {
  const folder = await Deno.makeTempDir();
  for (const wrong of [NaN, Infinity, -Infinity]) {
    const values = someValues();
    const path = LEAVES.find(([path]) => path.startsWith("critic/"))![0];
    values[path][1] = wrong;
    await assertRejects(
      () => writeCheckpoint(folder, 500, { options, leaves: LEAVES, values }),
      NonFiniteError,
      `Cannot go on training: an element of ${path} is ${wrong} at iteration 500`,
    );
  }
  assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  await Deno.remove(folder);
});

Deno.test("readCheckpoint() refuses a damaged or shortened file", () =>
  written(someValues(), async (file) => {
    const bytes = await Deno.readFile(file);
    for (const place of [0, 100, bytes.length >> 1, bytes.length - 1]) {
      const damaged = bytes.slice();
      damaged[place] ^= 16;
      await Deno.writeFile(file, damaged);
      await assertRejects(() => read(file), RunError, `Cannot read checkpoint ${file}: found `);
    }
    await Deno.writeFile(file, bytes.subarray(0, bytes.length - 7));
    await assertRejects(() => read(file), RunError, "the file was cut short");
  }));

Deno.test("valuesOf() names a missing tensor and one of another shape", () =>
  written(someValues(), async (file) => {
    const checkpoint = await read(file);
    const { step: _, ...tensors } = checkpoint.tensors;
    assertThrows(
      () => valuesOf({ ...checkpoint, tensors }, LEAVES),
      RunError,
      `Cannot resume from ${file}: it has no tensor step, expected u32 [1], as the options of the run say`,
    );
    const deeper = leavesOf<Tensor>(initialState({ ...options, model: { ...options.model, depth: 3 } }), isTensor);
    assertThrows(
      () => valuesOf(checkpoint, deeper),
      RunError,
      `Cannot resume from ${file}, a checkpoint of another configuration: generator/head/gates/`,
    );
  }));

Deno.test("checkConfiguration() names the first difference", () =>
  written(someValues(), async (file) => {
    const checkpoint = await read(file);
    assertThrows(
      () => checkConfiguration(checkpoint, { ...options, model: { ...options.model, depth: 3 } }),
      RunError,
      `Cannot resume from ${file}, a checkpoint of another configuration: it was made with model/depth 2, expected 3`,
    );
  }));
