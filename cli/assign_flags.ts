/** What `assign` can be asked for. */

import { ASSIGN_METHODS, assignMethod, type AssignRequest } from "../core/assign/assign.ts";
import { RUNS_FOLDER } from "../core/sampling/run.ts";
import type { Split } from "../datasets/dataset.ts";
import { DATASET_NAMES, datasetName } from "../datasets/registry.ts";
import type { FlagValues } from "./flags.ts";

/** The flags by name. */
export const ASSIGN_FLAGS = {
  run: {
    kind: "text",
    value: "RUN",
    meaning: `Folder of a run, its name or number in ${RUNS_FOLDER}/, or a checkpoint`,
  },
  dataset: { kind: "text", value: "NAME", meaning: `Data set: ${DATASET_NAMES.join(", ")} (that of the run)` },
  split: { kind: "text", value: "NAME", meaning: "Part of the data set: test, train (test)" },
  n: { kind: "integer", meaning: "Pictures (10000, by inversion 500, or as many as there are)" },
  method: {
    kind: "text",
    value: "NAME",
    meaning: `How paths are found: ${
      ASSIGN_METHODS.join(", ")
    } (recogniser, a network trained on the run's own pictures)`,
  },
  seed: { kind: "integer", meaning: "The same seed chooses the same pictures and trains the same recogniser (0)" },
  steps: { kind: "integer", meaning: "Steps of the recogniser's training (1500)" },
  retrain: { kind: "switch", meaning: "Train a recogniser, also where the run has one" },
  out: {
    kind: "text",
    value: "FILE",
    meaning: "The assignments, CSV (RUN/assigned-DATASET-SPLIT.csv); pictures beside it",
  },
  json: { kind: "text", value: "FILE", meaning: "The scores and what is in every leaf, JSON" },
  size: { kind: "integer", meaning: "Side of the images in pixels (that of the run)" },
  channels: { kind: "integer", meaning: "1 for grey, 3 for colour (those of the run)" },
  "data-dir": { kind: "text", value: "DIR", meaning: "Folder with the files of the data set (where it is found)" },
  runs: { kind: "text", value: "DIR", meaning: `Folder of run folders (${RUNS_FOLDER})` },
} as const;

/** What was given. */
export type AssignFlags = FlagValues<typeof ASSIGN_FLAGS>;

/**
 * The request and the split in flags.
 *
 * @throws {RangeError} If a name is unknown or a number out of range
 */
export function assignRequestOf(
  { dataset, split = "test", method, n, seed, steps, retrain }: AssignFlags,
): { request: AssignRequest; split: Split } {
  if (dataset !== undefined) datasetName(dataset);
  if (split !== "train" && split !== "test") {
    throw new RangeError(`Cannot use split "${split}": expected train or test`);
  }
  if (n !== undefined && n < 1) throw new RangeError(`Cannot assign ${n} pictures: expected at least 1`);
  if (seed !== undefined && seed < 0) throw new RangeError(`Cannot use seed ${seed}: expected a number of at least 0`);
  if (steps !== undefined && steps < 1) throw new RangeError(`Cannot train for ${steps} steps: expected at least 1`);
  return {
    request: { method: method === undefined ? undefined : assignMethod(method), n, seed, steps, retrain },
    split,
  };
}
