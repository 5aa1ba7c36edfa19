/** What `deno task tree` can be asked for. */

import { MOST_SAMPLES } from "../core/sampling/request.ts";
import { RUNS_FOLDER } from "../core/sampling/run.ts";
import { type FlagValues, UsageError } from "./flags.ts";

/** Whether labels are wanted: always, never, or where the data set is on this machine. */
export const LABELS = ["on", "off", "auto"] as const;

/** The flags. */
export const TREE_FLAGS = {
  run: {
    kind: "text",
    value: "RUN",
    meaning: `Folder of a run, its name or number in ${RUNS_FOLDER}/, or a checkpoint`,
  },
  out: {
    kind: "text",
    value: "DIR",
    meaning: "Folder for tree.html, tree.json and tree.svg (tree/ in that of the run)",
  },
  n: { kind: "integer", meaning: "Samples that the tree is read from, 2 to 16384 (2048)" },
  seed: { kind: "integer", meaning: "The same seed draws the same samples (0)" },
  labels: {
    kind: "text",
    value: "WHEN",
    meaning: "Label shares by the classifier of the data set: on, off, auto: if the set is on this machine (auto)",
  },
  "data-dir": { kind: "text", value: "DIR", meaning: "Folder with the files of the data set (where it is found)" },
  runs: { kind: "text", value: "DIR", meaning: `Folder of run folders (${RUNS_FOLDER})` },
} as const;

/** What the flags say. */
export type TreeValues = FlagValues<typeof TREE_FLAGS>;

/** What is to be done. */
export interface TreeRequest {
  readonly run: string;
  readonly labels: (typeof LABELS)[number];
  readonly samples?: number;
  readonly seed?: number;
}

/** @throws {UsageError} If a value is missing or cannot be used */
export function treeRequest({ run, n, seed, labels = "auto" }: TreeValues): TreeRequest {
  if (run === undefined) throw new UsageError("Cannot read no run: expected --run RUN");
  if (n !== undefined && (n < 2 || n > MOST_SAMPLES)) {
    throw new UsageError(`Cannot read a tree from ${n} samples: expected 2 to ${MOST_SAMPLES}`);
  }
  if (seed !== undefined && !(seed >= 0 && Number.isSafeInteger(seed))) {
    throw new UsageError(`Cannot use seed ${seed}: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  const when = LABELS.find((name) => name === labels);
  if (when === undefined) throw new UsageError(`Cannot use --labels ${labels}: expected ${LABELS.join(", ")}`);
  return { run, labels: when, samples: n, seed };
}
