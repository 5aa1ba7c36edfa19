/**
 * How the time of an iteration grows with the depth of the tree, the batch and the side of the images.
 *
 * Method: for each size one iteration that is not counted and some that are, each waited for. Beside it the growth that
 * arithmetic predicts: the multiply-adds of the heavy kernels of an iteration over those of the size before it in the
 * table. When leaves double, the head's products double and the rest stays, so that this is `(rest + 2 tree) / (rest + tree)`.
 */

import { DeviceError, openDevice } from "../core/gpu/device.ts";
import { clocked, inTurns, summarize, type Summary } from "./measure.ts";
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
  /** Why the adapter or the model does not do it. */
  refused?: string;
}

const BATCH = 64;
const BATCHES = [16, 32, 64, 128, 256];

/** The sizes of a preset; neighbours differ in one thing. */
export function growthSizes(preset: string, quick: boolean): GrowthPoint[] {
  const depths = quick ? [1, 2, 3] : preset === "paper" ? [1, 2, 3, 4, 5, 6] : [1, 2, 3, 4, 5, 6, 7];
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

/** Measures one size after the other; `tell` is called before each. */
export async function measureGrowth(
  sizes: readonly GrowthPoint[],
  { iterations, tell = () => {} }: { iterations: number; tell?: (text: string) => void },
): Promise<GrowthPoint[]> {
  const points: GrowthPoint[] = [];
  for (const size of sizes) {
    tell(describe(size));
    points.push({ ...size, ...await measurePoint(size.training, iterations) });
  }
  return points;
}

async function measurePoint(training: Training, iterations: number): Promise<Partial<GrowthPoint>> {
  const device = await openDevice();
  try {
    const trainer = await openTrainer(device, training);
    try {
      await iterate(trainer, 1);
      const { iteration } = await inTurns(iterations, { iteration: () => clocked(() => iterate(trainer, 1)) });
      return {
        iterationMs: summarize(iteration),
        multiplyAdds: multiplyAddsOf(trainer),
        gpuMegabytes: device.bytes / 1e6,
      };
    } finally {
      trainer.destroy();
    }
  } catch (error) {
    if (error instanceof DeviceError || error instanceof RangeError) return { refused: error.message };
    throw error;
  } finally {
    await device.destroy();
  }
}

function describe({ axis, training }: GrowthPoint): string {
  return `${training.preset}, ${axis} ${training[axis]}`;
}

/** The sizes as a table: each beside the one before it on the same axis. */
export function showGrowth(points: readonly GrowthPoint[]): string {
  const rows = points.map((point, i) => {
    const before = points[i - 1];
    const follows = before?.axis === point.axis && before.training.preset === point.training.preset;
    if (point.iterationMs === undefined) return [describe(point), "refused", "-", "-", "-", "-"];
    const known = follows && before.iterationMs !== undefined;
    return [
      describe(point),
      spread(point.iterationMs),
      known ? (point.iterationMs.median / before.iterationMs!.median).toFixed(2) : "-",
      known ? (point.multiplyAdds! / before.multiplyAdds!).toFixed(2) : "-",
      digits(point.multiplyAdds! / 1e9),
      digits(point.gpuMegabytes!),
    ];
  });
  const refusals = points.filter(({ refused }) => refused).map((point) => `${describe(point)}: ${point.refused}`);
  const headers = ["size", "iteration, ms", "growth", "of arithmetic", "giga multiply-adds", "GPU, MB"];
  return [table(headers, rows), ...refusals].join("\n");
}
