/** What the methods score: mean and deviation as a point with a bar, and every seed as a small dot. */

import { rangeOf } from "./axis.ts";
import { colourOf } from "../../palette.ts";
import { panel, type Plot } from "./panel.ts";
import { below, caption, element, line, page, tiled } from "../../svg.ts";

/** One metric of all methods. */
export interface MetricPanel {
  readonly title: string;
  /** What is good: `higher is better`. */
  readonly note?: string;
  readonly rows: readonly MetricRow[];
}

/** The scores of one method, one for every seed; none where it has no score. */
export interface MetricRow {
  readonly method: string;
  readonly values: readonly number[];
}

const ROW = 28; // pixels
const WIDTH = 240;
const MOST_COLUMNS = 3;
const GAP = 26;
const CAP = 4; // half the height of a bar's ends
const SEED = { radius: 2.2, opacity: 0.6, below: 9 };
const MEAN_RADIUS = 4.2;

/**
 * A panel for every metric, a row for every method.
 *
 * @returns An SVG file
 * @throws {RangeError} If there is nothing to draw or a number is not finite
 */
export function metricsFigure({ title, panels }: { title: string; panels: readonly MetricPanel[] }): string {
  const methods = [...new Set(panels.flatMap(({ rows }) => rows.map(({ method }) => method)))];
  const drawn = panels.map(({ title, note, rows }) => {
    const spans = rows.flatMap(({ values }) => {
      if (values.length === 0) return [];
      const { mean, deviation } = meanAndDeviation(values);
      return [...values, mean - deviation, mean + deviation];
    });
    const drawing = panel({
      x: rangeOf(spans),
      y: [-0.5, rows.length - 0.5],
      width: WIDTH,
      height: ROW * rows.length,
      rows: rows.map(({ method }) => method),
    }, (plot) => rows.map((row, i) => rowOf(row, i, plot, colourOf(methods.indexOf(row.method)))).join(""));
    return below([caption(note === undefined ? [title] : [title, note]), drawing], 6);
  });
  const rows = Math.ceil(drawn.length / MOST_COLUMNS);
  return page(tiled(drawn, Math.ceil(drawn.length / rows), GAP), title);
}

function rowOf({ values }: MetricRow, row: number, plot: Plot, colour: string): string {
  if (values.length === 0) return "";
  const y = plot.y.at(row);
  const { mean, deviation } = meanAndDeviation(values);
  const [from, to] = [plot.x.at(mean - deviation), plot.x.at(mean + deviation)];
  const bar = values.length < 2 ? "" : [
    line(from, y, to, y, colour, 1.8),
    line(from, y - CAP, from, y + CAP, colour, 1.8),
    line(to, y - CAP, to, y + CAP, colour, 1.8),
  ].join("");
  const seeds = values.length < 2 ? "" : values.map((value) =>
    element("circle", {
      cx: plot.x.at(value),
      cy: y + SEED.below,
      r: SEED.radius,
      fill: colour,
      "fill-opacity": SEED.opacity,
    })
  ).join("");
  return bar + element("circle", { cx: plot.x.at(mean), cy: y, r: MEAN_RADIUS, fill: colour }) + seeds;
}

/**
 * Mean and sample deviation `√(Σ(x - mean)² / (n - 1))`; the deviation of a single number is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { meanAndDeviation } from "./metrics.ts";
 *
 * assertEquals(meanAndDeviation([1, 3]), { mean: 2, deviation: Math.SQRT2 });
 * ```
 */
export function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, deviation: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
}
