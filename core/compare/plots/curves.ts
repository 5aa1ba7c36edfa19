/** Learning curves: what was measured during training, a line for every method. */

import { usualRange } from "./axis.ts";
import { colourOf } from "../../palette.ts";
import { panel, type Plot } from "./panel.ts";
import {
  below,
  caption,
  digits,
  type Drawing,
  element,
  INK,
  line,
  page,
  SIZE,
  text,
  textWidth,
  tiled,
} from "../../svg.ts";

/** One measurement over the course of a training. */
export interface Curve {
  /** Iterations, rising. */
  readonly x: readonly number[];
  /** As many as `x`. */
  readonly y: readonly number[];
}

/** The curves of one method, one for every seed. */
export interface MethodCurves {
  readonly method: string;
  readonly curves: readonly Curve[];
}

/** One quantity of all methods. */
export interface CurvesPanel {
  readonly title: string;
  readonly methods: readonly MethodCurves[];
}

const SIZE_OF_PANEL = { width: 380, height: 240 };
const MOST_COLUMNS = 3;
const GAP = 22;
const MOST_STEPS = 150; // of a line: neighbours are averaged, so that noise does not hide the course
const OUTSIDE = 0.01; // of the values may lie beyond the axis, on either side
const LEGEND = { stroke: 18, gap: 20, row: 18 };

/**
 * A panel for every quantity; each method has one colour in all of them, a line for the mean over its seeds and a
 * lighter one for each seed.
 *
 * @returns An SVG file
 * @throws {RangeError} If there is nothing to draw, a number is not finite, or a curve has not as many `x` as `y`
 */
export function curvesFigure({ title, panels }: { title: string; panels: readonly CurvesPanel[] }): string {
  const methods = [...new Set(panels.flatMap((one) => one.methods.map(({ method }) => method)))];
  const drawn = panels.map(({ title, methods: own }) => {
    const lines = own.flatMap(({ method, curves }) => linesOf(curves).map((one) => ({ ...one, method })));
    if (lines.length === 0) throw new RangeError(`Cannot draw "${title}": there are 0 curves, expected at least one`);
    const last = Math.max(...own.flatMap(({ curves }) => curves.map(({ x }) => x.at(-1)!)));
    const area = { x: [0, last] as const, y: usualRange(lines.flatMap(({ y }) => y), OUTSIDE), ...SIZE_OF_PANEL };
    const draw = (plot: Plot) =>
      lines.map(({ method, faint, ...curve }) => strokeOf(curve, plot, colourOf(methods.indexOf(method)), faint)).join(
        "",
      );
    return below([caption([title]), panel({ ...area, xLabel: "iterations" }, draw)], 6);
  });
  const rows = Math.ceil(drawn.length / MOST_COLUMNS);
  const body = tiled(drawn, Math.ceil(drawn.length / rows), GAP);
  const drawnAtAll = (name: string) =>
    panels.some(({ methods }) => methods.some(({ method, curves }) => method === name && curves.length > 0));
  const entries = methods.flatMap((name, i) => drawnAtAll(name) ? [{ name, colour: colourOf(i) }] : []);
  return page(below([legend(entries, body.width), body], GAP), title);
}

/** The lines of one method: its seeds first, their mean on top. */
function linesOf(curves: readonly Curve[]): (Curve & { faint: boolean })[] {
  curves.forEach(checkCurve);
  const window = Math.ceil(Math.max(0, ...curves.map(({ x }) => x.length)) / MOST_STEPS);
  const thinned = curves.map((curve) => thin(curve, window));
  if (thinned.length < 2) return thinned.map((curve) => ({ ...curve, faint: false }));
  const middle = thin(meanOf(curves), window);
  return [
    ...thinned.map((curve) => ({ ...curve, faint: true })),
    ...middle.x.length ? [{ ...middle, faint: false }] : [],
  ];
}

/** @throws {RangeError} If there is nothing to draw */
function checkCurve({ x, y }: Curve): void {
  if (x.length === 0 || x.length !== y.length) {
    throw new RangeError(`Cannot draw a curve of ${x.length} and ${y.length} numbers: expected as many, at least one`);
  }
  const wrong = [...x, ...y].find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new RangeError(`Cannot draw a curve through ${wrong}: expected finite numbers`);
}

/** Means of `window` neighbours each. */
function thin({ x, y }: Curve, window: number): Curve {
  const blocks = (values: readonly number[]) =>
    Array.from(
      { length: Math.ceil(values.length / window) },
      (_, i) => mean(values.slice(i * window, (i + 1) * window)),
    );
  return { x: blocks(x), y: blocks(y) };
}

/** The mean over curves at the iterations that all of them have: one that was interrupted has more. */
function meanOf(curves: readonly Curve[]): Curve {
  const values = curves.map(({ x, y }) => new Map(x.map((at, i) => [at, y[i]])));
  const x = curves[0].x.filter((at) => values.every((curve) => curve.has(at)));
  return { x, y: x.map((at) => mean(values.map((curve) => curve.get(at)!))) };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function strokeOf({ x, y }: Curve, plot: Plot, colour: string, faint: boolean): string {
  const places = x.map((at, i) => `${digits(plot.x.at(at))},${digits(plot.y.at(y[i]))}`);
  if (places.length === 1) {
    return element("circle", { cx: plot.x.at(x[0]), cy: plot.y.at(y[0]), r: 2.5, fill: colour });
  }
  return element("polyline", {
    points: places.join(" "),
    fill: "none",
    stroke: colour,
    "stroke-width": faint ? 1 : 1.8,
    "stroke-opacity": faint ? 0.3 : undefined,
    "stroke-linejoin": "round",
  });
}

/** What the colours mean, in rows that are not wider than the panels. */
function legend(methods: readonly { name: string; colour: string }[], width: number): Drawing {
  let [x, row] = [0, 0];
  const entries = methods.map(({ name, colour }) => {
    const own = LEGEND.stroke + 6 + textWidth(name, { size: SIZE.heading });
    if (x > 0 && x + own > width) [x, row] = [0, row + 1];
    const y = row * LEGEND.row + LEGEND.row / 2;
    const entry = line(x, y, x + LEGEND.stroke, y, colour, 3) +
      text(name, x + LEGEND.stroke + 6, y + SIZE.heading * 0.36, { size: SIZE.heading, colour: INK.text });
    x += own + LEGEND.gap;
    return entry;
  });
  return { width: Math.min(width, x), height: (row + 1) * LEGEND.row, markup: entries.join("") };
}
