/**
 * How long metrics take: as many samples as are usual, as many features as Inception has.
 *
 * Method: independent normal features, those of the fakes a tenth wider. Every metric is computed alone, from features to
 * numbers, with nothing known before (`evaluate` keeps statistics and neighbours of the real set), waited for once. By the
 * clock, and the processor's time of all threads of this process, which other work on the machine disturbs less.
 */

import { draws } from "../core/draws.ts";
import { openDevice } from "../core/gpu/device.ts";
import { evaluateMetrics, type MetricName } from "../core/metrics/evaluation.ts";
import { type Matrix, matrix } from "../core/metrics/matrix.ts";
import { clocked, processorTime, summarize, type Summary } from "./measure.ts";
import { spread, table } from "./table.ts";

/** Samples of each set and numbers of each. */
export interface MetricSize {
  samples: number;
  dimensions: number;
}

/** Seconds of a metric. */
export interface MetricTime {
  /** By the clock. */
  wall: Summary;
  /** Of all cores together. */
  processor: Summary;
}

/** Seconds by metric. */
export type MetricsResult = Partial<Record<MetricName, MetricTime>>;

/** The metrics that are computed from all pairs of samples, or from covariances. */
export const TIMED: readonly MetricName[] = ["fid", "kid", "knn", "mmd", "prdc"];
const WIDER = 1.1;

/** Measures every metric at one size; where `begin` says no, it is left out. */
export async function measureMetrics(
  size: MetricSize,
  { rounds, begin = () => true }: { rounds: number; begin?: (text: string) => boolean },
): Promise<MetricsResult> {
  const device = await openDevice();
  const real = { features: features(size, { seed: 0, width: 1 }) };
  const fake = { features: features(size, { seed: 1, width: WIDER }) };
  const result: MetricsResult = {};
  for (const metric of TIMED) {
    if (!begin(metric)) continue;
    const times = { wall: [] as number[], processor: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const before = processorTime();
      const ms = await clocked(() =>
        evaluateMetrics(device, [metric], { real, fake, featureName: "inception", seed: 0 })
      );
      times.wall.push(ms / 1000);
      times.processor.push((processorTime() - before) / 1000);
    }
    result[metric] = { wall: summarize(times.wall), processor: summarize(times.processor) };
  }
  await device.destroy();
  return result;
}

/** Normal features. */
function features({ samples, dimensions }: MetricSize, { seed, width }: { seed: number; width: number }): Matrix {
  const { normal } = draws(seed);
  return matrix(Float32Array.from({ length: samples * dimensions }, () => width * normal()), dimensions);
}

/** Several sizes as a table. */
export function showMetrics(results: Readonly<Record<string, MetricsResult>>): string {
  const rows = Object.entries(results).flatMap(([size, result]) =>
    Object.entries(result).map(([metric, { wall, processor }]) => [size, metric, spread(wall), spread(processor)])
  );
  return table(["samples x dimensions", "metric", "s", "processor, s"], rows);
}
