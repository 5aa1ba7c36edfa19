/** `deno task bench [part …] [flags]`: measures, prints tables, and writes `bench/results/<adapter>.json`. */

import { DeviceError } from "../core/gpu/device.ts";
import { growthSizes, measureGrowth, showGrowth } from "./growth.ts";
import { measureKernels, showKernels } from "./kernels.ts";
import { type BenchOptions, benchOptions, HELP, type Part } from "./options.ts";
import { measurePeak, showPeak } from "./peak.ts";
import { measurePeers, type PeersResult, showPeers } from "./peers.ts";
import { addResults, type Machine, machineOf, originOf, pathOf } from "./results.ts";
import { measureSampling, type SamplingResult, showSampling } from "./sampling.ts";
import { measureSteps, showSteps, type StepsResult } from "./steps.ts";
import { verdicts } from "./targets.ts";
import type { Training } from "./training.ts";

/** Figures by name, and how they read. */
interface Measured {
  figures: Record<string, unknown>;
  text: string;
}

const MEASURE: Record<Part, (options: BenchOptions, machine: Machine) => Promise<Measured>> = {
  peak: async ({ quick }) => {
    const result = await measurePeak({ quick });
    return { figures: { adapter: result }, text: showPeak(result) };
  },
  kernels: async (options) => {
    const figures = await each(trainingsOf(options, [64]), (training) => measureKernels(training, options));
    const texts = Object.entries(figures).map(([name, result]) => `${name}\n\n${showKernels(result)}`);
    return { figures, text: texts.join("\n\n") };
  },
  steps: async (options) => {
    const { quick, tune } = options;
    const figures = await each<StepsResult>(trainingsOf(options, quick ? [64] : [64, 128]), (training) => {
      const iterations = options.iterations ?? (quick ? 4 : training.preset === "paper" ? 6 : 12);
      return measureSteps(training, { iterations, first: !quick, tune });
    });
    return { figures, text: showSteps(figures) };
  },
  sampling: async (options) => {
    const figures: Record<string, SamplingResult> = {};
    for (const preset of presetsOf(options)) {
      tell(preset);
      figures[preset] = await measureSampling(preset, options);
    }
    return { figures, text: showSampling(figures) };
  },
  peers: async (options, { software }) => {
    const { quick, tune, python } = options;
    const usual = presetsOf(options).map((preset) => ({ preset, batch: preset === "paper" && !software ? 128 : 64 }));
    const trainings = options.batches === null ? usual : trainingsOf(options, []);
    const figures = await each<PeersResult>(trainings, (training) => {
      const rounds = options.iterations ?? (quick ? 3 : training.preset === "paper" ? 6 : 10);
      const variants = quick ? ["eager"] : undefined;
      return measurePeers(training, { rounds, tune, python, variants, jaxSeconds: quick ? 0 : JAX_SECONDS });
    });
    return { figures, text: showPeers(figures) };
  },
  growth: async (options) => {
    const figures: Record<string, Awaited<ReturnType<typeof measureGrowth>>> = {};
    for (const preset of presetsOf(options)) {
      const iterations = options.iterations ?? (options.quick ? 2 : 3);
      figures[preset] = await measureGrowth(growthSizes(preset, options.quick), {
        iterations,
        tune: options.tune,
        tell,
      });
    }
    return { figures, text: showGrowth(Object.values(figures).flat()) };
  },
};

const JAX_SECONDS = 120; // for everything it does; the paper's iteration may take longer and is bounded then

function presetsOf({ presets, quick }: BenchOptions): readonly string[] {
  return presets ?? (quick ? ["small"] : ["small", "paper"]);
}

function trainingsOf(options: BenchOptions, batches: readonly number[]): Training[] {
  return presetsOf(options).flatMap((preset) =>
    (options.batches ?? batches).map((batch): Training => ({ preset, batch }))
  );
}

/** One measurement after the other, by name. */
async function each<T>(trainings: readonly Training[], f: (training: Training) => Promise<T>) {
  const figures: Record<string, T> = {};
  for (const training of trainings) {
    const name = `${training.preset} ${training.batch}`;
    tell(name);
    figures[name] = await f(training);
  }
  return figures;
}

/** Says on stderr what is measured now. */
function tell(text: string): void {
  console.error(`  ${text}`);
}

/** Measures the parts asked for, one after the other; each is written as soon as it is known. */
async function run(options: BenchOptions): Promise<void> {
  const start = performance.now();
  const machine = await machineOf();
  console.log(`${machine.adapter}; ${machine.processor}, ${machine.cores} cores; Deno ${Deno.version.deno}`);
  for (const part of options.parts) {
    tell(`${part}:`);
    const before = performance.now();
    const origin = await originOf(options);
    const { figures, text } = await MEASURE[part](options, machine);
    const entries = Object.entries(figures).map(([name, result]) => [name, { origin, figures: result }]);
    const measured = { [part]: Object.fromEntries(entries) };
    await addResults(options.results, machine, measured);
    const lines = verdicts({ machine, measurements: measured });
    console.log(["", `## ${part}`, "", text, ...(lines.length > 0 ? ["", ...lines] : [])].join("\n"));
    tell(`${part} took ${seconds(before)} s`);
  }
  console.log(`\nWrote ${pathOf(options.results, machine)} after ${seconds(start)} s`);
}

const seconds = (start: number): string => ((performance.now() - start) / 1000).toFixed(0);

function fail(error: unknown, code: number): never {
  console.error(`bench: ${(error as Error).message}`);
  Deno.exit(code);
}

if (import.meta.main) {
  let options: BenchOptions | null = null;
  try {
    options = benchOptions(Deno.args);
  } catch (error) {
    fail(error, 2);
  }
  if (options === null) console.log(HELP);
  else {
    try {
      await run(options);
    } catch (error) {
      if (error instanceof DeviceError) fail(error, 1);
      throw error;
    }
  }
}
