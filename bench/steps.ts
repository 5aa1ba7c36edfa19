/**
 * Speed and memory of whole training iterations (five critic steps and one generator step, as `train` runs them).
 *
 *     deno task bench steps [--preset small] [--batch 64] [--iterations 12]
 *
 * Method: random bytes in place of pictures, otherwise what `train` does. The time to the first iteration counts from
 * before the adapter is asked for: it holds tracing, planning and compiling. `MESA_SHADER_CACHE_DISABLE=true` makes it that
 * of a machine that has never trained. Then each iteration is waited for, and the median, least and largest of all but
 * the first two are shown. Memory is the process's resident set, on a software adapter the GPU's buffers included, after
 * iteration 100 (or two) and at the end.
 */

import { openDevice } from "../core/gpu/device.ts";
import { resolveOptions } from "../core/train/options.ts";
import { Trainer } from "../core/train/trainer.ts";

/** What is measured. */
export interface StepsOptions {
  preset: string;
  batch: number;
  iterations: number;
}

/** Figures of one preset; times in ms, memory in MB. */
export interface StepsResult extends StepsOptions {
  adapter: string;
  firstIterationMs: number;
  iterationMs: { median: number; least: number; largest: number };
  dispatches: Record<string, number>;
  gpuMegabytes: { early: number; end: number };
  residentMegabytes: { early: number; end: number };
}

const IMAGES = 4096;
const SETTLED = 100; // iterations after which memory should not grow

/** Runs some iterations and measures each. */
export async function measureSteps({ preset, batch, iterations }: StepsOptions): Promise<StepsResult> {
  const start = performance.now();
  const device = await openDevice();
  const context = { traits: device.traits, count: IMAGES };
  const { options } = resolveOptions({ dataset: "random", preset, batch, iterations }, context);
  const bytes = new Uint8Array(IMAGES * options.model.image.reduce((a, b) => a * b));
  for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  const trainer = await Trainer.create(device, options, { images: bytes, shape: [IMAGES, ...options.model.image] });
  const times: number[] = [];
  const memory = () => ({ gpu: device.bytes / 1e6, resident: Deno.memoryUsage().rss / 1e6 });
  let firstIterationMs = 0;
  let early = memory();
  for (let iteration = 1; iteration <= iterations; iteration++) {
    const before = performance.now();
    for await (const _ of trainer.run(iteration)) { /* waits until the iteration is measured */ }
    const now = performance.now();
    if (iteration === 1) firstIterationMs = now - start;
    if (iteration > 2) times.push(now - before);
    if (iteration === 2 || iteration === SETTLED) early = memory();
  }
  const end = memory();
  const sorted = times.sort((a, b) => a - b);
  const { programs } = trainer.summary();
  const dispatches = Object.fromEntries(Object.entries(programs).map(([name, program]) => [name, program.dispatches]));
  trainer.destroy();
  await device.destroy();
  return {
    preset,
    batch,
    iterations,
    adapter: device.description,
    firstIterationMs,
    iterationMs: { median: sorted[sorted.length >> 1], least: sorted[0], largest: sorted[sorted.length - 1] },
    dispatches,
    gpuMegabytes: { early: early.gpu, end: end.gpu },
    residentMegabytes: { early: early.resident, end: end.resident },
  };
}
