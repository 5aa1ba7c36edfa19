import { assert, assertEquals, assertThrows } from "@std/assert";
import type { HostArray } from "../../core/compile/program.ts";
import { isHostArray } from "../../core/compile/state.ts";
import { openSampler } from "../../core/sampling/sampler.ts";
import { checkpointsOf, readCheckpoint } from "../../core/sampling/run.ts";
import { grownState, nextSplit, usualSplits } from "../../core/train/grow.ts";
import { resolveOptions, type TrainOptions, type TrainRequest } from "../../core/train/options.ts";
import { findResumable } from "../../core/train/resume.ts";
import { train, type TrainEvent, type TrainJob } from "../../core/train/train.ts";
import { Trainer } from "../../core/train/trainer.ts";
import { leavesOf, type Tree } from "../../core/tree.ts";
import { device } from "../gpu.ts";
import { shapes } from "./shapes.ts";

const DATA = shapes(32);
const TIMES = ["imagesPerSecond", "msPerIteration", "gpuBytes", "elapsedSeconds"];

function optionsOf(request: Partial<TrainRequest> = {}): TrainOptions {
  const asked = { dataset: "shapes", preset: "tiny", batch: 8, seed: 5, iterations: 8, grow: true, ...request };
  return resolveOptions(asked, { traits: device.traits, count: 32 }).options;
}

const byPath = (values: Tree<HostArray>): Record<string, HostArray> =>
  Object.fromEntries(leavesOf<HostArray>(values, isHostArray));

Deno.test("resolveOptions() grows every level but the last in half of the run, in equal times", () => {
  assertEquals(optionsOf({ depth: 5, iterations: 1000 }).grow, [100, 200, 300, 400]);
  assertEquals(optionsOf({ depth: 4, iterations: 8 }).grow, [1, 2, 3]); // as few as there may be
  assertEquals(optionsOf({ grow: false }).grow, []);
  assertEquals(usualSplits(2, 1500), [375]);
  assertEquals([0, 100, 399, 400].map((t) => nextSplit([100, 200, 300, 400], t)), [100, 200, 400, Infinity]);
});

Deno.test("resolveOptions() says why something cannot grow", () => {
  const refuses = (request: Partial<TrainRequest>, message: string) =>
    assertThrows(() => optionsOf(request), RangeError, message);
  refuses({ method: "mog" }, "Cannot grow mog: it has no tree whose leaves could be split, expected hmog");
  refuses({ depth: 1 }, "Cannot grow a tree to depth 1: it begins with that, expected a depth from 2 on");
  refuses({ depth: 4, iterations: 7 }, "Cannot grow a tree to depth 4 in 7 iterations: there are too few");
});

Deno.test("grownState() copies leaves, keeps gates and shares moments", () => {
  const f = (...numbers: number[]) => Float32Array.from(numbers);
  const head = (leaves: HostArray, gates: HostArray) => ({
    head: { leaves: { weight: leaves }, gates: { weight: gates } },
  });
  const state = (head: Tree<HostArray>, first: Tree<HostArray>, second: Tree<HostArray>) => ({
    generator: head,
    moments: { generator: { first, second, weights: f(0.5, 0.25) } },
    step: Uint32Array.of(12),
  });
  // Two leaves of a latent of 2 with 1 feature, one gate; then four, and three.
  const before = state(
    head(f(1, 2, 3, 4), f(5, 6)),
    head(f(8, 8, 16, 16), f(3, 4)),
    head(f(4, 4, 8, 8), f(12, 16)),
  );
  const none = head(new Float32Array(8), new Float32Array(6));
  const start = state(head(new Float32Array(8).fill(-1), f(70, 71, 72, 80, 81, 82)), none, none);
  assertEquals(
    grownState(before, { start: { ...start, step: Uint32Array.of(0) }, depth: 2 }),
    state(
      head(f(1, 2, 1, 2, 3, 4, 3, 4), f(5, 71, 72, 6, 81, 82)),
      head(f(4, 4, 4, 4, 8, 8, 8, 8), f(3, 0, 0, 4, 0, 0)),
      head(f(1, 1, 1, 1, 2, 2, 2, 2), f(12, 3, 3, 16, 4, 4)),
    ),
  );
});

Deno.test("grownState() gives gates the second moments of those above them in level order", () => {
  const moments = (gates: Float32Array) => ({
    moments: { generator: { largest: { head: { gates: { bias: gates } } } } },
  });
  const grown = grownState(moments(Float32Array.of(4, 8, 16)), { start: moments(new Float32Array(7)), depth: 3 });
  assertEquals(grown, moments(Float32Array.of(4, 8, 16, 2, 2, 4, 4)));
});

/** Weights are sums of two products where they were one: rounding, which the body carries on; pictures are in [-1, 1]. */
const SAME_PICTURE = 1e-6;

Deno.test("Trainer.grow() changes no picture, keeps the rest and trains on, with --localize and a temperature", async () => {
  const options = optionsOf({ iterations: 4, localize: true, gateTemperature: [1, 0.5] }); // splits after 1
  const bytes = device.bytes;
  const trainer = await Trainer.create(device, options, DATA);
  assertEquals([trainer.depth, await trainer.grow()], [1, false]);
  await Array.fromAsync(trainer.run(1));
  const [before, pictures] = [byPath(await trainer.read()), await trainer.sample()];
  assertEquals([await trainer.grow(), await trainer.grow(), trainer.depth], [true, false, 2]);
  const [after, same] = [byPath(await trainer.read()), await trainer.sample()];
  const furthest = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i])));
  assert(furthest(same.images, pictures.images) < SAME_PICTURE);
  const parents = Float32Array.from(pictures.weights!, (_, i) => same.weights![2 * i] + same.weights![2 * i + 1]);
  assert(furthest(parents, pictures.weights!) < SAME_PICTURE);
  assert(
    furthest(same.weights!.filter((_, i) => i % 2 === 0), pictures.weights!) > 0.01,
    "children have all the weight",
  );
  const changed = Object.keys(before).filter((path) => before[path].length !== after[path].length);
  assert(changed.every((path) => /head\/(gates|leaves)\/|recogniser\/(.*\/)?classes\//.test(path)), changed.join());
  for (const path of Object.keys(before)) if (!changed.includes(path)) assertEquals(after[path], before[path], path);
  assertEquals(after["ema/head/gates/weight"].length, 8 * 3);

  const measurements = await Array.fromAsync(trainer.run(3));
  assertEquals(measurements.map(({ iteration }) => iteration), [2, 3]);
  const trained = byPath(await trainer.read());
  for (const path of changed) {
    assert(trained[path].every(Number.isFinite) && trained[path].some((x, i) => x !== after[path][i]), path);
  }
  trainer.destroy();
  assertEquals(device.bytes, bytes);
});

async function withRuns(task: (runs: string) => Promise<void>): Promise<void> {
  const runs = await Deno.makeTempDir();
  try {
    await task(runs);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}

const run = (job: Pick<TrainJob, "options"> & Partial<TrainJob>): Promise<TrainEvent[]> =>
  Array.fromAsync(train({ device, data: DATA, ...job }));

/** The lines of the log without what depends on the clock. */
async function losses(folder: string): Promise<unknown> {
  const lines = (await Deno.readTextFile(`${folder}/metrics.jsonl`)).trimEnd().split("\n");
  return lines.map((line) => Object.entries(JSON.parse(line)).filter(([name]) => !TIMES.includes(name)));
}

Deno.test("train() resumed before, at and behind a split equals a run that was never stopped, bit for bit", () =>
  withRuns(async (runs) => {
    const options = { ...optionsOf(), reportEvery: 2, saveEvery: 100 }; // one split, after 2 iterations
    const events = await run({ runs, options: { ...options, iterations: 5 } });
    assertEquals(events.filter(({ kind }) => kind === "grown"), [{ kind: "grown", depth: 2, iteration: 2 }]);
    const folder = (number: number) => `${runs}/0000${number}-shapes-hmog-tiny`;
    const saved = await checkpointsOf(folder(0));
    assertEquals(saved.map(({ iteration }) => iteration), [2, 5]);
    const whole = await readCheckpoint(saved[1]);
    for (const [i, stop] of [1, 2, 3].entries()) {
      await run({ runs, options: { ...options, iterations: stop } });
      const resume = await findResumable(`${i + 1}`, { runs, changes: { iterations: 5 } });
      await run({ resume, options: resume.options });
      const { tensors } = await readCheckpoint((await checkpointsOf(resume.folder)).at(-1)!);
      assertEquals(Object.keys(tensors), Object.keys(whole.tensors));
      for (const [path, { data }] of Object.entries(whole.tensors)) {
        assert(data.every((x, i) => Object.is(x, tensors[path].data[i])), `${path} differs, stopped after ${stop}`);
      }
    }
    assertEquals(await losses(folder(2)), await losses(folder(0)));

    for (const [i, depth] of [1, 2].entries()) {
      const sampler = await openSampler(device, saved[i].path);
      const { samples: [{ weights, gates }] } = await sampler.sample({ n: 1, seed: 1, leaf: 1 });
      assertEquals([sampler.options.depth, weights.length, gates.length], [depth, 2 ** depth, 2 ** depth - 1]);
      await sampler.close();
    }
  }));

Deno.test("train() that is stopped while it grows leaves the checkpoint before the split as it is", () =>
  withRuns(async (runs) => {
    const options = { ...optionsOf(), sampleEvery: 2 };
    const controller = new AbortController();
    const kinds: string[] = [];
    for await (const event of train({ device, data: DATA, runs, options, signal: controller.signal })) {
      kinds.push(event.kind);
      if (event.kind === "grown") controller.abort();
    }
    assertEquals(kinds.slice(-5), ["sampled", "reported", "saved", "grown", "ended"]);
    const resume = await findResumable("0", { runs });
    assertEquals(resume.checkpoint.iteration, 2);
    const again = await run({ resume, options: resume.options });
    assertEquals(again.slice(0, 2).map(({ kind }) => kind), ["started", "grown"]);
    assert(again.at(-1)?.kind === "ended");
  }));

Deno.test("findResumable() refuses splits that are none", () =>
  withRuns(async (runs) => {
    await run({ runs, options: { ...optionsOf(), iterations: 1 } });
    const path = `${runs}/00000-shapes-hmog-tiny/options.json`;
    const record = JSON.parse(await Deno.readTextFile(path));
    for (const grow of [[2, 3], [0], [1.5]]) {
      await Deno.writeTextFile(path, JSON.stringify({ ...record, options: { ...record.options, grow } }));
      const error = await findResumable("0", { runs, changes: { iterations: 8 } }).catch((error) => error);
      assert(
        error.message.includes(`to depth 2 with splits after iterations ${grow.join(", ")}: expected 1 whole`),
        error,
      );
    }
  }));
