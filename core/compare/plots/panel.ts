/** The frame of a plot: axes, tick marks and labels around a rectangle in which numbers have a place. */

import { type Scale, scaleOf, tickLabels, ticks } from "./axis.ts";
import { digits, type Drawing, element, INK, line, SIZE, text, textWidth } from "../../svg.ts";

/** What is plotted: where numbers lie, in pixels from the panel's top left. */
export interface Plot {
  readonly x: Scale;
  readonly y: Scale;
  /** The inner rectangle. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How a panel is laid out. */
export interface PanelOptions {
  x: readonly [low: number, high: number];
  y: readonly [low: number, high: number];
  /** Sides of the inner rectangle in pixels. */
  width: number;
  height: number;
  xLabel?: string;
  yLabel?: string;
  /** No ticks, no labels: for panels too small to be read off. */
  bare?: boolean;
  /** Names of rows instead of numbers on the vertical axis, from the top; row `i` is at `y = i`. */
  rows?: readonly string[];
}

const TICK = 4; // pixels outside of the frame
const PIXELS_PER_TICK = { x: 55, y: 42 };
const BETWEEN = 8; // labels of the horizontal axis, at least
const GAP = 5; // between ticks, labels and names of axes

/** A panel with what `draw` puts into its inner rectangle, between grid and frame; nothing shows outside of it. */
export function panel(options: PanelOptions, draw: (plot: Plot) => string): Drawing {
  const { width, height, bare = false, rows, xLabel, yLabel } = options;
  const xTicks = bare ? [] : fittingTicks(options.x, width);
  const yTicks = bare ? [] : rows?.map((_, i) => i) ?? ticks(...options.y, height / PIXELS_PER_TICK.y);
  const [xTexts, yTexts] = [tickLabels(xTicks), rows ?? tickLabels(yTicks)];
  const widest = bare ? 0 : Math.max(0, ...yTexts.map((label) => textWidth(label)));
  const left = bare ? 1 : widest + TICK + GAP + (yLabel === undefined ? 0 : SIZE.text + GAP);
  const top = bare ? 1 : SIZE.text / 2; // half of the uppermost label
  const plot: Plot = {
    x: scaleOf(options.x, [left, left + width]),
    y: scaleOf(options.y, rows ? [top, top + height] : [top + height, top]),
    left,
    top,
    width,
    height,
  };
  const [right, bottom] = [left + width, top + height];
  const over = bare ? 1 : textWidth(xTexts.at(-1) ?? "") / 2; // half of the last label
  const below = bare ? 1 : TICK + GAP + SIZE.text + (xLabel === undefined ? 0 : GAP + SIZE.text);
  const lines = [
    ...xTicks.map((x) => line(plot.x.at(x), top, plot.x.at(x), bottom + TICK, INK.grid)),
    ...yTicks.map((y) => line(left - TICK, plot.y.at(y), right, plot.y.at(y), INK.grid)),
  ];
  const labels = [
    ...xTicks.map((x, i) => text(xTexts[i], plot.x.at(x), bottom + TICK + GAP + SIZE.text - 3, { anchor: "middle" })),
    ...yTicks.map((y, i) => text(yTexts[i], left - TICK - GAP + 2, plot.y.at(y) + SIZE.text * 0.36, { anchor: "end" })),
    xLabel === undefined || bare
      ? ""
      : text(xLabel, left + width / 2, bottom + below - 2, { anchor: "middle", colour: INK.faint }),
    yLabel === undefined || bare
      ? ""
      : text(yLabel, SIZE.text - 2, top + height / 2, { anchor: "middle", colour: INK.faint, rotate: -90 }),
  ];
  // A nested <svg> cuts off what lies outside of it; its view box keeps the panel's coordinates.
  const inside = element(
    "svg",
    { x: left, y: top, width, height, viewBox: [left, top, width, height].map(digits).join(" "), overflow: "hidden" },
    draw(plot),
  );
  const frame = element("rect", { x: left, y: top, width, height, fill: "none", stroke: INK.frame });
  return {
    width: right + over,
    height: bottom + below,
    markup: [lines.join(""), inside, frame, labels.join("")].join("\n"),
  };
}

/** Ticks of a horizontal axis, as many as have room for their labels beside each other. */
function fittingTicks([low, high]: PanelOptions["x"], width: number): number[] {
  for (let count = Math.floor(width / PIXELS_PER_TICK.x);; count--) {
    const found = ticks(low, high, count);
    if (count <= 1) return found.slice(0, 1);
    const widest = Math.max(...tickLabels(found).map((label) => textWidth(label)));
    if (widest + BETWEEN <= width / (high - low) * (found[1] - found[0])) return found;
  }
}
