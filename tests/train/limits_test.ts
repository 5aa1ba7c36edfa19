/** Training where there is no more than WebGPU promises: few buffers, little workgroup memory, no clock. */

import { assert, assertEquals } from "@std/assert";
import type { AdapterTraits } from "../../core/adapter.ts";
import { compile, createState } from "../../core/compile/program.ts";
import { Device, openDevice } from "../../core/gpu/device.ts";
import { isPoint, PRESETS } from "../../core/models/presets.ts";
import { resolveOptions, type TrainOptions } from "../../core/train/options.ts";
import { criticStep, generatorStep, initialState, sampleStep } from "../../core/train/steps.ts";
import { type Measurement, Trainer } from "../../core/train/trainer.ts";
import { device } from "../gpu.ts";
import { PAIRS } from "./pairs.ts";
import { points, shapes } from "./shapes.ts";

/** What every adapter of WebGPU has. */
const LEAST = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageTexturesPerShaderStage: 4,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxTextureDimension2D: 8192,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
};
/** Relative, of losses after a few steps: other kernels add in another order, and Adam divides small numbers. */
const TOLERANCE = 1e-3;
const ITERATIONS = 3;
const DATA = shapes(96);

function optionsOf(
  preset: string,
  changes: { method?: string; leaves?: string; objective?: string } = {},
): TrainOptions {
  const batch = preset === "tiny" ? 8 : 64;
  return resolveOptions({ dataset: "shapes", preset, batch, ...changes, iterations: ITERATIONS }, {
    traits: device.traits,
    count: 96,
  }).options;
}

const dataOf = ({ model }: TrainOptions) => isPoint(model.image) ? points(96) : DATA;

/** Runs a task on the smallest device, which kernels are chosen for as for `traits`; nothing may go wrong there. */
async function onSmallest(traits: Partial<AdapterTraits>, task: (device: Device) => Promise<void>): Promise<void> {
  const opened = await openDevice(LEAST, []);
  const smallest = new Device(opened.gpu, { ...opened.traits, ...traits }, opened.description);
  smallest.onWarning = (message) => assert(false, message);
  try {
    await task(smallest);
    smallest.check();
  } finally {
    await smallest.destroy();
  }
}

async function losses(device: Device, options: TrainOptions): Promise<Measurement[]> {
  const trainer = await Trainer.create(device, options, DATA);
  try {
    return await Array.fromAsync(trainer.run(ITERATIONS));
  } finally {
    trainer.destroy();
  }
}

function assertSame(found: readonly Measurement[], expected: readonly Measurement[]): void {
  assertEquals(found.length, expected.length);
  for (const [i, measurement] of expected.entries()) {
    for (const [name, value] of Object.entries(measurement)) {
      const error = Math.abs(found[i][name] - value);
      assert(
        error <= TOLERANCE * Math.max(1, Math.abs(value)),
        `${name} of iteration ${i + 1}: ${found[i][name]}, not ${value}`,
      );
    }
  }
}

for (const pair of PAIRS) {
  Deno.test(`tiny trains ${pair.method} with ${pair.objective} on the smallest adapter as on this one`, async () => {
    const options = optionsOf("tiny", pair);
    const expected = await losses(device, options);
    await onSmallest({}, async (smallest) => assertSame(await losses(smallest, options), expected));
  });
}

Deno.test("tiny trains on the smallest adapter with the kernels of a GPU, and without textures, as on this one", async () => {
  const options = optionsOf("tiny");
  const expected = await losses(device, options);
  for (const traits of [{ software: false }, { maxTextureSide: 0 }]) {
    await onSmallest(traits, async (smallest) => assertSame(await losses(smallest, options), expected));
  }
});

for (const software of [true, false]) {
  Deno.test(`every kernel of every preset, method and objective fits the smallest ${software ? "CPU" : "GPU"}`, () =>
    onSmallest({ software }, async (smallest) => {
      for (const preset of Object.keys(PRESETS)) {
        const pairs = preset === "tiny" ? [] : PAIRS; // which trains above
        for (const pair of [...pairs, { leaves: "constant" }]) {
          const options = optionsOf(preset, pair);
          const state = await createState(smallest, initialState(options));
          const inputs = { indices: { shape: [options.batch], dtype: "u32" } } as const;
          const data = dataOf(options);
          const programs = await Promise.all([
            compile(smallest, criticStep(options, data), { state, inputs }),
            compile(smallest, generatorStep(options, data), { state, inputs }),
            compile(smallest, sampleStep(options), { state }),
          ]);
          for (const program of programs) program.destroy();
          state.destroy();
        }
      }
    }));
}

Deno.test("tiny trains where the adapter refuses the first variant of every kernel that has others", async () => {
  const options = optionsOf("tiny");
  const expected = await losses(device, options);
  for (const software of [true, false]) {
    const opened = await openDevice();
    const refusing = new Device(opened.gpu, { ...opened.traits, software }, opened.description);
    let warnings = 0;
    refusing.onWarning = () => warnings++;
    const refused = new Map<string, string>();
    const { pipelines } = refusing;
    const get = pipelines.get.bind(pipelines);
    pipelines.get = (text) => {
      const isProduct = text.constants.N !== undefined || text.constants.OUT !== undefined;
      if (!isProduct || (refused.get(text.label) ?? text.code) !== text.code) return get(text);
      refused.set(text.label, text.code);
      return Promise.reject(new SyntaxError(`Cannot compile kernel ${text.label}: refused, expected another`));
    };
    assertSame(await losses(refusing, options), expected);
    assert(warnings > 10, `${warnings} kernels have other variants`);
    await refusing.destroy();
  }
});
