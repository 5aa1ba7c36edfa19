/** Everything that is told of assignments: for readers, for programs, and as files. */

import type { EvaluationProgress } from "../evaluate/progress.ts";
import { isPoint } from "../models/presets.ts";
import { encodePng } from "../png.ts";
import { folderOf } from "../sampling/run.ts";
import { writeWhole } from "../sampling/write.ts";
import type { Assignments, Training } from "./assign.ts";
import { assignmentTable, contentsText, type LeafContent, leafContents, leafPicture } from "./assignment_file.ts";
import { compareClusters, type Comparison, comparisonText } from "./comparison.ts";

/** What was found, as numbers. */
export interface AssignmentReport {
  /** The checkpoint. */
  readonly source: string;
  readonly iteration: number;
  readonly dataset: string;
  readonly split: string;
  readonly method: string;
  /** Of the pictures chosen. */
  readonly seed: number;
  /** How the recogniser that was used was trained; null for inversion. */
  readonly recogniser: Training | null;
  readonly pictures: number;
  readonly leaves: readonly LeafContent[];
  /** Null where labels are not known. */
  readonly scores: Comparison | null;
}

/** Scores assignments, if there are labels and at least as many pictures as leaves. */
export function assignmentReport(
  assignments: Assignments,
  { split, onProgress }: { split: string; onProgress?: (progress: EvaluationProgress) => void },
): AssignmentReport {
  const { source, iteration, dataset, method, seed, recogniser, indices, labels, classNames, structure } = assignments;
  const scored = labels !== null && classNames.length > 1 && indices.length >= structure.leaves;
  return {
    source,
    iteration,
    dataset,
    split,
    method,
    seed,
    recogniser,
    pictures: indices.length,
    leaves: leafContents(assignments),
    scores: scored ? compareClusters(assignments, { onProgress }) : null,
  };
}

/** The report as lines. */
export function assignmentText(
  { source, dataset, split, method, seed, recogniser, pictures, leaves, scores }: AssignmentReport,
): string {
  const count = pictures === 1 ? "1 picture" : `${pictures} pictures`;
  const trained = recogniser && ` trained for ${recogniser.steps} steps with seed ${recogniser.seed}`;
  const what = `${count} of ${dataset}'s ${split} split, chosen by seed ${seed}, by ${method}${trained ?? ""}`;
  const parts = [`${source}\n${what}`, contentsText(leaves)];
  return [...parts, ...scores === null ? [] : [comparisonText(scores)]].join("\n\n");
}

/**
 * Writes the table, and the pictures of every leaf beside it (`x.csv`, `x.png`).
 *
 * @returns One line for every file written
 * @throws {RunError} If one cannot be written
 */
export async function writeAssignments(path: string, assignments: Assignments): Promise<string[]> {
  const picture = `${path.replace(/\.csv$/, "")}.png`;
  await writeWhole(path, assignmentTable(assignments));
  await writeWhole(picture, [await encodePng(leafPicture(assignments))]);
  const shown = isPoint(assignments.model.image)
    ? "the points in the colours of their leaves"
    : "pictures of every leaf, a row for each, the most certain on the left";
  return [`Wrote ${path}: the leaf and path of every picture`, `Wrote ${picture}: ${shown}`];
}

/** The table of a data set in the folder of a checkpoint. */
export function tableBeside(checkpoint: string, { dataset, split }: { dataset: string; split: string }): string {
  return `${folderOf(checkpoint)}/assigned-${dataset}-${split}.csv`;
}
