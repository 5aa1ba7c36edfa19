import { assert, assertEquals, assertRejects } from "@std/assert";
import { checkpointsOf, readCheckpoint, RunError } from "../../core/sampling/run.ts";
import { resolveOptions } from "../../core/train/options.ts";
import { findResumable } from "../../core/train/resume.ts";
import { train, type TrainEvent, type TrainJob } from "../../core/train/train.ts";
import { NonFiniteError } from "../../core/train/trainer.ts";
import { device } from "../gpu.ts";
import { shapes } from "./shapes.ts";

const DATA = shapes(96);
const REQUEST = { dataset: "shapes", preset: "tiny", batch: 8, seed: 5, iterations: 6, saveEvery: 3, sampleEvery: 4 };
const { options: OPTIONS } = resolveOptions(REQUEST, { traits: device.traits, count: 96 });
const TIMES = ["imagesPerSecond", "msPerIteration", "gpuBytes", "elapsedSeconds"];

async function withRuns(task: (runs: string) => Promise<void>): Promise<void> {
  const runs = await Deno.makeTempDir();
  try {
    await task(runs);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}

const run = (job: Partial<TrainJob>): Promise<TrainEvent[]> =>
  Array.fromAsync(train({ device, data: DATA, options: { ...OPTIONS, reportEvery: 3 }, ...job }));

const namesIn = async (folder: string) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

const metricsOf = async (folder: string): Promise<Record<string, number>[]> =>
  (await Deno.readTextFile(`${folder}/metrics.jsonl`)).trimEnd().split("\n").map((line) => JSON.parse(line));

/** The lines of the log without what depends on the clock. */
const losses = async (folder: string) =>
  (await metricsOf(folder)).map((line) => Object.entries(line).filter(([name]) => !TIMES.includes(name)));

Deno.test("train() fills a run folder", () =>
  withRuns(async (runs) => {
    const events = await run({ runs });
    const folder = `${runs}/00000-shapes-hmog-tiny`;
    assertEquals(await namesIn(folder), [
      ".lock",
      "checkpoint-000003.safetensors",
      "checkpoint-000006.safetensors",
      "metrics.jsonl",
      "options.json",
      "reals.png",
      "samples-000004.png",
      "samples-000006.png",
    ]);
    assertEquals(events.map(({ kind }) => kind).filter((kind) => kind !== "measured"), [
      "started",
      "autosaved",
      "reported",
      "saved",
      "sampled",
      "reported",
      "sampled",
      "saved",
      "ended",
    ]);
    const [line] = await metricsOf(folder);
    const names = [
      "criticLoss",
      "generatorLoss",
      "wasserstein",
      "gradientNorm",
      "leafUsageEntropy",
      "largestWeight",
      ...TIMES,
    ];
    assertEquals(Object.keys(line).sort(), ["iteration", ...names].sort());
    assertEquals(line.iteration, 3);
    const record = JSON.parse(await Deno.readTextFile(`${folder}/options.json`));
    assertEquals(record.options, { ...OPTIONS, reportEvery: 3 });
    assertEquals([record.adapter, record.data.fingerprint], [device.description, DATA.fingerprint]);
    assertEquals(record.versions.deno, Deno.version.deno);
    await run({ runs, options: { ...OPTIONS, iterations: 1 } });
    assertEquals(await namesIn(runs), ["00000-shapes-hmog-tiny", "00001-shapes-hmog-tiny"]);
  }));

Deno.test("train() resumed after 3 iterations equals 6 at once, bit for bit, log included", () =>
  withRuns(async (runs) => {
    await run({ runs });
    await run({ runs, options: { ...OPTIONS, reportEvery: 3, iterations: 3 } });
    const [whole, folder] = [`${runs}/00000-shapes-hmog-tiny`, `${runs}/00001-shapes-hmog-tiny`];
    const resume = await findResumable("1", { runs, changes: { iterations: 6 } });
    assertEquals([resume.folder, resume.checkpoint.iteration], [folder, 3]);
    await run({ resume, options: resume.options });
    const [a, b] = await Promise.all([whole, folder].map(async (run) => {
      return await readCheckpoint((await checkpointsOf(run)).at(-1)!);
    }));
    assertEquals(b.iteration, 6);
    for (const [path, { data }] of Object.entries(a.tensors)) {
      const other = b.tensors[path].data;
      assert(data.every((x, i) => Object.is(x, other[i])), `${path} differs`);
    }
    assertEquals(await losses(folder), await losses(whole));
  }));

Deno.test("train() lets nobody else train a run meanwhile, and clears up what a killed process left", () =>
  withRuns(async (runs) => {
    const options = { ...OPTIONS, iterations: 3 };
    for await (const { kind } of train({ device, data: DATA, options, runs })) {
      if (kind !== "saved") continue;
      const resume = await findResumable("0", { runs, changes: { iterations: 6 } });
      await assertRejects(
        () => run({ resume, options: resume.options }),
        RunError,
        `Cannot train in ${runs}/00000-shapes-hmog-tiny: another process is training it, expected no other; wait`,
      );
    }
    const resume = await findResumable("0", { runs, changes: { iterations: 4 } });
    await Deno.writeTextFile(`${resume.folder}/.checkpoint-000004.safetensors.0a1b2c3d.part`, "half");
    await run({ resume, options: resume.options });
    assertEquals((await namesIn(resume.folder)).filter((name) => name.startsWith(".")), [".lock"]);
  }));

Deno.test("train() saves what is done when it is stopped, and goes on from there", () =>
  withRuns(async (runs) => {
    const controller = new AbortController();
    const options = { ...OPTIONS, iterations: 1000, saveEvery: 1000 };
    let end: TrainEvent | undefined;
    for await (const event of train({ device, data: DATA, options, runs, signal: controller.signal })) {
      if (event.kind === "measured" && event.measurement.iteration === 2) controller.abort();
      end = event;
    }
    assert(end?.kind === "ended" && end.stopped && end.iteration < 10);
    const resume = await findResumable(end.folder);
    assertEquals(resume.checkpoint.iteration, end.iteration);
    assertEquals((await metricsOf(end.folder)).at(-1)!.iteration, end.iteration);
  }));

Deno.test("train() gone on with from an older checkpoint names the checkpoint it ends with, and keeps where it comes from", () =>
  withRuns(async (runs) => {
    const options = { ...OPTIONS, iterations: 6, saveEvery: 2 };
    await run({ runs, options });
    const folder = `${runs}/00000-shapes-hmog-tiny`;
    const recordOf = async () => JSON.parse(await Deno.readTextFile(`${folder}/options.json`));
    await Deno.writeTextFile(`${folder}/options.json`, JSON.stringify({ ...await recordOf(), commit: "first" }));
    for (const [last, named] of [[4, `${folder}/checkpoint-000004.safetensors`], [8, folder]] as const) {
      const resume = await findResumable(`${folder}/checkpoint-000002.safetensors`, { changes: { iterations: last } });
      const end = (await run({ resume, options: resume.options })).at(-1);
      assert(end?.kind === "ended" && end.run === named, JSON.stringify(end));
    }
    const { commit, resumed, options: { iterations } } = await recordOf();
    assertEquals([commit, iterations], ["first", 8]);
    assertEquals(resumed.map(({ iteration }: { iteration: number }) => iteration), [2, 2]);
    assertEquals(resumed[0].adapter, device.description);
  }));

Deno.test("train() does nothing when it is stopped before it begins", () =>
  withRuns(async (runs) => {
    const controller = new AbortController();
    const events = run({ runs, signal: controller.signal });
    controller.abort(); // it compiles
    assertEquals([await events, await namesIn(runs)], [[], []]);
    await run({ runs, options: { ...OPTIONS, iterations: 3 } });
    const resume = await findResumable("0", { runs, changes: { iterations: 6 } });
    assertEquals(await run({ resume, options: resume.options, signal: AbortSignal.abort() }), []);
    assertEquals((await checkpointsOf(resume.folder)).map(({ iteration }) => iteration), [3]);
  }));

Deno.test("train() reports all iterations when it is stopped right behind a checkpoint", () =>
  withRuns(async (runs) => {
    const controller = new AbortController();
    const options = { ...OPTIONS, iterations: 1000, saveEvery: 2, reportEvery: 10 };
    let end: TrainEvent | undefined;
    for await (const event of train({ device, data: DATA, options, runs, signal: controller.signal })) {
      if (event.kind === "saved") controller.abort();
      end = event;
    }
    assert(end?.kind === "ended" && end.iteration === 2);
    assertEquals((await metricsOf(end.folder)).map(({ iteration }) => iteration), [2]);
    assertEquals((await checkpointsOf(end.folder)).map(({ iteration }) => iteration), [2]);
  }));

Deno.test("train() leaves no run folder behind that it could not begin", () =>
  withRuns(async (runs) => {
    const source = 1n as unknown as string; // cannot be written as JSON
    await assertRejects(() => run({ runs, data: { ...DATA, source } }), TypeError);
    assertEquals(await namesIn(runs), []);
  }));

Deno.test("train() stops at a loss that is no finite number and names the last good checkpoint", () =>
  withRuns(async (runs) => {
    const wild = { ...OPTIONS, adam: { ...OPTIONS.adam, learningRate: 1e30 } };
    const error = await assertRejects(() => run({ runs, options: wild }), NonFiniteError, "there is no checkpoint yet");
    assert(/^Cannot go on training: .* at iteration 1, expected a finite number/.test(error.message), error.message);
    await run({ runs, options: { ...OPTIONS, iterations: 3 } });
    const resume = await findResumable("1", { runs, changes: { iterations: 6 } });
    await assertRejects(
      () => run({ resume, options: { ...wild, iterations: 6 } }),
      NonFiniteError,
      `the last good checkpoint is ${runs}/00001-shapes-hmog-tiny/checkpoint-000003.safetensors`,
    );
    assertEquals((await checkpointsOf(resume.folder)).map(({ iteration }) => iteration), [3]);
  }));

Deno.test("train() has all iterations up to a checkpoint in the log, and those before a loss that is no number", () =>
  withRuns(async (runs) => {
    const options = { ...OPTIONS, iterations: 4, saveEvery: 2, reportEvery: 100 };
    for await (const event of train({ device, data: DATA, options, runs })) {
      if (event.kind !== "saved") continue;
      const { folder } = await findResumable("0", { runs, changes: { iterations: 9 } });
      assertEquals((await metricsOf(folder)).at(-1)!.iteration, event.iteration);
    }
    const resume = await findResumable("0", { runs, changes: { iterations: 9 } });
    const path = Object.keys(resume.checkpoint.tensors).find((path) => path.startsWith("moments/generator/first/"))!;
    resume.checkpoint.tensors[path].data.fill(NaN); // spoils the generator behind its loss of iteration 5
    await assertRejects(() => run({ resume, options: resume.options }), NonFiniteError, "at iteration 6");
    assertEquals((await metricsOf(resume.folder)).map(({ iteration }) => iteration), [2, 4, 5]);
  }));

Deno.test("findResumable() says what keeps a run from going on", () =>
  withRuns(async (runs) => {
    await assertRejects(() => findResumable("7", { runs }), RunError, `Cannot find run "7": there is no such folder`);
    await Deno.mkdir(`${runs}/00003-empty`);
    await assertRejects(() => findResumable("3", { runs }), RunError, "it has no checkpoint");
    await run({ runs, options: { ...OPTIONS, iterations: 3 } });
    await assertRejects(() => findResumable("4", { runs }), RangeError, "3 iterations are done, expected more");
    await assertRejects(
      () => findResumable("4", { runs, changes: { iterations: 0 } }),
      RangeError,
      "Cannot use 0 as iterations",
    );
    const folder = `${runs}/00004-shapes-hmog-tiny`;
    const resume = await findResumable("4", { runs, changes: { iterations: 6 } });
    await assertRejects(
      () => run({ resume, options: resume.options, data: { ...DATA, fingerprint: "other" } }),
      RunError,
      `Cannot resume ${folder}: the data in memory have fingerprint other, expected shapes-96`,
    );
    const record = JSON.parse(await Deno.readTextFile(`${folder}/options.json`));
    await Deno.writeTextFile(`${folder}/options.json`, JSON.stringify({ options: { model: {}, adam: {} } }));
    await assertRejects(
      () => findResumable("4", { runs, changes: { iterations: 6 } }),
      RunError,
      `Cannot resume ${folder}: options.json holds options that cannot be used (some are missing), expected those`,
    );
    record.options.model.depth = 30;
    await Deno.writeTextFile(`${folder}/options.json`, JSON.stringify(record));
    await assertRejects(
      () => findResumable("4", { runs }),
      RunError,
      "(Cannot build a tree of depth 30: expected a whole",
    );
    record.options.model.depth = 3;
    await Deno.writeTextFile(`${folder}/options.json`, JSON.stringify(record));
    await assertRejects(
      () => findResumable("4", { runs, changes: { iterations: 6 } }),
      RunError,
      "a checkpoint of another configuration: it was made with model/depth 2, expected 3",
    );
  }));

Deno.test("train() makes no folder when options and data do not fit together", () =>
  withRuns(async (runs) => {
    await assertRejects(
      () => run({ runs, options: { ...OPTIONS, batch: 97 } }),
      RangeError,
      "Cannot draw batches of 97 from 96 images",
    );
    assertEquals(await namesIn(runs), []);
  }));
