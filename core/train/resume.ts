/** Which run is gone on with, from where, and whether that can be done. */

import {
  type Checkpoint,
  findCheckpoint,
  folderOf,
  OPTIONS_FILE,
  readCheckpoint,
  readOptions,
  RunError,
  RUNS_FOLDER,
} from "../sampling/run.ts";
import { checkConfiguration } from "./checkpoint.ts";
import { checkOptions, type TrainOptions } from "./options.ts";

/** A run to be gone on with. */
export interface ResumedRun {
  readonly folder: string;
  readonly checkpoint: Checkpoint;
  readonly options: TrainOptions;
  /** Of the data it was begun with. */
  readonly fingerprint: string | undefined;
  /** All that is written beside its options. */
  readonly record: Readonly<Record<string, unknown>>;
}

/**
 * The run meant by `run` (path, name or number) with its newest checkpoint, or a checkpoint by its path.
 *
 * @param changes What may be different from now on
 * @throws {RunError} If there is none, it has no checkpoint, or that is damaged or of another configuration
 * @throws {RangeError} If a change is out of range or the run has done its iterations
 */
export async function findResumable(
  run: string,
  { runs = RUNS_FOLDER, changes = {} }: {
    runs?: string;
    changes?: Partial<Pick<TrainOptions, "iterations" | "sampleEvery" | "saveEvery">>;
  } = {},
): Promise<ResumedRun> {
  const file = await findCheckpoint(run, runs);
  const folder = folderOf(file.path);
  const record = await readOptions(folder);
  const { options: stored, data } = record as { options?: TrainOptions; data?: { fingerprint?: string } };
  if (stored?.model === undefined || stored.adam === undefined) {
    throw new RunError(
      `Cannot resume ${folder}: ${OPTIONS_FILE} holds no options of a run, expected those it began with`,
    );
  }
  checkStored(folder, stored);
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const options: TrainOptions = { ...stored, ...Object.fromEntries(given) };
  checkOptions(options);
  const checkpoint = await readCheckpoint(file);
  checkConfiguration(checkpoint, options);
  if (options.iterations <= checkpoint.iteration) {
    throw new RangeError(
      `Cannot resume ${folder}: ${checkpoint.iteration} iterations are done, expected more with --iterations`,
    );
  }
  return { folder, checkpoint, options, fingerprint: data?.fingerprint, record };
}

/** @throws {RunError} If options that come from a file are not those of a run */
function checkStored(folder: string, options: TrainOptions): void {
  try {
    checkOptions(options);
  } catch (error) {
    const reason = error instanceof RangeError ? error.message : "some are missing";
    throw new RunError(
      `Cannot resume ${folder}: ${OPTIONS_FILE} holds options that cannot be used (${reason}), ` +
        `expected those it began with`,
      { cause: error },
    );
  }
}

/** @throws {RunError} If a run was begun with other data */
export function checkData({ folder, fingerprint }: ResumedRun, data: { fingerprint: string; source: string }): void {
  if (fingerprint === undefined || fingerprint === data.fingerprint) return;
  throw new RunError(
    `Cannot resume ${folder}: the data in ${data.source} have fingerprint ${data.fingerprint.slice(0, 12)}, ` +
      `expected ${fingerprint.slice(0, 12)}, that of the data it was begun with`,
  );
}
