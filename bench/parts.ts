/** The parts of the benchmark: what each measures where nothing else is asked for, and how its figures read. */

import { type GrowthPoint, growthSizes, measureGrowth, showGrowth } from "./growth.ts";
import { type KernelsResult, measureKernels, showKernels } from "./kernels.ts";
import { measureMetrics, type MetricsResult, showMetrics } from "./metrics.ts";
import type { BenchOptions, Part } from "./options.ts";
import { measurePeak, type PeakResult, showPeak } from "./peak.ts";
import { measurePeers, type PeersResult, showPeers } from "./peers.ts";
import type { Machine } from "./results.ts";
import { measureSampling, type SamplingResult, showSampling } from "./sampling.ts";
import { measureServing, type ServingResult, showServing } from "./serving.ts";
import { measureSteps, showSteps, type StepsResult } from "./steps.ts";
import type { Training } from "./training.ts";

/** Figures of each part, by what was measured. */
interface Figures {
  peak: Record<string, PeakResult>;
  kernels: Record<string, KernelsResult>;
  steps: Record<string, StepsResult>;
  sampling: Record<string, SamplingResult>;
  peers: Record<string, PeersResult>;
  growth: Record<string, GrowthPoint[]>;
  metrics: Record<string, MetricsResult>;
  serving: Record<string, ServingResult>;
}

/** What a part is told: what is asked for, on which machine. */
export interface Context {
  options: BenchOptions;
  machine: Pick<Machine, "software">;
  /** Says that something is measured now; false if it is too late for that. */
  begin: (text: string) => boolean;
}

const JAX_SECONDS = 120; // for everything it does; an iteration of `paper` may take longer and is bounded then

const MEASURE: { [P in Part]: (context: Context) => Promise<Figures[P]> } = {
  peak: async ({ options }) => ({ adapter: await measurePeak(options) }),
  kernels: (context) =>
    each(context, trainingsOf(context.options, [64]), (training) => measureKernels(training, context.options)),
  steps: (context) => {
    const { quick, tune, iterations } = context.options;
    return each(context, trainingsOf(context.options, quick ? [64] : [64, 128]), (training) => {
      const usual = quick ? 4 : training.preset === "paper" ? 6 : 12;
      return measureSteps(training, { iterations: iterations ?? usual, first: !quick, tune });
    });
  },
  sampling: async ({ options, begin }) => {
    const figures: Figures["sampling"] = {};
    for (const preset of presetsOf(options)) {
      if (begin(preset)) figures[preset] = await measureSampling(preset, options);
    }
    return figures;
  },
  peers: (context) => {
    const { options, machine } = context;
    const { quick, tune, python, iterations } = options;
    const batchOf = (preset: string) => preset === "paper" && !machine.software ? 128 : 64;
    const usual = presetsOf(options).map((preset): Training => ({ preset, batch: batchOf(preset) }));
    return each(context, options.batches === null ? usual : trainingsOf(options, []), (training) => {
      const rounds = iterations ?? (quick ? 3 : training.preset === "paper" ? 6 : 10);
      const variants = quick ? ["eager"] : undefined;
      return measurePeers(training, { rounds, tune, python, variants, jaxSeconds: quick ? 0 : JAX_SECONDS });
    });
  },
  growth: async ({ options, begin }) => {
    const figures: Figures["growth"] = {};
    const iterations = options.iterations ?? (options.quick ? 2 : 3);
    for (const preset of presetsOf(options)) {
      const sizes = growthSizes(preset, options.quick);
      const points = await measureGrowth(sizes, { iterations, tune: options.tune, begin });
      if (points.length > 0) figures[preset] = points;
    }
    return figures;
  },
  metrics: async ({ options: { quick, iterations }, begin }) => {
    const size = quick ? { samples: 2000, dimensions: 256 } : { samples: 10_000, dimensions: 2048 };
    const result = await measureMetrics(size, { rounds: iterations ?? 1, begin });
    return Object.keys(result).length === 0 ? {} : { [`${size.samples} x ${size.dimensions}`]: result };
  },
  serving: async ({ options }) => {
    const { run, quick, python } = options;
    const [preset = "small"] = options.presets ?? [];
    const [seconds, rounds] = [options.seconds ?? (quick ? 2 : 10), options.iterations ?? (quick ? 1 : 2)];
    const name = run === null ? preset : run.replace(/\/+$/, "").split("/").at(-1)!;
    return { [name]: await measureServing({ run, preset, seconds, rounds, python }) };
  },
};

const SHOW: { [P in Part]: (figures: Figures[P]) => string } = {
  peak: ({ adapter }) => showPeak(adapter),
  kernels: (figures) =>
    Object.entries(figures).map(([name, result]) => `${name}\n\n${showKernels(result)}`).join("\n\n"),
  steps: showSteps,
  sampling: showSampling,
  peers: showPeers,
  growth: (figures) => showGrowth(Object.values(figures).flat()),
  metrics: showMetrics,
  serving: showServing,
};

/** Measures a part. */
export function measurePart(part: Part, context: Context): Promise<Record<string, unknown>> {
  return MEASURE[part](context);
}

/** Figures of a part as tables. */
export function showPart(part: Part, figures: Readonly<Record<string, unknown>>): string {
  return (SHOW[part] as (figures: unknown) => string)(figures);
}

function presetsOf({ presets, quick }: BenchOptions): readonly string[] {
  return presets ?? (quick ? ["small"] : ["small", "paper"]);
}

function trainingsOf(options: BenchOptions, batches: readonly number[]): Training[] {
  return presetsOf(options).flatMap((preset) =>
    (options.batches ?? batches).map((batch): Training => ({ preset, batch }))
  );
}

/** One measurement after the other, by name. */
async function each<T>({ begin }: Context, trainings: readonly Training[], f: (training: Training) => Promise<T>) {
  const figures: Record<string, T> = {};
  for (const training of trainings) {
    const name = `${training.preset} ${training.batch}`;
    if (begin(name)) figures[name] = await f(training);
  }
  return figures;
}
