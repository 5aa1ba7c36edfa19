/**
 * How the time of an iteration grows with the depth of the tree, the batch and the side of the images.
 *
 * Method: for each size one iteration that is not counted and some that are, each waited for, in turns with the size
 * before it on the same axis: growth is the ratio of these medians. Beside it what arithmetic predicts: the ratio of
 * the multiply-adds of the heavy kernels of an iteration. When leaves double, the head's products double and the rest
 * stays, so that this is `(rest + 2 tree) / (rest + tree)`.
 */

import { type Device, DeviceError } from "../core/gpu/device.ts";
import type { Trainer } from "../core/train/trainer.ts";
import { openTuned } from "./device.ts";
import { inTurns, repeated, summarize, type Summary } from "./measure.ts";
import { digits, spread, table } from "./table.ts";
import { iterate, multiplyAddsOf, openTrainer, type Training } from "./training.ts";

/** One size. */
export interface GrowthPoint {
  axis: "depth" | "batch" | "side";
  training: Training;
  iterationMs?: Summary;
  /** Of the heavy kernels of an iteration. */
  multiplyAdds?: number;
  gpuMegabytes?: number;
  /** Time over that of the size before it on the same axis, measured in turns, and what the multiply-adds predict. */
  growth?: Summary;
  arithmetic?: number;
  /** Why the adapter or the model does not do it. */
  refused?: string;
}

const BATCH = 64;
const TUNING_MS = 3000; // for each of the many sizes; the heaviest kernels are measured first
const BATCHES = [16, 32, 64, 128, 256];

/** The sizes of a preset; neighbours differ in one thing. */
export function growthSizes(preset: string, quick: boolean): GrowthPoint[] {
  const depths = quick ? [1, 2, 3] : [1, 2, 3, 4, 5, 6, 7];
  const point = (axis: GrowthPoint["axis"], training: Partial<Training>): GrowthPoint => ({
    axis,
    training: { preset, batch: BATCH, ...training },
  });
  if (quick || preset === "paper") return depths.map((depth) => point("depth", { depth }));
  return [
    ...depths.map((depth) => point("depth", { depth })),
    ...BATCHES.map((batch) => point("batch", { batch })),
    ...[32, 64].map((side) => point("side", { side })),
  ];
}

/** A size that is being measured. */
interface Open {
  point: GrowthPoint;
  device: Device;
  trainer: Trainer;
  /** Takes the ms of one iteration. */
  iteration: () => Promise<number>;
}

/** Measures one size after the other, each in turns with its neighbour; where `begin` says no, it is left out. */
export async function measureGrowth(
  sizes: readonly GrowthPoint[],
  { iterations, tune, begin = () => true }: { iterations: number; tune: boolean; begin?: (text: string) => boolean },
): Promise<GrowthPoint[]> {
  const points: GrowthPoint[] = [];
  let before: Open | null = null;
  for (const size of sizes) {
    if (!begin(describe(size))) continue;
    if (before !== null && before.point.axis !== size.axis) before = await close(before);
    const now = await open(size, tune);
    points.push(now.point);
    if (!("trainer" in now)) continue;
    const turns = await inTurns(iterations, {
      ...(before === null ? {} : { before: before.iteration }),
      now: now.iteration,
    } as Record<"before" | "now", () => Promise<number>>);
    Object.assign(now.point, { iterationMs: summarize(turns.now) });
    if (before !== null) Object.assign(now.point, { growth: growthOf(turns), arithmetic: arithmeticOf(before, now) });
    await close(before);
    before = now;
  }
  await close(before);
  return points;
}

/** A warm trainer of a size, or the size with the reason why there is none. */
async function open(size: GrowthPoint, tune: boolean): Promise<Open | { point: GrowthPoint }> {
  const device = await openTuned({ tune, budget: TUNING_MS });
  try {
    const trainer = await openTrainer(device, size.training);
    await iterate(trainer, 1);
    const point = { ...size, multiplyAdds: multiplyAddsOf(trainer), gpuMegabytes: device.bytes / 1e6 };
    return { point, device, trainer, iteration: await repeated((times) => iterate(trainer, times)) };
  } catch (error) {
    await device.destroy();
    if (error instanceof DeviceError || error instanceof RangeError) {
      return { point: { ...size, refused: error.message } };
    }
    throw error;
  }
}

async function close(open: Open | null): Promise<null> {
  open?.trainer.destroy();
  await open?.device.destroy();
  return null;
}

/** Ratio of the medians, and the spread of the rounds' ratios. */
function growthOf({ before, now }: Record<"before" | "now", number[]>): Summary {
  const rounds = summarize(now.map((ms, round) => ms / before[round]));
  return { ...rounds, median: summarize(now).median / summarize(before).median };
}

const arithmeticOf = (before: Open, now: Open): number => now.point.multiplyAdds! / before.point.multiplyAdds!;

function describe({ axis, training }: GrowthPoint): string {
  return `${training.preset}, ${axis} ${training[axis]}`;
}

/** The sizes as a table: each beside the one before it on the same axis. */
export function showGrowth(points: readonly GrowthPoint[]): string {
  const rows = points.map(({ iterationMs, growth, arithmetic, multiplyAdds, gpuMegabytes, ...point }) => [
    describe(point),
    iterationMs ? spread(iterationMs) : "refused",
    growth ? spread(growth) : "-",
    arithmetic?.toFixed(2) ?? "-",
    multiplyAdds ? digits(multiplyAdds / 1e9) : "-",
    gpuMegabytes ? digits(gpuMegabytes) : "-",
  ]);
  const refusals = points.filter(({ refused }) => refused).map((point) => `${describe(point)}: ${point.refused}`);
  const headers = ["size", "iteration, ms", "growth", "of arithmetic", "giga multiply-adds", "GPU, MB"];
  return [table(headers, rows), ...refusals].join("\n");
}
