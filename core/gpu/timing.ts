/** How long lists of commands take, compared with one another. */

import type { Device } from "./device.ts";
import { type Command, submit } from "./executor.ts";
import { Recorder } from "./profile.ts";

const ROUNDS = 3; // of which the fastest counts, since noise only adds; after one that warms up
const LONG_ENOUGH = 60; // ms between two waits of the host, which come 10-12 ms late
const MOST_REPETITIONS = 64;

/** Measures with the GPU's clock, or with the host's where the device was opened without timestamps. */
export class Stopwatch {
  private constructor(readonly device: Device, readonly recorder: Recorder | null) {}

  /** A stopwatch of the best kind there is. */
  static async open(device: Device): Promise<Stopwatch> {
    return new Stopwatch(device, await Recorder.open(device));
  }

  /** Time of each list in one unit, unknown but the same for all: the best of a few runs, the lists by turns. */
  async times(lists: readonly (readonly Command[])[]): Promise<number[]> {
    return this.recorder ? await timesOnGpu(this.recorder, lists) : await timesOnHost(this.device, lists);
  }

  /** Frees what it measures with. */
  destroy(): void {
    this.recorder?.destroy();
  }
}

async function timesOnGpu(recorder: Recorder, lists: readonly (readonly Command[])[]): Promise<number[]> {
  const round = lists.flat();
  const rounds = Array.from({ length: 1 + ROUNDS }, () => round).flat();
  const { begins, ends } = await recorder.submit(rounds);
  const firsts = lists.map((_, i) => lists.slice(0, i).flat().length);
  return lists.map((commands, i) => {
    const times = Array.from({ length: ROUNDS }, (_, turn) => {
      const first = (1 + turn) * round.length + firsts[i];
      return commands.reduce((total, _, at) => total + ends[first + at] - begins[first + at], 0);
    });
    return Math.min(...times);
  });
}

async function timesOnHost(device: Device, lists: readonly (readonly Command[])[]): Promise<number[]> {
  const run = async (commands: readonly Command[], repetitions: number) => {
    const begun = performance.now();
    for (let i = 0; i < repetitions; i++) submit(device, commands);
    await device.gpu.queue.onSubmittedWorkDone();
    return (performance.now() - begun) / repetitions;
  };
  const repetitions: number[] = [];
  for (const commands of lists) {
    await run(commands, 1);
    repetitions.push(Math.ceil(Math.min(MOST_REPETITIONS, LONG_ENOUGH / Math.max(0.1, await run(commands, 4)))));
  }
  const times: number[][] = lists.map(() => []);
  for (let turn = 0; turn < ROUNDS; turn++) {
    for (const [i, commands] of lists.entries()) times[i].push(await run(commands, repetitions[i]));
  }
  return times.map((list) => Math.min(...list));
}
