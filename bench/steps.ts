/**
 * Speed, host time and memory of training (five critic steps and one generator step, as `train` runs them).
 *
 * Method: random bytes in place of pictures. Iterations are those of `Trainer.run`, each waited for, as when losses are
 * printed every time; the first two are not counted. Steps of the critic and of the generator are run by themselves, five
 * of the one and five of the other, in turns, and waited for after the five; a wait is found out up to 12 ms late. Host time is that of the calls
 * that encode and submit the steps and the reading of their losses, with the queue idle before each: with a full queue a
 * software adapter makes the caller wait for its turn. Memory is the process's resident set, on a software adapter the GPU's buffers
 * included. The time to the first iteration is that of another process, from its start until its first iteration is done:
 * once with empty caches of shaders and kernel choices (cold), once with those that the first left (warm).
 */

import { openDevice } from "../core/gpu/device.ts";
import type { Trainer } from "../core/train/trainer.ts";
import { firstIterations } from "./first_iteration.ts";
import { clocked, inTurns, scaled, summarize, type Summary } from "./measure.ts";
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

const STEPS = 5; // of a kind, before a wait
const WARM_UP = 2;

/** Measures one training; `iterations` of them, `first`: also the time to the first one. */
export async function measureSteps(
  training: Training,
  { iterations, first }: { iterations: number; first: boolean },
): Promise<StepsResult> {
  const firstIterationMs = first ? await firstIterations(training) : null;
  const device = await openDevice();
  const trainer = await openTrainer(device, training);
  await iterate(trainer, WARM_UP);
  const { critic, generator } = trainer.programs;
  const idle = () => device.gpu.queue.onSubmittedWorkDone();
  const rounds = Math.max(3, Math.floor(iterations / 2));
  const whole = await inTurns(iterations, { iteration: () => clocked(() => iterate(trainer, 1)) });
  const steps = await inTurns(rounds, {
    critic: () => timeOf(() => critic.run(randomIndices(trainer)), idle),
    generator: () => timeOf(() => generator.run(), idle),
    host: () => hostTime(trainer, idle),
  });
  const { parameters, programs, gpuBytes } = trainer.summary();
  const residentMegabytes = Deno.memoryUsage().rss / 1e6;
  trainer.destroy();
  await device.destroy();
  return {
    iterationMs: summarize(whole.iteration),
    criticMs: summarize(steps.critic),
    generatorMs: summarize(steps.generator),
    hostMs: summarize(steps.host),
    dispatches: { critic: programs.critic.dispatches, generator: programs.generator.dispatches },
    copies: { critic: programs.critic.copies, generator: programs.generator.copies },
    gpuMegabytes: gpuBytes / 1e6,
    residentMegabytes,
    parameters,
    firstIterationMs,
  };
}

async function timeOf(step: () => void, idle: () => Promise<void>): Promise<number> {
  const ms = await clocked(() => {
    for (let i = 0; i < STEPS; i++) step();
    return idle();
  });
  return ms / STEPS;
}

/** What one iteration costs the host: the calls themselves, not what they start. */
async function hostTime({ programs, options, ...trainer }: Trainer, idle: () => Promise<void>): Promise<number> {
  let spent = 0;
  const call = async (work: () => unknown) => {
    const start = performance.now();
    const done = work();
    spent += performance.now() - start;
    await done;
    await idle();
  };
  for (let i = 0; i < options.criticSteps; i++) {
    const inputs = randomIndices({ options, ...trainer } as Trainer);
    await call(() => programs.critic.run(inputs));
  }
  await call(() => programs.critic.read());
  await call(() => programs.generator.run());
  await call(() => programs.generator.read());
  return spent;
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
