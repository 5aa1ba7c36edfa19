/** Pieces of the page that are used again and again. */

import { escapeText } from "../../svg.ts";
import type { Shown } from "./pictures.ts";
import { largestShares, percent } from "./words.ts";

const MOST_BARS = 8;
const LEAST_BAR = 0.02; // share below which a label has no bar of its own

/** A picture; what it shows in words is for those who cannot see it. */
export function picture({ uri, width, height, points }: Shown, alt: string): string {
  const style = points ? ` class="points"` : "";
  return `<img src="${uri}" width="${width}" height="${height}"${style} alt="${escapeText(alt)}">`;
}

/** Something with words below it. */
export function figure(content: string, caption: string, style = ""): string {
  const attribute = style === "" ? "" : ` class="${style}"`;
  return `<figure${attribute}>${content}<figcaption>${caption}</figcaption></figure>`;
}

/** A table; cells are HTML. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], style = ""): string {
  const line = (cells: readonly string[], tag: "th" | "td") =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  const above = head.length === 0 ? "" : `<thead>${line(head, "th")}</thead>`;
  return `<div class="scroll"><table${style === "" ? "" : ` class="${style}"`}>${above}<tbody>${
    rows.map((row) => line(row, "td")).join("\n")
  }</tbody></table></div>`;
}

/** Label shares of one node as bars, largest first. */
export function shareBars(shares: readonly number[], names: readonly string[]): string {
  const shown = largestShares(shares, { least: LEAST_BAR, most: MOST_BARS });
  const rest = 1 - shown.reduce((sum, { share }) => sum + share, 0);
  const rows = [...shown.map(({ label, share }) => ({ name: names[label], share })), { name: "others", share: rest }];
  const most = Math.max(...rows.map(({ share }) => share));
  return `<div class="bars one">${
    rows.filter(({ share }) => share >= 0.001).map(({ name, share }) =>
      `<div><span class="name">${escapeText(name)}</span><span class="share">${percent(share)}</span>${
        bar("", share / most)
      }</div>`
    ).join("")
  }</div>`;
}

/** Label shares of two sides, the left one growing to the left; what is mostly on the left comes first. */
export function sideBars(left: readonly number[], right: readonly number[], names: readonly string[]): string {
  const larger = left.map((share, label) => Math.max(share, right[label]));
  const most = Math.max(...larger);
  const shown = largestShares(larger, { least: LEAST_BAR, most: MOST_BARS }).map(({ label }) => label);
  const leaning = (label: number) => left[label] - right[label];
  const rows = shown.sort((a, b) => leaning(b) - leaning(a)).map((label) =>
    `<div>${bar("left", left[label] / most)}<span class="share">${percent(left[label])}</span><span class="name">${
      escapeText(names[label])
    }</span><span class="share">${percent(right[label])}</span>${bar("right", right[label] / most)}</div>`
  );
  return `<div class="bars both">${rows.join("")}</div>`;
}

const bar = (side: string, length: number): string =>
  `<i class="${side}" style="width:${(100 * length).toFixed(1)}%"></i>`;
