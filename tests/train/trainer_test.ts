import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { crc32 } from "../../core/crc32.ts";
import { compile, createState, type HostArray } from "../../core/compile/program.ts";
import type { TrainingImages } from "../../core/train/images.ts";
import { resolveOptions, type TrainOptions, type TrainRequest } from "../../core/train/options.ts";
import { criticStep, initialState } from "../../core/train/steps.ts";
import { type Measurement, NonFiniteError, Trainer } from "../../core/train/trainer.ts";
import { leavesOf, type Tree } from "../../core/tree.ts";
import { device } from "../gpu.ts";
import { PAIRS } from "./pairs.ts";
import { points, shapes } from "./shapes.ts";

const DATA = shapes(96);

function optionsWith(changes: Partial<TrainOptions> = {}): TrainOptions {
  const request = { dataset: "shapes", preset: "tiny", iterations: 30, batch: 16, seed: 3 };
  return { ...resolveOptions(request, { traits: device.traits, count: 96 }).options, ...changes };
}

const withLearningRate = (learningRate: number): TrainOptions =>
  optionsWith({ adam: { ...optionsWith().adam, learningRate } });

async function withTrainer<T>(options: TrainOptions, task: (trainer: Trainer) => Promise<T>): Promise<T> {
  const trainer = await Trainer.create(device, options, DATA);
  try {
    return await task(trainer);
  } finally {
    trainer.destroy();
  }
}

/** Arrays by path. */
const byPath = (values: Tree<HostArray>): Record<string, HostArray> =>
  Object.fromEntries(leavesOf<HostArray>(values, (value): value is HostArray => ArrayBuffer.isView(value)));

/** A checksum of every array, which tells all bits apart and makes short messages. */
const checksums = (values: Tree<HostArray>) =>
  Object.entries(byPath(values)).map(([path, data]) =>
    `${path} ${crc32(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))}`
  );

const runTo = (trainer: Trainer, iteration: number): Promise<Measurement[]> => Array.fromAsync(trainer.run(iteration));

Deno.test("Trainer.run() gives equal numbers, parameters and pictures for equal seeds, others for others", async () => {
  const trained = (seed: number) =>
    withTrainer(optionsWith({ seed }), async (trainer) => {
      const measurements = await runTo(trainer, 4);
      const { images } = await trainer.sample();
      return { measurements, state: checksums(await trainer.read()), pictures: checksums(images) };
    });
  const first = await trained(3);
  assertEquals(await trained(3), first);
  const other = await trained(4);
  assertNotEquals(other.measurements[0].criticLoss, first.measurements[0].criticLoss);
  assertNotEquals(other.pictures, first.pictures);
});

Deno.test("Trainer.resume() after 3 iterations equals going on, bit for bit", async () => {
  const options = optionsWith();
  const { half, whole, measured } = await withTrainer(options, async (trainer) => {
    await runTo(trainer, 3);
    const half = await trainer.read();
    const measured = await runTo(trainer, 6);
    return { half, measured, whole: checksums(await trainer.read()) };
  });
  await withTrainer(options, async (trainer) => {
    trainer.resume(3, half);
    assertEquals(await runTo(trainer, 6), measured);
    assertEquals(checksums(await trainer.read()), whole);
  });
});

const AVERAGE_TOLERANCE = 1e-6; // weights are below 2, so float32 rounds their sums and products by less than 3e-7

Deno.test("Trainer.run() begins the moving average with a tenth of the start, in its first iteration", () =>
  withTrainer(optionsWith(), async (trainer) => {
    const before = byPath(await trainer.read());
    await runTo(trainer, 1);
    const after = byPath(await trainer.read());
    const paths = Object.keys(after).filter((path) => path.startsWith("ema/"));
    assert(paths.length > 0);
    for (const path of paths) {
      const now = after[path.replace("ema/", "generator/")];
      after[path].forEach((average, i) => {
        const expected = 0.1 * before[path][i] + 0.9 * now[i];
        assert(Math.abs(average - expected) < AVERAGE_TOLERANCE, `${path}: ${average}, expected ${expected}`);
      });
    }
  }));

Deno.test("Trainer.run() measures every iteration once and in order, also after a stop", () =>
  withTrainer(optionsWith(), async (trainer) => {
    const controller = new AbortController();
    const seen: Measurement[] = [];
    for await (const measurement of trainer.run(30, controller.signal)) {
      seen.push(measurement);
      if (measurement.iteration === 2) controller.abort();
    }
    assertEquals(seen.map(({ iteration }) => iteration), Array.from({ length: trainer.iteration }, (_, i) => i + 1));
    assert(trainer.iteration < 30);
    assertEquals(Object.keys(seen[0]).sort(), [
      "criticLoss",
      "generatorLoss",
      "gradientNorm",
      "iteration",
      "largestWeight",
      "leafUsageEntropy",
      "wasserstein",
    ]);
  }));

Deno.test("Trainer.run() reports the entropy of leaf usage within its bounds", () =>
  withTrainer(optionsWith(), async (trainer) => {
    const [{ leafUsageEntropy }] = await runTo(trainer, 1);
    assert(leafUsageEntropy > 0.5 && leafUsageEntropy <= Math.log(4) + 1e-5, `${leafUsageEntropy}`);
  }));

Deno.test("Trainer.run() stops at the first loss that is no finite number and names the iteration", () =>
  withTrainer(optionsWith(), async (trainer) => {
    await runTo(trainer, 2);
    trainer.state.write({ critic: { score: { bias: Float32Array.of(NaN) } } });
    const error = await assertRejects(
      () => runTo(trainer, 5),
      NonFiniteError,
      "at iteration 3, expected a finite number",
    );
    assertMatch(error.message, /^Cannot go on training: the (critic's|Wasserstein|generator's)/);
  }));

Deno.test("Trainer.create() refuses images of another size and too few of them", async () => {
  const options = optionsWith();
  const wide = { ...options, model: { ...options.model, image: [64, 64, 1] as const } };
  await assertRejects(
    () => Trainer.create(device, wide, DATA),
    RangeError,
    "Cannot train on images of 32x32x1: expected 64x64x1, as the model makes",
  );
  await assertRejects(
    () => Trainer.create(device, optionsWith({ batch: 97 }), DATA),
    RangeError,
    "Cannot draw batches of 97 from 96 images: expected a batch of at most 96",
  );
});

Deno.test("Trainer.create() frees all it took when it is destroyed", async () => {
  const before = device.bytes;
  await withTrainer(optionsWith(), () => Promise.resolve());
  assertEquals(device.bytes, before);
});

/** Numbers in the arrays of each network that is trained. */
const countsOf = (arrays: Record<string, HostArray>) =>
  ["generator", "critic", "recogniser"].map((network): [string, number] => {
    const own = Object.entries(arrays).filter(([path]) => path.startsWith(`${network}/`));
    return [network, own.reduce((count, [, { length }]) => count + length, 0)];
  }).filter(([, count]) => count > 0);

const CONSTANT = ["hmog", "mog"].map((method) => ({ method, objective: "wgan-gp", leaves: "constant" }));
const UNMOVED = ["critic/score/bias"]; // the Wasserstein estimate subtracts it from itself

for (const pair of [...PAIRS.map((pair) => ({ leaves: "linear", ...pair })), ...CONSTANT]) {
  const { method, objective, leaves } = pair;
  Deno.test(`Trainer.run() moves every tensor of ${method}, ${leaves} leaves, with ${objective}, to finite numbers`, () => {
    const request = { dataset: "shapes", preset: "tiny", batch: 16, ...pair };
    return withTrainer(resolveOptions(request, { traits: device.traits, count: 96 }).options, async (trainer) => {
      const before = byPath(await trainer.read());
      const measurements = await runTo(trainer, 2);
      assertEquals(measurements.length, 2);
      assert(measurements.every((m) => Object.values(m).every(Number.isFinite)));
      const after = byPath(await trainer.read());
      assertEquals(Object.entries(trainer.summary().parameters), countsOf(after));
      for (const [path, data] of Object.entries(after)) {
        assert(data.every(Number.isFinite), `${path} has elements that are no finite numbers`);
        if (!/^(generator|critic|recogniser|ema)\//.test(path) || UNMOVED.includes(path)) continue;
        assert(data.some((x, i) => x !== before[path][i]), `${path} is as it was`);
      }
    });
  });
}

Deno.test("Trainer.run() trains on colour images of 64x64, changed on the way, and on points", async () => {
  const images = Uint8Array.from({ length: 8 * 64 * 64 * 3 }, (_, i) => (i * i) % 251);
  const jobs: [TrainingImages, Partial<TrainRequest>][] = [
    [{ images, shape: [8, 64, 64, 3] }, { preset: "tiny", augment: ["flip", "color", "translation", "cutout"] }],
    [points(32), { criticNorm: "spectral", method: "mgan", objective: "hinge" }],
  ];
  for (const [data, request] of jobs) {
    const [count, ...image] = data.shape;
    const asked = { dataset: "any", batch: 8, iterations: 2, gateTemperature: [1, 0.5] as const, ...request };
    const { options } = resolveOptions(asked, { traits: device.traits, count, image });
    const trainer = await Trainer.create(device, options, data);
    const measurements = await runTo(trainer, 2);
    const { images, shape } = await trainer.sample();
    trainer.destroy();
    assert(measurements.every((m) => Object.values(m).every(Number.isFinite)));
    assertEquals(shape, [image[0] === 1 ? 2048 : 64, ...image]);
    assert(images.length === shape.reduce((a, b) => a * b) && images.every(Number.isFinite));
  }
});

const JUDGE_STEPS = 60; // enough for a critic of this size to see the difference to an untrained generator
const JUDGED = 10; // its last steps, whose mean is less noisy than one

/**
 * The Wasserstein estimate between data and a generator: a new critic is trained against the generator, which stays as
 * it is; always the same critic, batches and latents. (The estimate during training is by a critic that learns on the
 * way, so it first rises, however good the generator gets.)
 */
async function distanceTo(trained: Record<string, HostArray>): Promise<number> {
  const options = withLearningRate(3e-3);
  const state = await createState(device, initialState(options));
  state.write(Object.fromEntries(Object.entries(trained).filter(([path]) => path.startsWith("generator/"))));
  const indices = { shape: [options.batch], dtype: "u32" } as const;
  const judge = await compile(device, criticStep(options, DATA), { state, inputs: { indices } });
  let total = 0;
  for (let step = 0; step < JUDGE_STEPS; step++) {
    judge.run({ indices: Uint32Array.from({ length: options.batch }, (_, i) => (step * options.batch + i) % 96) });
    if (step >= JUDGE_STEPS - JUDGED) total += (await judge.read()).wasserstein[0];
  }
  judge.destroy();
  state.destroy();
  return total / JUDGED;
}

Deno.test("30 iterations of training lower the Wasserstein estimate of an independent critic", async () => {
  const trained = await withTrainer(withLearningRate(1e-2), async (trainer) => {
    await runTo(trainer, 30);
    return byPath(await trainer.read());
  });
  const [before, after] = [await distanceTo({}), await distanceTo(trained)];
  assert(after < before / 2, `the estimate is ${after} after training, ${before} before`);
});
