/** How a task measures kernels: what it remembers where, and what is shown meanwhile. */

import type { Device } from "../core/gpu/device.ts";
import { Tuner, type TuningProgress } from "../core/gpu/tuning.ts";
import type { TrainOptions } from "../core/train/options.ts";
import { tuningBudget, tuningCache } from "../core/train/tuning.ts";
import { cacheFolder } from "../datasets/cache.ts";

const PLAIN_GAP = 5; // seconds between two lines where none can be rewritten

/** A tuner with the user's cache that shows how far it is. */
export function tunerFor(
  device: Device,
  options: TrainOptions,
  { signal, terminal, write }: { signal: AbortSignal; terminal: boolean; write: (text: string) => void },
): Tuner {
  return new Tuner(device, {
    store: tuningCache(cacheFolder(), device),
    budget: tuningBudget(options, device),
    signal,
    onProgress: tuningDisplay(terminal, write),
  });
}

/** Shows progress as one line that is rewritten on a terminal, as a few lines elsewhere. */
export function tuningDisplay(terminal: boolean, write: (text: string) => void): (progress: TuningProgress) => void {
  let shown = 0;
  return ({ done, total, seconds, ended }) => {
    if (done === 0) return; // everything was known
    if (!terminal && !ended && seconds - shown < PLAIN_GAP) return;
    shown = seconds;
    const line = `Tuning kernels: ${done} of ${total}, ${Math.round(seconds)} s`;
    write(terminal ? `\r\x1b[K${line}${ended ? "\n" : ""}` : `${line}\n`);
  };
}
