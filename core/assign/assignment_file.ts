/** Assignments as files: a table, and pictures to look at. */

import { imageGrid, viewingScale } from "../sampling/grid.ts";
import { samplePicture } from "../sampling/sample_picture.ts";
import { isPoint } from "../models/presets.ts";
import type { Picture } from "../png.ts";
import { type Assignments, certaintyOf } from "./assign.ts";

const DECIMALS = 6;

/**
 * A line for every picture: `index,label,leaf,path,certainty`. The index is that in the data set; the label is the name of
 * the true class, empty where it is not known; the path are the nodes from the root to the leaf, with spaces between them;
 * the certainty is the leaf's path weight. Names with commas, quotes or line breaks are quoted as RFC 4180 has it; lines end
 * with `\n`.
 */
export function assignmentTable(assignments: Assignments): string {
  const { indices, labels, classNames, leaves, structure } = assignments;
  const rows = Array.from(indices, (index, row) =>
    [
      index,
      labels === null ? "" : quoted(classNames[labels[row]]),
      leaves[row],
      structure.pathTo(leaves[row]).join(" "),
      certaintyOf(assignments, row).toFixed(DECIMALS),
    ].join(","));
  return `index,label,leaf,path,certainty\n${rows.join("\n")}\n`;
}

const quoted = (text: string): string => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** A leaf as the pictures in it show it. */
export interface LeafContent {
  readonly leaf: number;
  readonly pictures: number;
  /** Mean certainty; 0 where there is no picture. */
  readonly certainty: number;
  /** Shares of the classes in it, largest first; empty where labels are not known. */
  readonly classes: readonly { readonly name: string; readonly share: number }[];
}

/** What is in every leaf. */
export function leafContents(assignments: Assignments): LeafContent[] {
  const { labels, classNames } = assignments;
  return rowsByLeaf(assignments).map((rows, leaf) => {
    const counts = new Map<number, number>();
    if (labels !== null) { for (const row of rows) counts.set(labels[row], (counts.get(labels[row]) ?? 0) + 1); }
    return {
      leaf,
      pictures: rows.length,
      certainty: rows.reduce((sum, row) => sum + certaintyOf(assignments, row), 0) / Math.max(rows.length, 1),
      classes: [...counts].sort(([, a], [, b]) => b - a).map(([c, count]) => ({
        name: classNames[c],
        share: count / rows.length,
      })),
    };
  });
}

const NAMED = 3; // classes of a leaf that are named
const SHOWN = 0.05; // least share of them

/** `leaf 2    961 pictures  certainty 0.95  Trouser 94 %, Dress 3 %`, a line for every leaf. */
export function contentsText(contents: readonly LeafContent[]): string {
  return contents.map(({ leaf, pictures, certainty, classes }) => {
    const named = classes.filter(({ share }, i) => i === 0 || i < NAMED && share >= SHOWN);
    return [
      `leaf ${String(leaf).padStart(String(contents.length - 1).length)}`,
      `${String(pictures).padStart(6)} ${pictures === 1 ? "picture " : "pictures"}`,
      pictures === 0 ? "" : `certainty ${certainty.toFixed(2)}`,
      named.map(({ name, share }) => `${name} ${(100 * share).toFixed(0)} %`).join(", "),
    ].join("  ").trimEnd();
  }).join("\n");
}

const COLUMNS = 20; // pictures of a leaf
const MOST_LEAVES = 64; // rows: those of most pictures

/**
 * Pictures of every leaf, a row for each, leaves from left to right downwards: evenly chosen from the most certain on the
 * left to the least certain. Of more than 64 leaves those with most pictures. Points are one scatter, in the colours of their
 * leaves.
 */
export function leafPicture(assignments: Assignments): Picture {
  const { pixels, model: { image }, leaves } = assignments;
  if (isPoint(image)) {
    return samplePicture(pixels.values, { shape: [pixels.rows, ...image], leaves: Array.from(leaves) });
  }
  const rows = rowsByLeaf(assignments);
  const most = [...rows.keys()].sort((a, b) => rows[b].length - rows[a].length).slice(0, MOST_LEAVES);
  const shown = rows.filter((_, leaf) => most.includes(leaf));
  const size = pixels.columns;
  const grid = new Float32Array(shown.length * COLUMNS * size).fill(1); // empty cells are white
  shown.forEach((own, line) => {
    const sorted = [...own].sort((a, b) => certaintyOf(assignments, b) - certaintyOf(assignments, a));
    const count = Math.min(COLUMNS, sorted.length);
    for (let i = 0; i < count; i++) {
      const row = sorted[count === 1 ? 0 : Math.round(i * (sorted.length - 1) / (count - 1))];
      grid.set(pixels.values.subarray(row * size, (row + 1) * size), (line * COLUMNS + i) * size);
    }
  });
  const shape = [shown.length * COLUMNS, ...image];
  return imageGrid(grid, { shape, columns: COLUMNS, scale: viewingScale(image[1]) });
}

function rowsByLeaf({ leaves, structure }: Assignments): number[][] {
  const rows = Array.from({ length: structure.leaves }, (): number[] => []);
  leaves.forEach((leaf, row) => rows[leaf].push(row));
  return rows;
}
