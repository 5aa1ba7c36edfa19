/** What a run folder says of its run: data set, method, newest checkpoint, whether it is in training. */

import { checkpointsOf, METRICS_FILE, readOptions } from "../core/sampling/run.ts";
import type { ServedRun } from "./served_run.ts";

/** A run as `GET /runs` shows it; what its files do not say is null. */
export interface RunStatus {
  name: string;
  /** Of the newest checkpoint. */
  iteration: number | null;
  dataset: string | null;
  method: string | null;
  preset: string | null;
  /** Whether its log has grown within the last minute, and it has not reached its last iteration. */
  training: boolean;
}

const LATELY = 60_000; // ms

/** Reads the files of a run; a checkpoint file that lies alone is known by its model, once that is open. */
export async function statusOf({ name, folder, model }: ServedRun): Promise<RunStatus> {
  const options = folder === null
    ? model?.options
    : await readOptions(folder).then(({ options }) => options, () => null);
  const { dataset, method, preset, iterations } = (options ?? {}) as Record<string, unknown>;
  const newest = folder === null ? undefined : (await checkpointsOf(folder).catch(() => [])).at(-1);
  const iteration = newest?.iteration ?? model?.iteration ?? null;
  const done = typeof iterations === "number" && iteration !== null && iteration >= iterations;
  const grown = folder !== null && !done && await grewLately(`${folder}/${METRICS_FILE}`);
  return { name, iteration, dataset: text(dataset), method: text(method), preset: text(preset), training: grown };
}

async function grewLately(path: string): Promise<boolean> {
  const info = await Deno.stat(path).catch(() => null);
  return info !== null && info.size > 0 && Date.now() - (info.mtime?.getTime() ?? 0) < LATELY;
}

const text = (value: unknown): string | null => typeof value === "string" ? value : null;
