/** How well leaves agree with the classes of pictures, beside clusters of the same pixels that know of no tree. */

import type { EvaluationProgress } from "../evaluate/progress.ts";
import { type Matrix, matrix } from "../metrics/matrix.ts";
import { type Agreement, agreement } from "../metrics/partition.ts";
import { dendrogramPurity, leafAgreement } from "../metrics/tree_scores.ts";
import { permutation } from "../train/batches.ts";
import type { Assignments } from "./assign.ts";
import { kMeans } from "./k_means.ts";
import { cutMerges, mergePurity, wardClustering } from "./ward.ts";

/** Scores of one level of the tree, and of as many clusters of the pixels. */
export interface LevelScores {
  /** Of the tree, from 1; the last one is that of the leaves. */
  readonly level: number;
  /** Nodes on it. */
  readonly clusters: number;
  readonly tree: Agreement;
  readonly kMeans: Agreement;
  /** Of Ward's clusters, and of the tree on the same pictures. */
  readonly ward: Agreement;
  readonly treeBesideWard: Agreement;
}

/** Scores of everything. */
export interface Comparison {
  readonly pictures: number;
  /** Of them, those that Ward's clustering is made of. */
  readonly wardPictures: number;
  readonly levels: readonly LevelScores[];
  /**
   * Over the same pictures, those of Ward's clustering, with as many leaves; null for mixtures that are no tree, either
   * number null where no two of these pictures are of one class.
   */
  readonly dendrogramPurity: { readonly tree: number | null; readonly ward: number | null } | null;
}

/** Pictures of Ward's clustering: its time and memory grow with their square. */
export const WARD_PICTURES = 3000;

/**
 * Scores of the leaves and of every level of the tree against the true classes, beside k-means and Ward's clustering of the
 * pixels with as many clusters. Where there are more than 3000 pictures Ward's clustering is made of 3000 of them, chosen by
 * the seed, and the tree is scored on these, too.
 *
 * @throws {RangeError} If labels are not known, or there are fewer pictures than leaves
 */
export function compareClusters(
  assignments: Assignments,
  { wardPictures = WARD_PICTURES, onProgress = () => {} }: {
    wardPictures?: number;
    onProgress?: (progress: EvaluationProgress) => void;
  } = {},
): Comparison {
  const { weights, pixels, labels, seed, model, dataset } = assignments;
  if (labels === null) {
    throw new RangeError(`Cannot score the leaves of ${dataset}: it has no labels, expected some`);
  }
  const tree = model.head === "tree";
  const part = someOf(pixels.rows, { n: wardPictures, seed });
  const few = { pixels: rowsOf(pixels, part), weights: rowsOf(weights, part), labels: part.map((row) => labels[row]) };
  const total = (tree ? model.depth : 1) + 1;
  onProgress({ doing: "Clustering pixels", done: 0, total });
  const merges = wardClustering(few.pixels);
  onProgress({ doing: "Clustering pixels", done: 1, total });
  const levels = Array.from({ length: total - 1 }, (_, above): LevelScores => {
    const clusters = tree ? 2 ** (above + 1) : weights.columns;
    const scores = {
      level: above + 1,
      clusters,
      tree: leafAgreement(weights, labels, clusters),
      kMeans: agreement({ classes: labels, parts: kMeans(pixels, { clusters, seed }).assignments }),
      ward: agreement({ classes: few.labels, parts: cutMerges(merges, clusters) }),
      treeBesideWard: leafAgreement(few.weights, few.labels, clusters),
    };
    onProgress({ doing: "Clustering pixels", done: above + 2, total });
    return scores;
  });
  const leaves = part.map((row) => assignments.leaves[row]);
  const paired = new Set(few.labels).size < few.labels.length;
  return {
    pictures: pixels.rows,
    wardPictures: part.length,
    levels,
    dendrogramPurity: tree
      ? {
        tree: paired ? dendrogramPurity({ leaves, classes: few.labels, depth: model.depth }) : null,
        ward: paired ? mergePurity(merges, few.labels, weights.columns) : null,
      }
      : null,
  };
}

/** At most so many rows, at random, in their order. */
function someOf(rows: number, { n, seed }: { n: number; seed: number }): Uint32Array {
  return permutation(rows, seed, 1).slice(0, Math.min(n, rows)).sort();
}

function rowsOf({ values, columns }: Matrix, chosen: Uint32Array): Matrix {
  const part = new Float32Array(chosen.length * columns);
  chosen.forEach((row, i) => part.set(values.subarray(row * columns, (row + 1) * columns), i * columns));
  return matrix(part, columns);
}

const DIGITS = 3;
const METHODS = ["tree", "kMeans", "ward", "treeBesideWard"] as const;

/** The scores as aligned lines. */
export function comparisonText({ pictures, wardPictures, levels, dendrogramPurity }: Comparison): string {
  const all = wardPictures === pictures;
  const titles = ["tree", "k-means", all ? "Ward" : `Ward, ${wardPictures}`, "tree on those"];
  const number = (value: number | null) => value?.toFixed(DIGITS) ?? "–";
  const columns = ["purity", "NMI", "ARI"].map((name) => name.padStart(7)).join("");
  const shown = all ? 3 : 4;
  const rows = levels.map((scores) => {
    const cells = METHODS.slice(0, shown).map((method) => {
      const { purity, nmi, ari } = scores[method];
      return [purity, nmi, ari].map((value) => number(value).padStart(7)).join("");
    });
    return [String(scores.level).padStart(5), String(scores.clusters).padStart(9), ...cells].join("  ");
  });
  return [
    ["level", " clusters", ...titles.slice(0, shown).map((title) => title.padStart(columns.length))].join("  "),
    ["     ", "         ", ...METHODS.slice(0, shown).map(() => columns)].join("  "),
    ...rows,
    ...dendrogramPurity === null ? [] : [
      `Dendrogram purity: tree ${number(dendrogramPurity.tree)}, Ward ${
        number(dendrogramPurity.ward)
      } (of ${wardPictures})`,
    ],
  ].join("\n");
}
