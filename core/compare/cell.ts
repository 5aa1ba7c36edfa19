/** One training of a comparison: begun, gone on with, or found done; then scored. */

import type { Evaluation } from "../evaluate/evaluation.ts";
import type { Device } from "../gpu/device.ts";
import type { TrainOptions } from "../train/options.ts";
import { findResumable } from "../train/resume.ts";
import { train, type TrainingData } from "../train/train.ts";
import { NonFiniteError } from "../train/trainer.ts";
import { type CellFailure, type CellResult, curvesOf, savedRunOf, type Settings, writeResult } from "./store.ts";

/** Scores the newest checkpoint of a run; it may throw the reason of the signal that stops the comparison. */
export type Evaluate = (run: string) => Promise<Pick<Evaluation, "scores" | "note">>;

/** What a cell is trained and scored with. */
export interface CellJob {
  device: Device;
  data: TrainingData;
  options: TrainOptions;
  /** The folder of the cell. */
  folder: string;
  evaluate: Evaluate;
  /** What decides how it is scored. */
  evaluation: Settings;
  signal?: AbortSignal;
}

/** How far a cell is, as it happens. */
export interface CellProgress {
  readonly iteration: number;
  /** Since it was begun or gone on with. */
  readonly seconds: number;
}

const OF_LEAVES = /^(leaf|leaves|level\d|dendrogram|largestPath)/;

/**
 * Trains and scores one cell; what is found saved of it is not done again. A loss that is no finite number is a result,
 * too, as are samples that cannot be scored: the cell has failed, the others go on.
 *
 * @returns What is known of it now; null where `signal` stopped it
 * @throws {RunError} If a file cannot be read or written
 * @throws {DeviceError} If the adapter is lost
 */
export async function* runCell(job: CellJob): AsyncGenerator<CellProgress, CellResult | CellFailure | null> {
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  const { device, folder } = job;
  const { tuner } = device; // a resumed run brings its own
  let run: string | null = null;
  try {
    run = yield* trainCell(job, seconds);
    if (run === null) return null;
    const trainedFor = seconds();
    const { scores, note } = await job.evaluate(run);
    const trainingSeconds = (await curvesOf(run)).elapsedSeconds.y.at(-1)!; // of all its parts
    const alone = job.options.model.head === "single"; // and has no leaves to tell apart
    const told = scores.filter(({ name, value }) => Number.isFinite(value) && !(alone && OF_LEAVES.test(name)));
    const result = {
      run,
      scores: told,
      note,
      scoring: job.evaluation,
      trainingSeconds,
      seconds: trainingSeconds + seconds() - trainedFor,
    };
    await writeResult(folder, result);
    return result;
  } catch (error) {
    if (job.signal?.aborted && error === job.signal.reason) return null; // while it was scored
    const unscorable = run !== null && error instanceof RangeError;
    if (!(error instanceof NonFiniteError || unscorable)) throw error;
    const failure = { failure: error.message, seconds: seconds() };
    if (error instanceof NonFiniteError) await writeResult(folder, failure); // the same training fails again
    return failure;
  } finally {
    device.tuner = tuner;
  }
}

/** The run folder when all iterations are done; null where it was stopped before. */
async function* trainCell(
  { device, data, options, folder, signal }: CellJob,
  seconds: () => number,
): AsyncGenerator<CellProgress, string | null> {
  const saved = await savedRunOf(folder);
  if (saved !== null && saved.iteration >= options.iterations) return saved.run;
  const resume = saved === null ? undefined : await findResumable(saved.run);
  const resumeCommand = () => "the same call of compare";
  for await (const event of train({ device, data, options, runs: folder, resume, signal, resumeCommand })) {
    if (event.kind === "measured") yield { iteration: event.measurement.iteration, seconds: seconds() };
    if (event.kind === "ended") return event.stopped ? null : event.folder;
  }
  return null;
}
