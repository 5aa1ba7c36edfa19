/** A reading as JSON: what programs take from it, and what is kept beside a run. */

import type { CertainSample, LevelScore, NodeReading, TreeReading } from "../reading.ts";
import type { SplitReading } from "../splits.ts";
import { splitSentence } from "./words.ts";

/** Versions tell apart files of another layout. */
export const TREE_FORMAT = { format: "hmog-tree", version: 1 } as const;

/** The name of the file beside the page and the figure. */
export const TREE_FILE = "tree.json";

/** What is known of a run besides its reading. */
export interface ReportContext {
  /** The options that the run was trained with. */
  readonly options: Readonly<Record<string, unknown>>;
  /** How labels came about, or why there are none. */
  readonly labelNote: string;
}

/** A split in numbers; see `SplitReading`. */
export interface SplitReport
  extends Omit<SplitReading, "left" | "right" | "difference">, Readonly<Record<"left" | "right", SideReport>> {
  /** Such as `left: Trouser (93 %); right: Sneaker, Sandal and Ankle boot (96 %)`; null without labels. */
  readonly sentence: string | null;
}

/** Label shares of a side. */
export interface SideReport {
  readonly labels: number[] | null;
}

/** A node in numbers; the samples that are shown of it can be drawn again by their numbers. */
export type NodeReport = Omit<NodeReading, "mean" | "typical" | "grid" | "gridLeaves">;

/** A sample without its picture. */
export type CertainReport = Omit<CertainSample, "picture">;

/**
 * Everything in a reading but the pictures, fractions rounded to six decimals, and the options as they are. Sample `i` of
 * a node's `examples`, and of `certain` and `uncertain`, is that of the request `{ n: 1, seed, first: i }`.
 */
export interface TreeReport
  extends
    Omit<TreeReading, "nodes" | "certain" | "uncertain">,
    ReportContext,
    Readonly<{ format: (typeof TREE_FORMAT)["format"]; version: (typeof TREE_FORMAT)["version"] }> {
  readonly dataset: string | null;
  readonly nodes: readonly NodeReport[];
  readonly splits: readonly SplitReport[];
  readonly certain: readonly CertainReport[];
  readonly uncertain: readonly CertainReport[];
  readonly scores: readonly LevelScore[] | null;
}

/** The numbers of a reading and its splits as one JSON value. */
export function treeReport(reading: TreeReading, splits: readonly SplitReading[], context: ReportContext): TreeReport {
  const { nodes, certain, uncertain, ...rest } = reading;
  const { dataset } = context.options;
  const numbers = rounded({
    ...TREE_FORMAT,
    ...rest,
    dataset: typeof dataset === "string" ? dataset : null,
    labelNote: context.labelNote,
    nodes: nodes.map(({ mean: _, typical: _typical, grid: _grid, gridLeaves: _leaves, ...numbers }) => numbers),
    splits: splits.map(({ difference: _, left, right, ...numbers }, i) => ({
      ...numbers,
      left: { labels: left.labels },
      right: { labels: right.labels },
      sentence: splitSentence(splits[i], reading.labelNames ?? []),
    })),
    certain: certain.map(withoutPicture),
    uncertain: uncertain.map(withoutPicture),
  });
  return { ...numbers as TreeReport, options: context.options };
}

const withoutPicture = ({ picture: _, ...numbers }: CertainSample): CertainReport => numbers;

const DIGITS = 1e6;

/** The value with all its fractions rounded; whole numbers, as large as seeds may be, are kept. */
function rounded(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? value : Math.round(value * DIGITS) / DIGITS;
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
}

/**
 * A report from its text.
 *
 * @throws {SyntaxError} If it is no JSON, no report, one of another version, or its labels are damaged
 */
export function parseTreeReport(text: string): TreeReport {
  const value = JSON.parse(text);
  const refuse = (found: string): never => {
    throw new SyntaxError(`Cannot read a tree report: found ${found}, expected version ${TREE_FORMAT.version}`);
  };
  if (value?.format !== TREE_FORMAT.format) return refuse("no report of a tree");
  if (value.version !== TREE_FORMAT.version) return refuse(`version ${value.version}`);
  const { nodes, labelNames } = value;
  if (!Array.isArray(nodes) || !nodes.every((node, i) => node?.node === i)) return refuse("nodes out of order");
  if (labelNames === null || Array.isArray(labelNames) && nodes.every(({ labels }) => isShares(labels, labelNames))) {
    return value;
  }
  return refuse("label shares that are no numbers or have no names");
}

/** Whether there is a share for each label, or none are known. */
function isShares(labels: unknown, { length }: readonly unknown[]): boolean {
  return labels === null || Array.isArray(labels) && labels.length === length && labels.every(Number.isFinite);
}
