/** Training on a GPU that goes away or reports an error. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Device, DeviceError, openDevice } from "../../core/gpu/device.ts";
import { checkpointsOf, readCheckpoint } from "../../core/sampling/run.ts";
import { resolveOptions } from "../../core/train/options.ts";
import { findResumable } from "../../core/train/resume.ts";
import { train, type TrainEvent, type TrainJob } from "../../core/train/train.ts";
import { lossyGpu } from "../core/gpu/lossy_gpu.ts";
import { device } from "../gpu.ts";
import { inFolder } from "../in_folder.ts";
import { shapes } from "./shapes.ts";

const DATA = shapes(96);
const REQUEST = { dataset: "shapes", preset: "tiny", batch: 8, seed: 5, iterations: 1000 };
const { options: OPTIONS } = resolveOptions(REQUEST, { traits: device.traits, count: 96 });
const FOLDER = "00000-shapes-hmog-tiny";

/** Trains until something happens at the first event that `when` picks, and gives the message of the failure. */
async function failing(job: Partial<TrainJob>, when: (event: TrainEvent) => boolean, happen: () => void) {
  let happened = false;
  const error = await assertRejects(async () => {
    for await (const event of train({ device, data: DATA, options: OPTIONS, ...job })) {
      if (happened || !when(event)) continue;
      happened = true;
      happen();
    }
  }, DeviceError);
  return error.message;
}

const measured = (iteration: number) => (event: TrainEvent) =>
  event.kind === "measured" && event.measurement.iteration === iteration;

const namesIn = async (folder: string) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

/** An error that WebGPU reports and survives: a copy of a buffer onto itself. */
function misuse({ gpu }: Device): void {
  const buffer = gpu.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, buffer, 0, 16);
  gpu.queue.submit([encoder.finish()]);
}

/** Goes on with a run for some iterations and compares its state with that of a run that was never stopped. */
async function assertGoesOn(runs: string, more: number): Promise<void> {
  const { checkpoint } = await findResumable(FOLDER, { runs });
  const iterations = checkpoint.iteration + more;
  const resume = await findResumable(FOLDER, { runs, changes: { iterations } });
  await Array.fromAsync(train({ device, data: DATA, options: resume.options, resume }));
  const options = { ...OPTIONS, iterations };
  await Array.fromAsync(train({ device, data: DATA, options, runs: `${runs}/whole` }));
  const [whole, other] = await Promise.all([`${runs}/whole/${FOLDER}`, resume.folder].map(async (folder) => {
    return await readCheckpoint((await checkpointsOf(folder)).at(-1)!);
  }));
  assertEquals([whole.iteration, other.iteration], [iterations, iterations]);
  for (const [path, { data }] of Object.entries(whole.tensors)) {
    const found = other.tensors[path].data;
    assert(data.every((x, i) => Object.is(x, found[i])), `${path} differs`);
  }
}

Deno.test("train() on a GPU that is lost has an autosave, says how to go on, and does so bit for bit", () =>
  inFolder(async (runs) => {
    const gpu = await lossyGpu();
    const job = { device: gpu.device, runs, autosaveEvery: 0 };
    const message = await failing(job, (event) => event.kind === "autosaved" && event.iteration === 3, gpu.lose);
    assertEquals(
      message,
      "Cannot go on: the GPU was lost (the driver was reset), expected it to stay; iteration 3 is saved as " +
        `${runs}/${FOLDER}/autosave-000003.safetensors; go on with: ./hmog train --resume ${runs}/${FOLDER}`,
    );
    assertEquals(
      await namesIn(`${runs}/${FOLDER}`),
      [
        ".lock",
        "autosave-000003.safetensors",
        "options.json",
        "metrics.jsonl",
        "reals.png",
      ].sort(),
    );
    await assertGoesOn(runs, 2);
    assertEquals((await namesIn(`${runs}/${FOLDER}`)).filter((name) => /safetensors|part/.test(name)), [
      "checkpoint-000005.safetensors",
    ]);
  }));

Deno.test("train() saves the first iteration at once, and says how many are lost behind it", () =>
  inFolder(async (runs) => {
    const gpu = await lossyGpu();
    const resumeCommand = (run: string) => `again ${run}`;
    const message = await failing({ device: gpu.device, runs, resumeCommand }, measured(4), gpu.lose);
    const lost = /iteration 1 is saved as \S+autosave-000001\S+, (\d) iterations after it are lost; go on with: (.*)$/;
    const [, count, command] = lost.exec(message) ?? [];
    assert(Number(count) >= 3, message);
    assertEquals(command, `again ${runs}/${FOLDER}`);
  }));

Deno.test("train() on a GPU that is lost before the first iteration leaves no folder", () =>
  inFolder(async (runs) => {
    const gpu = await lossyGpu();
    const message = await failing({ device: gpu.device, runs }, ({ kind }) => kind === "started", gpu.lose);
    assertMatch(message, /; no iteration was done; the same call begins the run again$/);
    assertEquals(await namesIn(runs), []);
  }));

Deno.test("train() on a GPU that is lost while kernels compile says so, and nothing of the kernels", () =>
  inFolder(async (runs) => {
    const gpu = await lossyGpu();
    const warnings: string[] = [];
    gpu.device.onWarning = (message) => warnings.push(message);
    setTimeout(gpu.lose, 20); // the first step takes some 500 ms to compile
    const job = { device: gpu.device, data: DATA, options: OPTIONS, runs };
    await assertRejects(() => Array.fromAsync(train(job)), DeviceError, "Cannot go on: the GPU was lost");
    assertEquals([warnings, await namesIn(runs)], [[], []]);
  }));

Deno.test("train() on a GPU that reports an error saves all iterations, and goes on bit for bit", () =>
  inFolder(async (runs) => {
    const own = await openDevice();
    const message = await failing({ device: own, runs }, measured(3), () => misuse(own));
    const saved =
      /the GPU reported ".+", expected no error; iteration (\d) is saved as (\S+); go on with: \.\/hmog train --resume/;
    const [, iteration, path] = saved.exec(message) ?? [];
    assertEquals(path, `${runs}/${FOLDER}/checkpoint-00000${iteration}.safetensors`, message);
    assert(Number(iteration) >= 3);
    await own.destroy();
    await assertGoesOn(runs, 2);
  }));

Deno.test("train() on a GPU that reports an error before the first iteration leaves no folder", () =>
  inFolder(async (runs) => {
    const own = await openDevice();
    const message = await failing({ device: own, runs }, ({ kind }) => kind === "started", () => misuse(own));
    const saved = /iteration 1 is saved as (\S+);/.exec(message);
    if (saved) assert((await Deno.stat(saved[1])).isFile); // the error was reported later than that
    else assertEquals([/no iteration was done/.test(message), await namesIn(runs)], [true, []], message);
    await own.destroy();
  }));

Deno.test("train() saves no state that a step is missing from", () =>
  inFolder(async (runs) => {
    const own = await openDevice();
    const { queue } = own.gpu;
    const submit = queue.submit.bind(queue);
    const message = await failing({ device: own, runs }, measured(2), () => {
      queue.submit = () => { // once: a step is dropped, and an error is reported
        queue.submit = submit;
        misuse(own);
      };
    });
    assertMatch(
      message,
      /iteration 1 is saved as \S+autosave-000001.safetensors, \d iterations? after it (is|are) lost/,
    );
    await own.destroy();
  }));

Deno.test("train() resumed on a GPU that is lost names the checkpoint that it began from", () =>
  inFolder(async (runs) => {
    await Array.fromAsync(train({ device, data: DATA, options: { ...OPTIONS, iterations: 3, saveEvery: 1 }, runs }));
    const older = `${runs}/${FOLDER}/checkpoint-000002.safetensors`;
    const resume = await findResumable(older, { runs, changes: { iterations: 9 } });
    const gpu = await lossyGpu();
    const message = await failing({ device: gpu.device, options: resume.options, resume }, measured(3), gpu.lose);
    assertMatch(message, /iteration \d is saved/);
    const gone = await lossyGpu();
    const again = await findResumable(older, { runs, changes: { iterations: 9 } });
    const job = { device: gone.device, options: again.options, resume: again };
    assertMatch(
      await failing(job, ({ kind }) => kind === "started", gone.lose),
      new RegExp(`iteration 2 is saved as ${older}; go on with: ./hmog train --resume ${older}$`),
    );
  }));

Deno.test("train() that is stopped before the first iteration leaves nothing, neither a checkpoint nor a folder", () =>
  inFolder(async (runs) => {
    const controller = new AbortController();
    const kinds: string[] = [];
    for await (const { kind } of train({ device, data: DATA, options: OPTIONS, runs, signal: controller.signal })) {
      kinds.push(kind);
      controller.abort();
    }
    assertEquals([kinds, await namesIn(runs)], [["started"], []]);
  }));
