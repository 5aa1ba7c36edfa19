/** The device that is measured, choosing its kernels as `train` does. */

import { type Device, openDevice } from "../core/gpu/device.ts";
import { Tuner } from "../core/gpu/tuning.ts";
import { tuningBudget, tuningCache } from "../core/train/tuning.ts";
import { cacheFolder } from "../datasets/cache.ts";

const LONG_RUN = { iterations: 1_000_000 }; // as for a run that is worth measuring kernels for

/** Whether kernels are chosen by measurement, and the most ms to spend on that; as long as `train` unless given. */
export interface Tuning {
  tune: boolean;
  budget?: number;
}

/** A device; with `tune` it has the choices in the user's cache, and adds what they lack. */
export async function openTuned({ tune, budget }: Tuning): Promise<Device> {
  const device = await openDevice();
  if (!tune) return device;
  device.tuner = new Tuner(device, {
    store: tuningCache(cacheFolder(), device),
    budget: budget ?? tuningBudget(LONG_RUN, device),
  });
  return device;
}
