/** What an evaluation found, for readers and for programs. */

import { type Better, type FeatureKind, meaningOf } from "../metrics/evaluation.ts";
import type { ResolvedRequest } from "./request.ts";

/** One number. */
export interface Score {
  /** As a file has it, such as `precision`. */
  readonly name: string;
  /** As a reader sees it, features included. */
  readonly label: string;
  readonly value: number;
  readonly better: Better;
  readonly range: string;
  readonly meaning: string;
}

/** Numbers, and everything they depend on. */
export interface Evaluation {
  readonly dataset: string;
  readonly split: string;
  /** What made the samples: a checkpoint or a file. */
  readonly source: string;
  readonly features: string;
  /** Whose they are, as far as numbers are named after it. */
  readonly featureKind: FeatureKind;
  /** Tells apart networks of one kind, such as classifiers of other data: their numbers are not to be compared. */
  readonly featureKey: string;
  /** What is to be known of them, such as the accuracy of a classifier. */
  readonly featureNote: string;
  readonly real: number;
  readonly fake: number;
  readonly seed: number;
  /** Whether the paths of generated samples were forced into one leaf each. */
  readonly forced: boolean;
  readonly scores: readonly Score[];
  /** Why metrics that go with the data are not among the scores, a sentence for each. */
  readonly leftOut: readonly string[];
  /** All but the scores and their source, in a sentence. */
  readonly note: string;
}

/** Everything but the scores. */
export type Circumstances =
  & Pick<Evaluation, "dataset" | "source" | "featureKind" | "featureKey" | "featureNote" | "real" | "fake" | "leftOut">
  & Pick<ResolvedRequest, "features" | "seed" | "split" | "forced">;

/** An evaluation from numbers by name. */
export function evaluationOf(values: Readonly<Record<string, number>>, circumstances: Circumstances): Evaluation {
  const { featureKind, featureKey, featureNote, real, fake, split, dataset, seed, forced, leftOut } = circumstances;
  const generated = `${fake} generated${forced ? " with forced paths" : ""}`;
  const scores = Object.entries(values).map(([name, value]) => ({ name, value, ...meaningOf(name, featureKind) }));
  const detail = featureNote === "" ? "" : ` (${featureNote})`;
  const made = `${featureKey}${detail}, ${generated} against ${real} of ${dataset}'s ${split} split, seed ${seed}`;
  return { ...circumstances, scores, note: [made, ...leftOut].join("; ") };
}

const DIGITS = 4; // of a number
const LEAST_POWER = -4; // of ten; smaller numbers have an exponent
const DIRECTIONS: Readonly<Record<Better, string>> = {
  lower: "lower is better",
  higher: "higher is better",
  half: "0.5 is best",
  neither: "",
};

/** The numbers as aligned lines below what they depend on. */
export function evaluationText({ source, note, scores }: Evaluation): string {
  const rows = scores.map(({ label, value, better, range }) => [label, numberText(value), range, DIRECTIONS[better]]);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column].length))) ?? [];
  const line = ([label, value, range, direction]: string[]) =>
    `${label.padEnd(widths[0])}  ${value.padStart(widths[1])}  ${range.padEnd(widths[2])}  ${direction}`.trimEnd();
  return [source, `Features: ${note}`, "", ...rows.map(line)].join("\n");
}

/** `0.001234`, `12.35`, `8`, `1.234e-7`. */
function numberText(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  const power = Math.floor(Math.log10(Math.abs(value)));
  if (power < LEAST_POWER) return value.toExponential(DIGITS - 1);
  return value.toFixed(Math.max(DIGITS - 1 - power, 0));
}
