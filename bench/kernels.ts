/**
 * Speed of the heavy kernels on the shapes that occur in an iteration, beside the multiply-add peak.
 *
 * Method: the heavy operations are those of the training graph itself, after equal values became one, and each is
 * counted as often as it occurs in five critic steps and one generator step. A kernel is that of a compiled program
 * with this operation and nothing else: random operands that are already in place. What brings them there (copies into
 * textures, a transposed operand) is not counted, nor is the sum of split products. After one warming run, rounds
 * measure the peak and then the kernel, repeated for about 50 ms (GPU: 250 ms). `ms` on a software adapter is the
 * processor's time divided by the cores, so that other work on the machine disturbs little; the clock's stands in the
 * file of results as `wallMs`.
 */

import type { Device } from "../core/gpu/device.ts";
import { matmul } from "../core/ops/matmul.ts";
import { openTuned } from "./device.ts";
import { inTurns, summarize, type Summary, timesFor } from "./measure.ts";
import { openPeak, roundOf } from "./peak.ts";
import { type HeavyCase, heavyCases } from "./shapes.ts";
import { digits, table } from "./table.ts";
import { heavyKernel, random, type Repeatable } from "./timing.ts";
import type { Training } from "./training.ts";

/** Figures of one kernel; times in ms, speeds in GFLOP/s. */
export interface KernelResult {
  name: string;
  op: string;
  count: number;
  ms: Summary;
  wallMs: Summary;
  gflops: number;
  /** Of the peak measured in turns with it. */
  share: number;
  multiplyAdds: number;
}

/** The kernels of one training. */
export interface KernelsResult {
  kernels: KernelResult[];
  /** Flops over time over peak of the convolutions as often as they occur in an iteration, and of the products. */
  convolutionShare: number;
  matmulShare: number;
  /** Milliseconds that all kernels take in an iteration. */
  iterationMs: number;
}

const ROUNDS = 5;
const ROUND_MS = { software: 50, gpu: 250 };

/** A product that everybody quotes. */
export const SQUARE: HeavyCase = {
  name: "matmul [1024,1024] [1024,1024]",
  op: "matmul",
  count: 0,
  multiplyAdds: 1024 ** 3,
  tensor: () => matmul(random([1024, 1024]), random([1024, 1024])),
};

/** Measures the heavy kernels of a training, or `cases` given. */
export async function measureKernels(
  training: Training,
  { quick, tune, cases }: { quick: boolean; tune: boolean; cases?: readonly HeavyCase[] },
): Promise<KernelsResult> {
  const device = await openTuned({ tune });
  const peak = await openPeak(device);
  const kernels: KernelResult[] = [];
  for (const heavy of cases ?? [SQUARE, ...heavyCases(device.traits, training)]) {
    const measured = await measureKernel(device, peak, heavy, quick ? 3 : ROUNDS);
    if (measured !== null) kernels.push(measured);
  }
  peak.destroy();
  await device.destroy();
  const convolutions = kernels.filter(({ op }) => op !== "matmul");
  return {
    kernels,
    convolutionShare: shareOf(convolutions),
    matmulShare: shareOf(kernels.filter(({ op }) => op === "matmul")),
    iterationMs: kernels.reduce((sum, { count, ms }) => sum + count * ms.median, 0),
  };
}

async function measureKernel(
  device: Device,
  peak: Repeatable,
  { name, op, count, multiplyAdds, tensor }: HeavyCase,
  rounds: number,
): Promise<KernelResult | null> {
  const kernel = await heavyKernel(device, tensor());
  if (kernel === null) return null;
  await kernel.run(1);
  const times = timesFor((await kernel.run(1)).busy, ROUND_MS[device.traits.software ? "software" : "gpu"]);
  const wall: number[] = [];
  const measured = await inTurns(rounds, {
    peak: async () => (await peak.run(roundOf(device))).busy,
    kernel: async () => {
      const time = await kernel.run(times);
      wall.push(time.wall);
      return time.busy;
    },
  });
  kernel.destroy();
  const ms = summarize(measured.kernel);
  const gflops = 2 * multiplyAdds / ms.median / 1e6;
  const peakGflops = 2 * peak.multiplyAdds / summarize(measured.peak).median / 1e6;
  return { name, op, count, ms, wallMs: summarize(wall), gflops, share: gflops / peakGflops, multiplyAdds };
}

/** Share of the peak of several kernels together: each weighs as much as the time it takes in an iteration. */
export function shareOf(kernels: readonly Pick<KernelResult, "count" | "ms" | "share">[]): number {
  const time = kernels.reduce((sum, { count, ms }) => sum + count * ms.median, 0);
  return kernels.reduce((sum, { count, ms, share }) => sum + count * ms.median * share, 0) / time;
}

/** The kernels as a table. */
export function showKernels({ kernels, convolutionShare, matmulShare, iterationMs }: KernelsResult): string {
  const rows = kernels.map(({ name, count, ms, gflops, share }) => [
    name,
    `${count}`,
    digits(ms.median),
    digits(gflops),
    share.toFixed(2),
    count === 0 ? "-" : (count * ms.median / iterationMs).toFixed(2),
  ]);
  return [
    table(["kernel", "times", "ms", "GFLOP/s", "of peak", "of time"], rows),
    "",
    `All of an iteration: ${digits(iterationMs)} ms; by time, convolutions reach ${
      convolutionShare.toFixed(2)
    } of the ` +
    `peak, matrix products ${matmulShare.toFixed(2)}`,
  ].join("\n");
}
