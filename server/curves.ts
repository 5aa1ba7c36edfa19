/** The log of a run as curves: few enough points to draw. */

/** Series over iterations; null where the log has no number. */
export interface Curves {
  /** The last iteration of every point. */
  iterations: number[];
  series: Record<string, (number | null)[]>;
}

/** A line of a log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly iteration: number };

/** The whole lines of a log that are JSON objects with an iteration; what a crash left of a line is none. */
export function readLog(text: string): LogLine[] {
  return text.split("\n").flatMap((line) => {
    const report = parsed(line);
    return report === null ? [] : [report];
  });
}

/**
 * At most `points` points: each is the mean of as many neighbouring lines as it takes, so that a peak that falls between
 * points still lifts one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { curvesOf } from "./curves.ts";
 *
 * const lines = [{ iteration: 10, loss: 4 }, { iteration: 20, loss: 2 }, { iteration: 30 }];
 * assertEquals(curvesOf(lines, 2), { iterations: [20, 30], series: { loss: [3, null] } });
 * ```
 */
export function curvesOf(lines: readonly LogLine[], points: number): Curves {
  const names = new Set(lines.flatMap((line) => Object.keys(line).filter((name) => typeof line[name] === "number")));
  names.delete("iteration");
  const size = Math.max(1, Math.ceil(lines.length / points));
  const windows = Array.from(
    { length: Math.ceil(lines.length / size) },
    (_, i) => lines.slice(i * size, (i + 1) * size),
  );
  return {
    iterations: windows.map((window) => window.at(-1)!.iteration),
    series: Object.fromEntries(
      [...names].map((name) => [name, windows.map((window) => mean(window.map((line) => line[name])))]),
    ),
  };
}

function mean(values: readonly unknown[]): number | null {
  const numbers = values.filter((value) => typeof value === "number");
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function parsed(line: string): LogLine | null {
  try {
    const report = JSON.parse(line);
    return typeof report?.iteration === "number" ? report : null;
  } catch {
    return null;
  }
}
