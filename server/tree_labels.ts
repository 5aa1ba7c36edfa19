/** What `deno task tree` has found about the labels of a run, for `GET /tree`. */

import { parseTreeReport, TREE_FILE, type TreeReport } from "../core/reading/report/tree_report.ts";
import type { Model } from "./registry.ts";

/** The part of a report that samples alone do not tell. */
export interface TreeLabels extends Pick<TreeReport, "labelNames" | "scores" | "dendrogramPurity"> {
  /** Shares of the labels in every node, in the order of `labelNames`; null where a node is not reached. */
  readonly labels: readonly (number[] | null)[];
}

const NONE: TreeLabels = { labelNames: null, scores: null, dendrogramPurity: null, labels: [] };
const FOLDER = "tree"; // in that of the run, where the report is unless told otherwise

/** The labels in a run's report; none where there is no report, it is damaged, or it is of another checkpoint. */
export async function treeLabels({ folder, iteration }: Pick<Model, "folder" | "iteration">): Promise<TreeLabels> {
  if (folder === null) return NONE;
  const text = await Deno.readTextFile(`${folder}/${FOLDER}/${TREE_FILE}`).catch(() => null);
  const report = text === null ? null : reportIn(text);
  if (report === null || report.iteration !== iteration) return NONE;
  const { labelNames, scores, dendrogramPurity, nodes } = report;
  return { labelNames, scores, dendrogramPurity, labels: nodes.map(({ labels }) => labels) };
}

function reportIn(text: string): TreeReport | null {
  try {
    return parseTreeReport(text);
  } catch {
    return null;
  }
}
