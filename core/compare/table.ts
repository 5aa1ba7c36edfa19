/** Scores as a table: mean and deviation over seeds, the best of each in bold. */

import type { Better } from "../metrics/metric.ts";
import { meanAndDeviation } from "./plots/metrics.ts";

/** One column of a table. */
export interface Column {
  readonly name: string;
  readonly label: string;
  readonly better: Better;
}

/** The scores of one method, a record for every seed; or why there are none. */
export interface Row {
  readonly method: string;
  readonly cells: readonly { readonly seed: number; readonly values: Readonly<Record<string, number>> }[];
  /** Sentences about seeds that have no scores. */
  readonly remarks: readonly string[];
}

/** What a reader is told besides the numbers. */
export interface TableText {
  readonly title: string;
  readonly notes: readonly string[];
}

/** Numbers that a reader is shown, the first ones first; the file with all numbers has the others, too. */
const SHOWN = [
  ...["modesFound", "goodShare", "modeBalance"],
  ...["frechet", "kernel", "inceptionScore", "nn1", "mmd", "precision", "recall", "density", "coverage"],
  ...["leafNmi", "dendrogramPurity", "leafEntropy", "largestPathWeight"],
  "trainingSeconds",
];
const DIGITS = { largest: 4, best: 2 }; // at least, of the largest and of the best mean of a column
const MOST_DECIMALS = 6; // for the sake of the best
const MISSING = "–";
const DIRECTIONS: Readonly<Record<Better, string>> = { lower: " ↓", higher: " ↑", half: " (best 0.5)", neither: "" };

/** A heading with the direction in which a number is better. */
export function headingOf({ label, better }: Column): string {
  return `${label}${DIRECTIONS[better]}`;
}

/** The columns that a reader is shown, in the order in which they tell most. */
export function shownOf(columns: readonly Column[]): Column[] {
  return SHOWN.flatMap((name) => columns.filter((column) => column.name === name));
}

/** The numbers of one method in one column, one for every seed that has it. */
export function valuesOf({ cells }: Row, { name }: Column): number[] {
  return cells.flatMap(({ values }) => Number.isFinite(values[name]) ? [values[name]] : []);
}

/**
 * The table in Markdown: `mean ± deviation` (of a sample, over seeds), the best mean of a column in bold, and below it why
 * numbers are missing.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { markdownTable } from "./table.ts";
 *
 * const cells = [{ seed: 0, values: { modes: 7 } }, { seed: 1, values: { modes: 8 } }];
 * const columns = [{ name: "modes", label: "Modes", better: "higher" }] as const;
 * const text = markdownTable([{ method: "hmog", cells, remarks: [] }], columns, { title: "ring8", notes: [] });
 * assertStringIncludes(text, "| hmog   | 7.500 ± 0.707 |");
 * ```
 */
export function markdownTable(rows: readonly Row[], columns: readonly Column[], { title, notes }: TableText): string {
  const columnTexts = columns.map((column) => textsOf(rows, column));
  const lines = [
    ["Method", ...columns.map(headingOf)],
    ...rows.map(({ method }, i) => [method, ...columnTexts.map((texts) => texts[i])]),
  ].map((cells) => cells.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = lines[0].map((_, column) => Math.max(3, ...lines.map((cells) => cells[column].length)));
  const lineOf = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const [heading, ...body] = lines.map(lineOf);
  const rule = `| ${widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`).join(" | ")} |`;
  const remarks = rows.flatMap(({ method, remarks }) =>
    [...new Set(remarks)].map((remark) => `- ${method}: ${remark}`)
  );
  return [`# ${title}`, "", heading, rule, ...body, "", ...notes, ...(remarks.length > 0 ? ["", ...remarks] : []), ""]
    .join("\n");
}

/** `mean ± deviation` of every row in a column, the best of them in bold. */
export function textsOf(rows: readonly Row[], column: Column, { bold = true } = {}): string[] {
  const summaries = rows.map((row) => {
    const values = valuesOf(row, column);
    return values.length === 0 ? null : { ...meanAndDeviation(values), count: values.length };
  });
  const means = summaries.flatMap((summary) => summary === null ? [] : [summary.mean]);
  const best = bestOf(means, column.better);
  const write = numberFormat(means, best);
  const distance = COSTS[column.better] ?? (() => 0); // from the best there could be
  const shown = (mean: number) => write(distance(mean)); // what is written alike is equally good
  const differ = means.some((mean) => shown(mean) !== shown(means[0])); // nothing is best alone, or of equals
  return summaries.map((summary) => {
    if (summary === null) return MISSING;
    const { mean, deviation, count } = summary;
    const text = count === 1 ? write(mean) : `${write(mean)} ± ${write(deviation)}`;
    return bold && differ && best !== undefined && shown(mean) === shown(best) ? `**${text}**` : text;
  });
}

const COSTS: Partial<Record<Better, (x: number) => number>> = {
  lower: (x) => x,
  higher: (x) => -x,
  half: (x) => Math.abs(x - 0.5),
};

/** The best of some numbers; undefined where none is better than another. */
export function bestOf(values: readonly number[], better: Better): number | undefined {
  const cost = COSTS[better];
  if (cost === undefined || values.length === 0) return undefined;
  return values.reduce((best, x) => cost(x) < cost(best) ? x : best);
}

/** Writes numbers of one column with equally many decimals. */
function numberFormat(means: readonly number[], best = 0): (x: number) => string {
  const largest = Math.max(0, ...means.map(Math.abs));
  if (largest === 0) return () => "0";
  const power = powerOf(largest);
  if (power < -3 || power > 6) return (x) => x.toExponential(DIGITS.largest - 2);
  if (means.every(Number.isInteger) && power >= DIGITS.largest - 1) return (x) => x.toFixed(0);
  // A single large number must not make all others alike.
  const forBest = best === 0 ? 0 : Math.min(DIGITS.best - 1 - powerOf(best), MOST_DECIMALS);
  const decimals = Math.max(0, DIGITS.largest - 1 - power, forBest);
  return (x) => x.toFixed(decimals).replace(/^-(0\.?0*)$/, "$1");
}

const powerOf = (x: number): number => Math.floor(Math.log10(Math.abs(x)));

/**
 * The table as comma-separated values: a line for every seed of a method, then its mean and its deviation.
 */
export function csvTable(rows: readonly Row[], columns: readonly Column[]): string {
  const lines = rows.flatMap((row) => {
    const summary = (what: "mean" | "deviation") =>
      columns.map((column) => {
        const values = valuesOf(row, column);
        return values.length === 0 ? "" : String(meanAndDeviation(values)[what]);
      });
    return [
      ...row.cells.map(({ seed, values }) => [row.method, seed, ...columns.map(({ name }) => values[name] ?? "")]),
      [row.method, "mean", ...summary("mean")],
      [row.method, "deviation", ...summary("deviation")],
    ];
  });
  return [["method", "seed", ...columns.map(({ name }) => name)], ...lines]
    .map((cells) => `${cells.map((cell) => quoted(String(cell))).join(",")}\n`).join("");
}

const quoted = (text: string): string => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
