/**
 * Speed, host time and memory of training (five critic steps and one generator step, as `train` runs them).
 *
 * Method: random bytes in place of pictures. Iterations are those of `Trainer.run`, waited for after as many as take
 * 250 ms, since the end of a wait is noticed up to 12 ms late; the first ones are not counted. Steps of the critic and
 * of the generator are run by themselves, in turns. Host time is that of the calls that encode and submit the steps and
 * the reading of their losses, the median of each as often as an iteration makes it, with the queue idle before: with a
 * full queue a software adapter makes the caller wait for its turn. Memory of the process is its resident set, on a
 * software adapter the GPU's buffers included. The time to the first iteration is that of another process, from its
 * start until its first iteration is done: once with empty caches of shaders and kernel choices (cold), once with those
 * that the first left (warm).
 */

import type { Device } from "../core/gpu/device.ts";
import { Submission } from "../core/gpu/executor.ts";
import type { TrainOptions } from "../core/train/options.ts";
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
  /** After the iterations that were measured, and after the first hundred of them if they were more. */
  gpuMegabytes: { settled: number; end: number };
  processMegabytes: { settled: number; end: number };
  parameters: { generator: number; critic: number };
  /** From the start of a process; null where it was not measured. */
  firstIterationMs: { cold: number; warm: number } | null;
}

const WARM_UP = 2;
const SETTLED = 100; // measurements after which memory should not grow
const LEAST = 5; // rounds of single steps
const MOST = 20;

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
  const memory = () => ({ gpu: device.bytes / 1e6, process: Deno.memoryUsage().rss / 1e6 });
  const iteration = await repeated((times) => iterate(trainer, times));
  const whole = await inTurns(Math.min(iterations, SETTLED), { iteration });
  const settled = memory();
  if (iterations > SETTLED) whole.iteration.push(...(await inTurns(iterations - SETTLED, { iteration })).iteration);
  const end = memory();
  const rounds = Math.min(Math.max(LEAST, iterations), MOST);
  const steps = await inTurns(rounds, {
    critic: await repeated(several(() => critic.run(randomIndices(trainer.options)))),
    generator: await repeated(several(() => generator.run())),
  });
  const hostMs = await hostTime(trainer, rounds);
  const { parameters, programs } = trainer.summary();
  trainer.destroy();
  await device.destroy();
  return {
    iterationMs: summarize(whole.iteration),
    criticMs: summarize(steps.critic),
    generatorMs: summarize(steps.generator),
    hostMs,
    dispatches: { critic: programs.critic.dispatches, generator: programs.generator.dispatches },
    copies: { critic: programs.critic.copies, generator: programs.generator.copies },
    gpuMegabytes: { settled: settled.gpu, end: end.gpu },
    processMegabytes: { settled: settled.process, end: end.process },
    parameters,
    firstIterationMs,
  };
}

/** What one iteration costs the host: the median time in which each call returns, as often as it is made. */
async function hostTime({ programs, options, device }: Trainer, rounds: number): Promise<Summary> {
  const { critic, generator } = programs;
  const calls = [
    { times: 1, call: () => submitIteration(programs, options, device) },
    { times: 1, call: () => critic.read() },
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

/** Enqueues an iteration as `Trainer.run` does. */
function submitIteration({ critic, generator }: Trainer["programs"], options: TrainOptions, device: Device): void {
  const submission = new Submission(device);
  for (let i = 0; i < options.criticSteps; i++) critic.addTo(submission, randomIndices(options));
  generator.addTo(submission);
  submission.send();
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
    ["GPU memory, MB", ({ gpuMegabytes }) => memory(gpuMegabytes)],
    ["process, MB", ({ processMegabytes }) => memory(processMegabytes)],
    ["parameters, generator / critic", ({ parameters }) => `${parameters.generator} / ${parameters.critic}`],
  ];
  const columns = Object.values(results);
  return table(["figure", ...Object.keys(results)], rows.map(([name, cell]) => [name, ...columns.map(cell)]));
}

const seconds = (ms: number | undefined): string =>
  ms === undefined ? "-" : digits(scaled(summarize([ms]), 1e-3).median);

const memory = ({ settled, end }: { settled: number; end: number }): string =>
  settled === end ? digits(end) : `${digits(settled)} to ${digits(end)}`;
