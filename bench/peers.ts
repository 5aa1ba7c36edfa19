/**
 * Our iteration beside that of peers on the same device, in the same run.
 *
 * Method: both sides are warm and wait while the other runs; rounds alternate between ours, PyTorch, ours, PyTorch, …,
 * each of as many iterations as take about a second. The ratio is that of the medians; its spread is that of the
 * rounds, each of ours over the one of PyTorch beside it. Both do the same work: the same architecture (parameter
 * counts must be equal), batch, objective, optimiser and moving average, losses read. What PyTorch or the device does
 * not have is refused with the reason. jax-js follows by itself: its first steps, a step of each kind after that, and
 * from those an iteration, or the deadline it did not keep.
 */

import type { Trainer } from "../core/train/trainer.ts";
import { openTuned } from "./device.ts";
import { inTurns, repeated, summarize, type Summary, timesFor } from "./measure.ts";
import { jaxIteration, type JaxResult } from "./peers/jax.ts";
import { type Peer, PeerError } from "./peers/process.ts";
import { startTorch, TORCH_VARIANTS, type TorchAnswer, type TorchInfo } from "./peers/torch.ts";
import { digits, spread, table } from "./table.ts";
import { iterate, openTrainer, type Training } from "./training.ts";

/** One variant of PyTorch, times in ms; `ratio` is our time over its. */
export type TorchResult =
  | { ms: Summary; oursMs: Summary; ratio: Summary; ratioOfLeast: number; criticLoss: number; generatorLoss: number }
  | { refused: string };

/** What was measured side by side. */
export interface PeersResult {
  training: Training;
  oursMs: Summary;
  torch: { info: Omit<TorchInfo, "parameters">; variants: Record<string, TorchResult> } | { refused: string };
  jax: JaxResult | { refused: string };
}

/** How long and with what. */
export interface PeersOptions {
  rounds: number;
  tune: boolean;
  python: string | null;
  /** Seconds that jax-js may take; 0 leaves it out. */
  jaxSeconds: number;
  variants?: readonly string[];
}

const ROUND_MS = 1000;
const WARM_UP = 2;
const TORCH_MS = 120_000; // an answer takes longer only where something hangs
/** Variants that do the same work as ours in the same precision: the targets are about the faster one. */
export const RIVALS = ["eager", "one-thread"];
const FEW_ROUNDS = 3; // of variants that no target is about

/** Measures one training. */
export async function measurePeers(training: Training, options: PeersOptions): Promise<PeersResult> {
  const device = await openTuned(options);
  const trainer = await openTrainer(device, training);
  await iterate(trainer, WARM_UP);
  const torch = await besideTorch(trainer, training, options).catch(refusal);
  const oursMs = "refused" in torch
    ? summarize((await inTurns(options.rounds, { ours: await repeated((times) => iterate(trainer, times)) })).ours)
    : torch.oursMs;
  trainer.destroy();
  await device.destroy();
  const jax = options.jaxSeconds === 0
    ? { refused: "left out" }
    : await jaxIteration(training, options.jaxSeconds * 1000).catch(refusal);
  return { training, oursMs, torch, jax };
}

function refusal(error: unknown): { refused: string } {
  if (error instanceof PeerError) return { refused: error.message };
  throw error;
}

async function besideTorch(trainer: Trainer, training: Training, { rounds, python, variants }: PeersOptions) {
  const { peer, info: { parameters, ...info } } = await startTorch(python);
  try {
    checkParameters(trainer, training, parameters[training.preset]);
    const results: Record<string, TorchResult> = {};
    for (const variant of variants ?? TORCH_VARIANTS) {
      const count = RIVALS.includes(variant) ? rounds : Math.min(rounds, FEW_ROUNDS);
      results[variant] = await besideVariant(trainer, peer, { ...training, variant }, count);
    }
    const { eager } = results;
    if ("refused" in eager) throw new PeerError(`Cannot use PyTorch: ${eager.refused}`);
    return { info, variants: results, oursMs: eager.oursMs };
  } finally {
    await peer.close();
  }
}

/** @throws {PeerError} If the peer's model is not of the same size */
function checkParameters(trainer: Trainer, { preset }: Training, theirs: unknown): void {
  const ours = trainer.summary().parameters;
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return;
  throw new PeerError(
    `Cannot compare ${preset}: PyTorch's has ${JSON.stringify(theirs)} parameters, expected ${JSON.stringify(ours)}`,
  );
}

async function besideVariant(
  trainer: Trainer,
  peer: Peer,
  request: Training & { variant: string },
  rounds: number,
): Promise<TorchResult> {
  let last: TorchAnswer = { refused: "never asked" };
  const ask = async (iterations: number): Promise<number> => {
    last = await peer.ask<TorchAnswer>({ ...request, iterations }, TORCH_MS);
    return "refused" in last ? NaN : last.ms;
  };
  await ask(WARM_UP);
  const theirs = await ask(1);
  const refused = (last as { refused?: string }).refused;
  if (refused !== undefined) return { refused };
  const { ours, torch } = await inTurns(rounds, {
    ours: await repeated((times) => iterate(trainer, times), ROUND_MS),
    torch: () => ask(timesFor(theirs, ROUND_MS)),
  });
  const { criticLoss, generatorLoss } = last as unknown as { criticLoss: number; generatorLoss: number };
  const ratios = summarize(ours.map((ms, round) => ms / torch[round]));
  const [oursMs, ms] = [summarize(ours), summarize(torch)];
  const ratio = { ...ratios, median: oursMs.median / ms.median };
  return { ms, oursMs, ratio, ratioOfLeast: oursMs.least / ms.least, criticLoss, generatorLoss };
}

/** Several trainings as a table, then what was refused. */
export function showPeers(results: Readonly<Record<string, PeersResult>>): string {
  const rows: string[][] = [];
  const refusals: string[] = [];
  const devices = new Set(Object.values(results).flatMap(({ torch }) => "refused" in torch ? [] : [torch.info.device]));
  for (const [name, { oursMs, torch, jax }] of Object.entries(results)) {
    rows.push([name, "ours", spread(oursMs), "", ""]);
    if ("refused" in torch) refusals.push(`${name}, PyTorch: ${torch.refused}`);
    else {
      for (const [variant, result] of Object.entries(torch.variants)) {
        const peer = `PyTorch ${torch.info.torch}, ${variant}`;
        if ("refused" in result) refusals.push(`${name}, ${peer}: ${result.refused}`);
        else rows.push([name, peer, spread(result.ms), spread(result.ratio), digits(result.ratioOfLeast)]);
      }
    }
    if ("refused" in jax) refusals.push(`${name}, jax-js: ${jax.refused}`);
    else {
      const peer = `jax-js ${jax.version}, WebGPU${jax.complete ? "" : ", deadline"}`;
      const bound = jax.complete ? "" : "> ";
      rows.push([name, peer, bound + digits(jax.iterationMs), digits(oursMs.median / jax.iterationMs), ""]);
    }
  }
  return [
    table(["training", "who", "iteration, ms", "ours / theirs", "of the fastest"], rows),
    ...[...devices].map((device) => `PyTorch on ${device}`),
    ...refusals,
  ].join("\n");
}
