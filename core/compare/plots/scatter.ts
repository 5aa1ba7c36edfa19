/** Samples in two dimensions, coloured by the generator that made them, over the data they should look like. */

import { rangeOf } from "./axis.ts";
import { colourOf } from "../../palette.ts";
import { panel, type Plot } from "./panel.ts";
import { regions } from "./regions.ts";
import { below, beside, caption, digits, type Drawing, element, evenCaptions, INK, page, tiled } from "../../svg.ts";

/** Points in the plane and, for each, the generator that made it. */
export interface MadePoints {
  /** `[n, 2]`, row-major. */
  readonly points: Float32Array;
  /** `[n]`, from 0. */
  readonly generators: ArrayLike<number>;
  /** How many there are to be coloured, whether or not each made a point. */
  readonly generatorCount: number;
}

/** The samples of one method, under its name and what there is to say of it. */
export interface ScatterPanel extends MadePoints {
  readonly title: string;
  readonly notes?: readonly string[];
}

const DATA = { colour: "#cfcfcf", radius: 2.2 }; // wider than samples: seen behind them
const SAMPLE = { radius: 1.5, opacity: 0.75 };
const MOST_POINTS = 3000; // of a panel: more are a blot, and a large file
const GAP = 18;
const SIDE = { method: 230, large: 330 }; // pixels; small panels fill the width
const PANELS_IN_A_ROW = 4;
const AROUND = 0.06; // of the data's extent, beside the room an axis leaves

/**
 * The samples of every method side by side, over the same data on equal axes.
 *
 * @param options.data `[n, 2]`
 * @returns An SVG file
 * @throws {RangeError} If there is nothing to draw, a number is not finite, or counts do not fit together
 */
export function scatterFigure(
  { title, data, panels }: { title: string; data: Float32Array; panels: readonly ScatterPanel[] },
): string {
  panels.forEach(check);
  const captions = evenCaptions(panels.map((made) => [made.title, ...notesOf(made, data)]));
  const drawn = panels.map((made, i) => {
    const drawing = axesOf(data, SIDE.method, false, (plot) => backdrop(data, plot) + colouredDots(made, plot));
    return below([caption(captions[i]), drawing], 6);
  });
  return page(tiled(drawn, PANELS_IN_A_ROW, GAP), title);
}

/**
 * Which generator makes what: all samples coloured by their generator, the regions of the plane that each of them
 * fills, and below a panel for every generator with its own samples.
 *
 * @param options.data `[n, 2]`
 * @param options.name What a generator is called: `leaf`, or `generator`
 * @returns An SVG file
 * @throws {RangeError} If there is nothing to draw, a number is not finite, or counts do not fit together
 */
export function generatorsFigure(
  { title, data, name, ...made }: { title: string; data: Float32Array; name: string } & MadePoints,
): string {
  check(made);
  const { generatorCount } = made;
  const all = axesOf(data, SIDE.large, false, (plot) => backdrop(data, plot) + colouredDots(made, plot));
  const filled = axesOf(data, SIDE.large, false, (plot) => regions(made, plot) + backdrop(data, plot, INK.faint));
  const upper = beside([
    below([caption(["Samples", [`by the ${name} that made them`, ...notesOf(made, data)].join(", ")]), all], 6),
    below([caption(["Regions", `the ${name} of most samples nearby`]), filled], 6),
  ], GAP);
  const columns = generatorCount <= 8 ? 4 : 8;
  const side = (upper.width + GAP) / columns - GAP - 2;
  const each = Array.from({ length: generatorCount }, (_, generator) => {
    const own = pointsOf(made, generator);
    const share = own.length / made.points.length;
    const drawing = axesOf(
      data,
      side,
      true,
      (plot) => backdrop(data, plot) + dots(own, plot, { ...SAMPLE, opacity: 0.9, colour: colourOf(generator) }),
    );
    return below([caption([`${name} ${generator}`, percent(share)], { colour: colourOf(generator) }), drawing], 4);
  });
  return page(generatorCount === 1 ? upper : below([upper, tiled(each, columns, GAP)], GAP), title);
}

/** Axes around the data, as long as wide. */
function axesOf(data: Float32Array, side: number, bare: boolean, draw: (plot: Plot) => string): Drawing {
  const [x, y] = [0, 1].map((axis) => rangeOf([...data.filter((_, i) => i % 2 === axis)]));
  const half = Math.max(x[1] - x[0], y[1] - y[0]) * (0.5 + AROUND);
  const around = ([low, high]: readonly [number, number]) =>
    [(low + high) / 2 - half, (low + high) / 2 + half] as const;
  return panel({ x: around(x), y: around(y), width: side, height: side, bare }, draw);
}

function backdrop(data: Float32Array, plot: Plot, colour = DATA.colour): string {
  return dots(data, plot, { colour, radius: DATA.radius * Math.min(1, plot.width / SIDE.method), opacity: 1 });
}

/** The first samples come first, whoever made them: no generator lies on top of all others. */
function colouredDots(made: MadePoints, plot: Plot): string {
  const layers = 8;
  const n = Math.min(made.points.length / 2, MOST_POINTS);
  return Array.from({ length: layers }, (_, layer) => {
    const [from, to] = [Math.floor(n * layer / layers), Math.floor(n * (layer + 1) / layers)];
    const part = {
      ...made,
      points: made.points.subarray(2 * from, 2 * to),
      generators: Array.from({ length: to - from }, (_, i) => made.generators[from + i]),
    };
    return Array.from(
      { length: made.generatorCount },
      (_, generator) => dots(pointsOf(part, generator), plot, { ...SAMPLE, colour: colourOf(generator) }),
    ).join("");
  }).join("");
}

/** Round dots of one colour as a single path: each a line of no length with round ends. */
function dots(
  points: Float32Array,
  plot: Plot,
  { colour, radius, opacity }: { colour: string; radius: number; opacity: number },
): string {
  const n = Math.min(points.length / 2, MOST_POINTS);
  const places = Array.from({ length: n }, (_, i) => {
    const [x, y] = [plot.x.at(points[2 * i]), plot.y.at(points[2 * i + 1])];
    return inside(x, y, plot) ? `M${digits(x)} ${digits(y)}h0` : "";
  }).join("");
  if (places === "") return "";
  return element("path", {
    d: places,
    fill: "none",
    stroke: colour,
    "stroke-width": 2 * radius,
    "stroke-linecap": "round",
    "stroke-opacity": opacity === 1 ? undefined : opacity,
  });
}

function inside(x: number, y: number, { left, top, width, height }: Plot): boolean {
  return x >= left && x <= left + width && y >= top && y <= top + height;
}

function pointsOf({ points, generators }: MadePoints, generator: number): Float32Array {
  return points.filter((_, i) => generators[Math.floor(i / 2)] === generator);
}

/** What was said of the samples, and how many of them lie outside of the axes. */
function notesOf(made: MadePoints & { notes?: readonly string[] }, data: Float32Array): string[] {
  let outside = 0;
  axesOf(data, SIDE.method, true, (plot) => {
    for (let i = 0; i < made.points.length; i += 2) {
      outside += Number(!inside(plot.x.at(made.points[i]), plot.y.at(made.points[i + 1]), plot));
    }
    return "";
  });
  const share = outside / (made.points.length / 2);
  return [...made.notes ?? [], ...(outside === 0 ? [] : [`${percent(share)} outside of the axes`])];
}

function percent(share: number): string {
  const value = 100 * share;
  return value > 0 && value < 0.95 ? `${value.toFixed(1)} %` : `${Math.round(value)} %`;
}

function check({ points, generators, generatorCount }: MadePoints): void {
  if (points.length === 0 || points.length % 2 !== 0 || generators.length !== points.length / 2) {
    throw new RangeError(
      `Cannot draw ${points.length} coordinates of ${generators.length} samples: expected 2 of each, at least one sample`,
    );
  }
  const wrong = points.find((x) => !Number.isFinite(x));
  if (wrong !== undefined) throw new RangeError(`Cannot draw a sample at ${wrong}: expected finite coordinates`);
  for (let i = 0; i < generators.length; i++) {
    const generator = generators[i];
    if (Number.isInteger(generator) && generator >= 0 && generator < generatorCount) continue;
    throw new RangeError(`Cannot draw a sample of generator ${generator}: expected 0 to ${generatorCount - 1}`);
  }
}
