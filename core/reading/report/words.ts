/** Numbers and names as they stand in the report. */

import type { NodeReading } from "../reading.ts";
import type { SplitReading } from "../splits.ts";

/** `12 %`; below ten, and where it matters, with one decimal: `3.4 %`. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)} %`;
}

/** A number to two decimals, `–` for none. */
export function decimal(value: number | null): string {
  return value === null ? "–" : value.toFixed(2);
}

/** `leaf 3` or `node 4`. */
export function nameOf({ node, leaf }: Pick<NodeReading, "node" | "leaf">): string {
  return leaf === null ? `node ${node}` : `leaf ${leaf}`;
}

/** `Sandal, Sneaker and Bag`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** A label and its share. */
export interface Share {
  readonly label: number;
  readonly share: number;
}

/** The labels with shares of at least `least`, largest first; at most so many. */
export function largestShares(shares: readonly number[], { least = 0, most = Infinity } = {}): Share[] {
  return shares.map((share, label) => ({ label, share })).filter(({ share }) => share >= least)
    .sort((a, b) => b.share - a.share || a.label - b.label).slice(0, most);
}

const MOST_NAMES = 3; // in a sentence
const TELLING = 0.04; // by so much a side must have more of a label than the other
const ALIKE = 0.1; // total variation below which sides are said to be alike

/** What the sides of a split make, in words. */
export interface SplitWords {
  readonly left: string;
  readonly right: string;
}

/**
 * `Trouser (93 %)` and `Sneaker, Sandal and Ankle boot (96 %)`: for each side up to three labels that it has most more of than
 * the other, with the sum of their shares. Of sides that are alike (total variation below a tenth) the commonest labels.
 *
 * @returns null without labels
 */
export function splitWords({ left, right, labelDistance }: SplitReading, names: readonly string[]): SplitWords | null {
  if (left.labels === null || right.labels === null || labelDistance === null) return null;
  const side = (own: readonly number[], other: readonly number[]): string => {
    const more = own.map((share, label) => labelDistance < ALIKE ? share : share - other[label]);
    return shareOf(own, largestShares(more, { least: TELLING }), names);
  };
  return { left: side(left.labels, right.labels), right: side(right.labels, left.labels) };
}

/** `left: Trouser (93 %); right: Sneaker, Sandal and Ankle boot (96 %)`; null without labels. */
export function splitSentence(split: SplitReading, names: readonly string[]): string | null {
  const words = splitWords(split, names);
  return words && `left: ${words.left}; right: ${words.right}`;
}

/** `Sneaker and Sandal (96 %)`, of the first labels, in the order of their shares. */
function shareOf(shares: readonly number[], labels: readonly Share[], names: readonly string[]): string {
  const chosen = labels.slice(0, MOST_NAMES).map(({ label }) => label).sort((a, b) => shares[b] - shares[a]);
  if (chosen.length === 0) return "a bit of everything";
  return `${listed(chosen.map((l) => names[l]))} (${percent(chosen.reduce((sum, label) => sum + shares[label], 0))})`;
}

/** What the flip of a gate does to a picture, in words. */
export function effectSentence({ effect }: SplitReading): string {
  return `Flipping this gate changes a picture ${
    effect.toFixed(2)
  } times as much as drawing another latent of the node.`;
}
