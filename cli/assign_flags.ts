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
  seed: {
    kind: "integer",
    meaning: "Chooses pictures and trains the recogniser, anew where that of the run is of another seed (0)",
  },
  steps: {
    kind: "integer",
    meaning: "Steps of the recogniser's training, anew where that of the run had others (1500)",
  },
  retrain: { kind: "switch", meaning: "Train a recogniser, also where the run has one" },
  out: {
    kind: "text",
    value: "FILE",
    meaning: "The assignments, CSV (RUN/assigned-DATASET-SPLIT.csv); pictures beside it",
  },
  json: { kind: "text", value: "FILE", meaning: "The scores and what is in every leaf, JSON" },
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
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new RangeError(`Cannot use seed ${seed}: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  if (steps !== undefined && steps < 1) throw new RangeError(`Cannot train for ${steps} steps: expected at least 1`);
  return {
    request: { method: method === undefined ? undefined : assignMethod(method), n, seed, steps, retrain },
    split,
  };
}
