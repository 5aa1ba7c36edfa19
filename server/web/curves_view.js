// @ts-check
/// <reference lib="dom" />
/// <reference path="./globals.d.ts" />
/** The curves of training, a small chart each; they grow while the run trains. */

import { html } from "./dom.js";

/** @typedef {{run: string, iterations: number[], series: Record<string, (number | null)[]>}} Curves */

/** Series about the machine, not the model. */
const LEFT_OUT = ["elapsedSeconds", "gpuBytes", "msPerIteration"];
/** What series about leaves are all along where there is nothing to choose: one leaf, or no gate. */
const TRIVIAL = /** @type {Record<string, number>} */ ({ leafUsageEntropy: 0, largestWeight: 1 });
const HEIGHT = 132;

/** @type {Promise<void> | undefined} */
let loading;

/** The package that draws, fetched when it is needed first. */
export function uPlotLoaded() {
  return loading ??= new Promise((resolve, reject) => {
    const error = () => reject(new Error("Cannot draw the curves: uPlot did not load"));
    const script = html("script", { src: "web/uplot.js", load: () => resolve(), error });
    document.head.append(html("link", { rel: "stylesheet", href: "web/uplot.css" }), script);
  });
}

/** Charts in an element. */
export class CurvesView {
  /** @type {{name: string, chart: import("uplot"), values: (number | null)[], tell: () => void}[]} */
  #charts = [];
  /** @type {number[]} */
  #iterations = [];
  /** @type {Curves | null} */
  #curves = null;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.live = html("p", { class: "facts live", hidden: true }, "training now");
    this.grid = html("div", { class: "charts" });
    element.append(html("header", {}, html("h2", { id: "curves-title" }, "Training"), this.live), this.grid);
    new ResizeObserver(() => this.#resize()).observe(this.grid);
    addEventListener("theme", () => this.#curves && this.show(this.#curves));
    matchMedia("(prefers-color-scheme: dark)").addEventListener(
      "change",
      () => this.#curves && this.show(this.#curves),
    );
  }

  /** @param {Curves} curves */
  show(curves) {
    this.#curves = curves;
    this.#iterations = [...curves.iterations];
    for (const { chart } of this.#charts) chart.destroy();
    const [ink, dim, line, accent] = ["--ink", "--dim", "--line", "--accent"].map(colourOf);
    this.element.hidden = this.#iterations.length === 0;
    const series = Object.entries(curves.series).filter(([name, values]) =>
      !LEFT_OUT.includes(name) && values.some((value) => value !== null && value !== TRIVIAL[name])
    );
    this.grid.replaceChildren();
    this.#charts = series.map(([name, given]) => {
      const values = [...given];
      const legend = html("span", { class: "value" });
      const box = html("div");
      this.grid.append(html("figure", {}, html("figcaption", {}, words(name), legend), box));
      const tell = () => legend.textContent = short(values.findLast((value) => value !== null) ?? null);
      const axis = {
        stroke: dim,
        font: "11px system-ui, sans-serif",
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
      };
      const chart = new globalThis.uPlot(
        {
          width: Math.max(160, box.clientWidth),
          height: HEIGHT,
          legend: { show: false },
          cursor: { sync: { key: "training" }, y: false, drag: { x: true, y: false }, points: { size: 6 } },
          scales: { x: { time: false } },
          axes: [
            { ...axis, size: 24, space: 60, values: (_, splits) => labels(splits) },
            { ...axis, size: 48, space: 28, values: (_, splits) => labels(splits) },
          ],
          series: [{}, {
            stroke: accent || ink,
            width: 1.5,
            points: { show: () => values.filter((value) => value !== null).length === 1, size: 7, fill: accent || ink },
            spanGaps: true,
          }],
          hooks: {
            setCursor: [(self) => {
              const at = self.cursor.idx;
              if (at === null || at === undefined) tell();
              else legend.textContent = `${short(values[at] ?? null)} at ${this.#iterations[at]}`;
            }],
          },
        },
        [this.#iterations, values],
        box,
      );
      tell();
      return { name, chart, values, tell };
    });
  }

  /** @param {boolean} live Whether the run trains */
  setLive(live) {
    this.live.hidden = !live;
  }

  /** @param {Record<string, number>} line A line of the log */
  add(line) {
    if (line.iteration <= (this.#iterations.at(-1) ?? 0)) return;
    this.setLive(true);
    if (this.#charts.length === 0) {
      const series = Object.entries(line).filter(([name]) => name !== "iteration").map((
        [name, value],
      ) => [name, [value]]);
      return this.show({ run: "", iterations: [line.iteration], series: Object.fromEntries(series) });
    }
    this.#iterations.push(line.iteration);
    for (const { name, chart, values, tell } of this.#charts) {
      values.push(line[name] ?? null);
      chart.setData([this.#iterations, values]);
      tell();
    }
  }

  #resize() {
    for (const { chart } of this.#charts) {
      const width = /** @type {HTMLElement} */ (chart.root.parentElement).clientWidth;
      if (width > 0 && width !== chart.width) chart.setSize({ width, height: HEIGHT });
    }
  }
}

/** A colour of the page as it is now, light or dark: canvases know no names. @param {string} name */
function colourOf(name) {
  const probe = html("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** `generatorLoss` as "generator loss". @param {string} name */
const words = (name) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** @param {number | null} value @param {number} [digits] */
function short(value, digits = 3) {
  if (value === null) return "";
  const size = Math.abs(value);
  if (size >= 10_000) return `${Number((value / 1000).toPrecision(digits))}k`;
  if (size !== 0 && size < 0.001) return value.toExponential(digits - 3);
  return String(Number(value.toPrecision(digits)));
}

const MOST_DIGITS = 12;

/**
 * What is written beside an axis: as many digits as tell its numbers apart.
 *
 * @param {number[]} values
 */
export function labels(values) {
  let digits = 3;
  while (digits < MOST_DIGITS && new Set(values.map((value) => short(value, digits))).size < values.length) digits++;
  return values.map((value) => short(value, digits));
}
