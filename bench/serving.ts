/**
 * Our server beside a plain one in FastAPI and PyTorch, with the same weights, on the same machine, in the same run.
 *
 * Method: both servers are up, warm and idle while the other is driven by `wrk`; rounds alternate between ours and theirs.
 * A client asks again as soon as it is answered. No seed is given, so that every picture is a fresh one. Without `--run` the
 * model is an untrained one of the preset: its pictures are noise, which PNG is worst at, for both alike.
 */

import { evaluate } from "../core/compile/program.ts";
import { openDevice } from "../core/gpu/device.ts";
import { isTensor } from "../core/grad.ts";
import { generator } from "../core/models/generator.ts";
import { initializer } from "../core/nn/init.ts";
import { encodeSafetensors, type StoredTensor } from "../core/safetensors.ts";
import { trainedGenerator } from "../core/sampling/model.ts";
import { CHECKPOINT_FORMAT, checkpointName, findCheckpoint, readCheckpoint } from "../core/sampling/run.ts";
import type { Tensor } from "../core/tensor.ts";
import { leavesOf } from "../core/tree.ts";
import { summarize, type Summary } from "./measure.ts";
import { type FastapiModel, startFastapi } from "./peers/fastapi.ts";
import { PeerError } from "./peers/process.ts";
import { startServer } from "./soak/server_process.ts";
import { digits, spread, table } from "./table.ts";
import { trainingOptions } from "./training.ts";
import { type Answered, checkWrk, drive, type Load, WrkError } from "./wrk.ts";

/** What is asked for, by the name it has in tables. */
export const LOADS = {
  "one of leaf 3, 64 clients": { path: "/sample?n=1&leaf=3", connections: 64 },
  "64, 8 clients": { path: "/sample?n=64", connections: 8 },
  "one, one client": { path: "/sample?n=1", connections: 1 },
  "64, one client": { path: "/sample?n=64", connections: 1 },
} as const satisfies Record<string, Load>;
/** Name of a load. */
export type LoadName = keyof typeof LOADS;

/** A server under a load, a figure a round; latencies in ms. */
export interface Side {
  requestsPerSecond: Summary;
  p50: Summary;
  p99: Summary;
  /** Requests of all rounds that were not answered with pictures. */
  failed: number;
}

/** What was measured. */
export type ServingResult = { refused: string } | {
  run: string;
  /** What the peer is made of, or why there is none. */
  peer: { about: string } | { refused: string };
  loads: Record<string, { ours: Side; theirs: Side | null; ratio: number | null }>;
};

/** How long and with what. */
export interface ServingOptions {
  /** A run, or null for an untrained model of the preset. */
  run: string | null;
  preset: string;
  /** Of a load on one server, in a round. */
  seconds: number;
  rounds: number;
  python: string | null;
}

const WARM_UP = 1; // s

/** Measures one model. */
export async function measureServing(options: ServingOptions): Promise<ServingResult> {
  const folder = await Deno.makeTempDir();
  try {
    await checkWrk();
    const model = await modelOf(options, folder);
    const ours = await startServer(model.checkpoint);
    try {
      const peer = await startFastapi(model, options.python).catch(refusal);
      const urls = { ours: ours.url, theirs: "refused" in peer ? null : peer.url };
      const loads = await measureLoads(urls, options).finally(() => "refused" in peer ? undefined : peer.close());
      const run = options.run?.split("/").findLast((part) => part !== "") ?? `${options.preset}, untrained`;
      return { run, peer: "refused" in peer ? peer : { about: peer.about }, loads };
    } finally {
      await ours.stop("SIGTERM");
    }
  } catch (error) {
    if (error instanceof WrkError) return { refused: error.message };
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function refusal(error: unknown): { refused: string } {
  if (error instanceof PeerError) return { refused: error.message };
  throw error;
}

type Urls = Readonly<Record<"ours" | "theirs", string | null>>;

async function measureLoads(urls: Urls, { seconds, rounds }: ServingOptions) {
  const result: Record<string, { ours: Side; theirs: Side | null; ratio: number | null }> = {};
  for (const [name, load] of Object.entries(LOADS)) {
    const answered: Record<keyof Urls, Answered[]> = { ours: [], theirs: [] };
    const sides = (["ours", "theirs"] as const).filter((side) => urls[side] !== null);
    for (const side of sides) await drive(urls[side]!, load, WARM_UP);
    for (let round = 0; round < rounds; round++) {
      for (const side of sides) answered[side].push(await drive(urls[side]!, load, seconds));
    }
    const [ours, theirs] = [sideOf(answered.ours), urls.theirs === null ? null : sideOf(answered.theirs)];
    const ratio = theirs && ours.requestsPerSecond.median / theirs.requestsPerSecond.median;
    result[name] = { ours, theirs, ratio };
  }
  return result;
}

function sideOf(rounds: readonly Answered[]): Side {
  return {
    requestsPerSecond: summarize(rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
    p50: summarize(rounds.map(({ p50 }) => p50)),
    p99: summarize(rounds.map(({ p99 }) => p99)),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/** The checkpoint of a run, or one with starting weights. */
async function modelOf({ run, preset }: ServingOptions, folder: string): Promise<FastapiModel> {
  if (run === null) return { checkpoint: await writeUntrained(folder, preset), preset, temperature: 1 };
  const checkpoint = await readCheckpoint(await findCheckpoint(run));
  const { temperature } = trainedGenerator(checkpoint);
  return { checkpoint: checkpoint.path, preset: String(checkpoint.options.preset), temperature };
}

/** Writes a checkpoint with the starting weights of a preset. */
async function writeUntrained(folder: string, preset: string): Promise<string> {
  const device = await openDevice();
  try {
    const { model } = trainingOptions(device.traits, { preset, batch: 1 });
    const parameters = Object.fromEntries(
      leavesOf<Tensor>(generator(model).parameters(initializer(0)), isTensor, "ema"),
    );
    const values = await evaluate(device, parameters);
    const tensors: Record<string, StoredTensor> = Object.fromEntries(
      Object.entries(parameters).map(([path, { shape }]) => [path, { shape, data: values[path] }]),
    );
    const metadata = { ...CHECKPOINT_FORMAT, iteration: "0", options: JSON.stringify({ model, preset }) };
    const path = `${folder}/${checkpointName(0)}`;
    await Deno.writeFile(path, new Blob(encodeSafetensors({ tensors, metadata })).stream());
    return path;
  } finally {
    await device.destroy();
  }
}

/** Several models as a table, then what was refused. */
export function showServing(results: Readonly<Record<string, ServingResult>>): string {
  const rows: string[][] = [];
  const notes: string[] = [];
  for (const [name, result] of Object.entries(results)) {
    if ("refused" in result) {
      notes.push(`${name}: ${result.refused}`);
      continue;
    }
    notes.push(`${name}: ${"refused" in result.peer ? result.peer.refused : `theirs is ${result.peer.about}`}`);
    for (const [load, { ours, theirs, ratio }] of Object.entries(result.loads)) {
      rows.push([name, load, "ours", ...cellsOf(ours), ratio === null ? "" : digits(ratio)]);
      if (theirs !== null) rows.push([name, load, "theirs", ...cellsOf(theirs), ""]);
    }
  }
  const headers = ["model", "pictures", "who", "requests/s", "p50, ms", "p99, ms", "failed", "ours / theirs"];
  return [...rows.length > 0 ? [table(headers, rows)] : [], ...notes].join("\n");
}

function cellsOf({ requestsPerSecond, p50, p99, failed }: Side): string[] {
  return [spread(requestsPerSecond), spread(p50), spread(p99), String(failed)];
}
