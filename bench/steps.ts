/**
 * Speed, host time and memory of training (five critic steps and one generator step, as `train` runs them).
 *
 * Method: random bytes in place of pictures. Iterations are those of `Trainer.run`, waited for after as many as
 * take 250 ms, since the end of a wait is noticed up to 12 ms late; the first ones are not counted. Steps of the critic and
 * of the generator are run by themselves, in turns. Host time is that of the calls that encode and submit the steps and the
 * reading of their losses, the median of each as often as an iteration makes it, with the queue idle before: with a full
 * queue a software adapter makes the caller wait for its turn. Memory is the process's resident set, on a software adapter the GPU's buffers
 * included. The time to the first iteration is that of another process, from its start until its first iteration is done:
 * once with empty caches of shaders and kernel choices (cold), once with those that the first left (warm).
 */

import type { Trainer } from "../core/train/trainer.ts";
import { openTuned } from "./device.ts";
import { firstIterations } from "./first_iteration.ts";
import { inTurns, repeated, scaled, summarize, type Summary } from "./measure.ts";
import { digits, spread, table } from "./table.ts";
import { iterate, openTrainer, randomIndices, type Training } from "./training.ts";

/** Figures of one training; times in ms, memory in MB. */
export interface StepsResult {
  iterationMs: Summary;
  criticMs: Summary;
  generatorMs: Summary;
  /** Encoding and submitting of one iteration. */
  hostMs: Summary;
  dispatches: { critic: number; generator: number };
  copies: { critic: number; generator: number };
  gpuMegabytes: number;
  residentMegabytes: number;
  parameters: { generator: number; critic: number };
  /** From the start of a process; null where it was not measured. */
  firstIterationMs: { cold: number; warm: number } | null;
}

const WARM_UP = 2;

/** Measures one training; `iterations` of them, `first`: also the time to the first one. */
export async function measureSteps(
  training: Training,
  { iterations, first, tune }: { iterations: number; first: boolean; tune: boolean },
): Promise<StepsResult> {
  const firstIterationMs = first ? await firstIterations({ ...training, tune }) : null;
  const device = await openTuned({ tune });
  const trainer = await openTrainer(device, training);
  await iterate(trainer, WARM_UP);
  const { critic, generator } = trainer.programs;
  const several = (step: () => void) => (times: number) => {
    for (let i = 0; i < times; i++) step();
    return device.gpu.queue.onSubmittedWorkDone();
  };
  const rounds = Math.max(3, Math.floor(iterations / 2));
  const whole = await inTurns(iterations, { iteration: await repeated((times) => iterate(trainer, times)) });
  const steps = await inTurns(rounds, {
    critic: await repeated(several(() => critic.run(randomIndices(trainer.options)))),
    generator: await repeated(several(() => generator.run())),
  });
  const hostMs = await hostTime(trainer, iterations);
  const { parameters, programs, gpuBytes } = trainer.summary();
  const residentMegabytes = Deno.memoryUsage().rss / 1e6;
  trainer.destroy();
  await device.destroy();
  return {
    iterationMs: summarize(whole.iteration),
    criticMs: summarize(steps.critic),
    generatorMs: summarize(steps.generator),
    hostMs,
    dispatches: { critic: programs.critic.dispatches, generator: programs.generator.dispatches },
    copies: { critic: programs.critic.copies, generator: programs.generator.copies },
    gpuMegabytes: gpuBytes / 1e6,
    residentMegabytes,
    parameters,
    firstIterationMs,
  };
}

/** What one iteration costs the host: for each call the median of how long it takes to return, as often as it is made. */
async function hostTime({ programs, options, device }: Trainer, rounds: number): Promise<Summary> {
  const { critic, generator } = programs;
  const calls = [
    { times: options.criticSteps, call: () => critic.run(randomIndices(options)) },
    { times: 1, call: () => critic.read() },
    { times: 1, call: () => generator.run() },
    { times: 1, call: () => generator.read() },
  ].map((call) => ({ ...call, ms: new Array<number>() }));
  for (let round = 0; round < rounds; round++) {
    for (const { call, ms } of calls) {
      await device.gpu.queue.onSubmittedWorkDone();
      const start = performance.now();
      const done = call();
      ms.push(performance.now() - start);
      await done;
    }
  }
  const summaries = calls.map(({ times, ms }) => scaled(summarize(ms), times));
  const sum = (figure: "median" | "least" | "largest") => summaries.reduce((total, one) => total + one[figure], 0);
  return { median: sum("median"), least: sum("least"), largest: sum("largest"), n: rounds };
}

/** Several trainings as a table, a column each. */
export function showSteps(results: Readonly<Record<string, StepsResult>>): string {
  const rows: [string, (result: StepsResult) => string][] = [
    ["iteration, ms", ({ iterationMs }) => spread(iterationMs)],
    ["critic step, ms", ({ criticMs }) => spread(criticMs)],
    ["generator step, ms", ({ generatorMs }) => spread(generatorMs)],
    ["host, an iteration, ms", ({ hostMs }) => spread(hostMs)],
    ["first iteration after, cold, s", ({ firstIterationMs }) => seconds(firstIterationMs?.cold)],
    ["first iteration after, warm, s", ({ firstIterationMs }) => seconds(firstIterationMs?.warm)],
    ["dispatches, critic / generator step", ({ dispatches }) => `${dispatches.critic} / ${dispatches.generator}`],
    ["copies, critic / generator step", ({ copies }) => `${copies.critic} / ${copies.generator}`],
    ["GPU memory, MB", ({ gpuMegabytes }) => digits(gpuMegabytes)],
    ["process, MB", ({ residentMegabytes }) => digits(residentMegabytes)],
    ["parameters, generator / critic", ({ parameters }) => `${parameters.generator} / ${parameters.critic}`],
  ];
  const columns = Object.values(results);
  return table(["figure", ...Object.keys(results)], rows.map(([name, cell]) => [name, ...columns.map(cell)]));
}

const seconds = (ms: number | undefined): string =>
  ms === undefined ? "-" : digits(scaled(summarize([ms]), 1e-3).median);
