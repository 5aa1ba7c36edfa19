// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Samples that are points: all of them in one plane, and which colour is which leaf. */

import { html, percent, svg } from "./dom.js";
import { coloured, dot, isOutside, plane } from "./plane.js";

/** @typedef {import("./api.js").Sample} Sample */

const RADIUS = 5; // of a dot, in a plane of 440
const REACH = 24; // pixels: a click so far from a dot is meant for it
const MOST_LEAVES = 16; // in the legend
const WAYS = /** @type {Record<string, [x: number, y: number]>} */ ({
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
});

/**
 * Points as dots; a click chooses the nearest one.
 *
 * @param {Sample[]} samples
 * @param {import("./samples_view.js").Option[]} options
 * @param {(number: number) => void} choose
 * @returns {import("./samples_view.js").Drawn}
 */
export function scatter(samples, options, choose) {
  const tiles = samples.map((sample, number) => dot(sample, { r: RADIUS, ...options[number] }));
  const marks = svg("g", { class: "marks", "aria-hidden": "true" });
  const click = (/** @type {MouseEvent} */ { clientX, clientY }) => {
    const distances = tiles.map((tile) => length(from({ x: clientX, y: clientY }, tile)));
    const least = Math.min(...distances);
    if (least <= REACH) choose(distances.indexOf(least));
  };
  const keydown = (/** @type {KeyboardEvent} */ { key, target }) => {
    if (key === "Enter") choose(tiles.findIndex((tile) => tile === target));
  };
  const dots = svg("g", { id: "dots" }, ...tiles);
  const drawing = plane({ class: "plane", click, keydown }, [dots, marks], { numbers: true });
  return {
    tiles,
    elements: [drawing, legend(samples)],
    mark: (chosen, letters) =>
      marks.replaceChildren(...tiles.flatMap((tile, i) => marksOf(tile, i === chosen, letters.get(i)))),
    next: (here, key) => key in WAYS ? nearest(tiles, here, WAYS[key]) : undefined,
  };
}

/** A ring around the chosen dot, the letter of an end of the strip beside it. @param {SVGCircleElement} dot @param {boolean} chosen @param {string} [letter] */
function marksOf(dot, chosen, letter) {
  const [cx, cy] = [Number(dot.getAttribute("cx")), Number(dot.getAttribute("cy"))];
  return [
    ...chosen ? [svg("circle", { cx, cy, r: 2 * RADIUS })] : [],
    ...letter ? [svg("text", { x: cx + 2 * RADIUS, y: cy - 2 * RADIUS }, letter)] : [],
  ];
}

/** The way on the screen to the middle of a dot. @param {{x: number, y: number}} start @param {Element} tile @returns {[x: number, y: number]} */
function from(start, tile) {
  const { x, y, width, height } = tile.getBoundingClientRect();
  return [x + width / 2 - start.x, y + height / 2 - start.y];
}

/** @param {[x: number, y: number]} way */
const length = ([x, y]) => Math.hypot(x, y);

/** The nearest dot in the quarter of the plane that an arrow points to. @param {Element[]} tiles @param {number} here @param {[x: number, y: number]} way */
function nearest(tiles, here, [right, down]) {
  const [x, y] = from({ x: 0, y: 0 }, tiles[here]);
  const distances = tiles.map((tile, i) => {
    const [dx, dy] = from({ x, y }, tile);
    const [along, aside] = [dx * right + dy * down, Math.abs(dx * down) + Math.abs(dy * right)];
    return i !== here && along > 0 && along >= aside ? Math.hypot(dx, dy) : Infinity;
  });
  const least = Math.min(...distances);
  return least === Infinity ? here : distances.indexOf(least);
}

/** The leaves of the samples with their shares, most frequent first. @param {Sample[]} samples */
function legend(samples) {
  const counts = new Map();
  for (const { leaf } of samples) counts.set(leaf, (counts.get(leaf) ?? 0) + 1);
  const leaves = [...counts].sort(([a, m], [b, n]) => n - m || a - b);
  const outside = samples.filter(isOutside).length;
  const rest = leaves.length - MOST_LEAVES;
  return html(
    "ul",
    { class: "legend", role: "presentation" },
    ...leaves.slice(0, MOST_LEAVES).map(([leaf, count]) =>
      html(
        "li",
        {},
        coloured(html("i"), leaf),
        `leaf ${leaf}`,
        html("span", { class: "dim" }, percent(count / samples.length)),
      )
    ),
    rest > 0 && html("li", { class: "dim" }, `and ${rest} more`),
    outside > 0 && html("li", { class: "dim" }, `${outside} beyond the axes, hollow`),
  );
}
