/** The data set that a run was trained on, and the format of its pictures. */

import { isPoint, type ModelOptions } from "../core/models/presets.ts";
import { findCheckpoint, readCheckpoint } from "../core/sampling/run.ts";
import type { LoadOptions } from "../datasets/dataset.ts";
import { datasetName } from "../datasets/registry.ts";
import { usage } from "./flags.ts";

/** What is asked for in place of what the run says. */
export interface GivenData extends Pick<LoadOptions, "size" | "channels"> {
  readonly runs?: string;
  readonly dataset?: string;
}

/**
 * The name of a data set and how it is loaded: as the run has them unless given.
 *
 * @throws {RunError} If there is no such run
 * @throws {UsageError} If its data set is unknown
 */
export async function dataOfRun(
  run: string,
  { runs, dataset, size, channels }: GivenData,
): Promise<{ dataset: string; shape: Pick<LoadOptions, "size" | "channels"> }> {
  const { options } = await readCheckpoint(await findCheckpoint(run, runs));
  const { image = [1, 1, 2] } = options.model as Partial<ModelOptions>;
  return {
    dataset: dataset ?? usage(() => datasetName(String(options.dataset))),
    shape: isPoint(image) ? { size, channels } : { size: size ?? image[0], channels: channels ?? image[2] as 1 | 3 },
  };
}
