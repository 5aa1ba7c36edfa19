/** A run folder with an untrained generator, as training would leave it. */

import { createState } from "../../core/compile/program.ts";
import { isHostArray } from "../../core/compile/state.ts";
import { type Device, openDevice } from "../../core/gpu/device.ts";
import { isTensor } from "../../core/grad.ts";
import { generator } from "../../core/models/generator.ts";
import { type ModelOptions, PRESETS } from "../../core/models/presets.ts";
import { initializer } from "../../core/nn/init.ts";
import { encodeSafetensors, type StoredTensor } from "../../core/safetensors.ts";
import { CHECKPOINT_FORMAT, checkpointName } from "../../core/sampling/run.ts";
import { openSampler, type Sampler } from "../../core/sampling/sampler.ts";
import { writeWhole } from "../../core/sampling/write.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leavesOf } from "../../core/tree.ts";

export const TINY_RUN = "00000-fashionmnist-hmog-tiny";

/** Changes a generator's tensors, by path, before they are stored. */
export type Change = (tensors: Record<string, StoredTensor>) => void;

/**
 * Writes `runs/00000-fashionmnist-hmog-tiny` with one checkpoint; gives the path of the checkpoint.
 *
 * @param run Options of the run beside those of its model
 */
export async function writeTinyRun(
  device: Device,
  runs: string,
  { options = {} as Partial<ModelOptions>, change = (() => {}) as Change, iteration = 500, run = {} } = {},
): Promise<string> {
  const model = { ...PRESETS.tiny, ...options };
  const tensors: Record<string, StoredTensor> = {};
  for (const [place, seed] of Object.entries({ ema: 7, generator: 8 })) { // the moving average, and the newest weights
    const tree = generator(model).parameters(initializer(seed));
    const state = await createState(device, tree);
    const values = new Map(leavesOf(await state.read(), isHostArray));
    state.destroy();
    for (const [path, { shape }] of leavesOf<Tensor>(tree, isTensor)) {
      tensors[`${place}/${path}`] = { shape, data: values.get(path)! };
    }
  }
  change(tensors);
  const metadata = { ...CHECKPOINT_FORMAT, iteration: String(iteration), options: JSON.stringify({ model, ...run }) };
  const path = `${runs}/${TINY_RUN}/${checkpointName(iteration)}`;
  await Deno.mkdir(`${runs}/${TINY_RUN}`, { recursive: true });
  await writeWhole(path, encodeSafetensors({ tensors, metadata })); // others may be looking
  return path;
}

/** A folder of runs with one checkpoint in it and no device open; removed afterwards. */
export async function withTinyRuns(test: (runs: string, checkpoint: string) => Promise<void>): Promise<void> {
  const runs = await Deno.makeTempDir();
  try {
    const device = await openDevice();
    const checkpoint = await writeTinyRun(device, runs).finally(() => device.destroy());
    await test(runs, checkpoint);
  } finally {
    await Deno.remove(runs, { recursive: true });
  }
}

/** What `withSampler` makes a run from. */
export interface Setup {
  options?: Partial<ModelOptions>;
  run?: Record<string, unknown>;
  change?: Change;
}

/** An empty folder for runs, and a device. */
export async function withRuns(test: (device: Device, runs: string) => Promise<void>): Promise<void> {
  const runs = await Deno.makeTempDir();
  const device = await openDevice();
  try {
    await test(device, runs);
  } finally {
    await device.destroy();
    await Deno.remove(runs, { recursive: true });
  }
}

/** A sampler of an untrained `tiny` generator: a tree of depth 2. */
export function withSampler(setup: Setup, test: (sampler: Sampler) => Promise<void>): Promise<void> {
  return withRuns(async (device, runs) => {
    await writeTinyRun(device, runs, setup);
    const sampler = await openSampler(device, TINY_RUN, { runs });
    try {
      await test(sampler);
    } finally {
      await sampler.close();
    }
  });
}
