/** Golden values (tests/golden/metrics.json, made by metrics.py with NumPy, SciPy and scikit-learn) for feature sets. */

import { assert } from "@std/assert";
import { type Compared, matrix } from "../../../core/metrics/matrix.ts";
import { device } from "../../gpu.ts";
import file from "../../golden/metrics.json" with { type: "json" };

/** The file. */
export const golden = file;

/** What metrics must agree to, relative to the larger of what is expected and the scale of what is subtracted. */
export const AGREEMENT = 1e-4;

/** Values of a pair of feature sets. */
export type Expected = Omit<typeof file["severalBlocks"], "rows" | "columns" | "starts" | "shrink">;

/** Two sets and what is expected of them. */
export interface Case {
  readonly name: string;
  readonly compared: Compared;
  readonly expected: Omit<Expected, "sumWithin" | "sumBetween">;
}

/** The sets in the file, and one of several blocks that is made by whole numbers here and there. */
export function cases(): Case[] {
  const { rows, columns, starts, shrink } = file.severalBlocks;
  const real = counted(rows[0] * columns, starts[0]);
  const fake = counted(rows[1] * columns, starts[1]).map((x) => x * shrink);
  return [
    ...Object.entries(file.features).map(([name, { columns, real, fake, ...expected }]) => ({
      name,
      compared: pair(real, fake, columns),
      expected,
    })),
    { name: "several blocks", compared: pair(real, fake, columns), expected: file.severalBlocks },
  ];
}

/** One of the cases. */
export function caseNamed(name: string): Case {
  return cases().find((known) => known.name === name)!;
}

/** Sets from numbers. */
export function pair(real: readonly number[], fake: readonly number[], columns: number): Compared {
  return { real: matrix(Float32Array.from(real), columns), fake: matrix(Float32Array.from(fake), columns) };
}

/** As `counted` in the script. */
function counted(count: number, start: number): number[] {
  let x = start;
  return Array.from({ length: count }, () => {
    x = Number((BigInt(x) * 1103515245n + 12345n) % 2147483648n);
    return (x >> 16) / 4096;
  });
}

/** A number is as near to the expected one as metrics must be, or to 0 beside a scale. */
export function assertAgrees(found: number, expected: number, what: string, scale = 0): void {
  const allowed = AGREEMENT * Math.max(Math.abs(expected), scale);
  assert(Math.abs(found - expected) <= allowed, `${what}: ${found}, expected ${expected} up to ${allowed}`);
}

export { device };
