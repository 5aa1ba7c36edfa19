/** Tables and numbers as people read them. */

import type { Summary } from "./measure.ts";

/** A table in Markdown with aligned columns. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headers.map((header, column) =>
    Math.max(3, ...[header, ...rows.map((row) => row[column])].map(length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell + " ".repeat(widths[column] - length(cell))).join(" | ")} |`;
  return [line(headers), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

const length = (text: string): number => [...text].length;

/** Three significant digits, no exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9))));
  return value.toFixed(Math.min(places, 6));
}

/** `580 (450 to 670)`. */
export function spread({ median, least, largest }: Summary): string {
  return `${digits(median)} (${digits(least)} to ${digits(largest)})`;
}
