// @ts-check
/// <reference lib="dom" />
/** Samples that are points: dots in the plane, each in the colour of its leaf. */

import { pngUrl } from "./api.js";
import { html, svg } from "./dom.js";

/** @typedef {import("./api.js").Sample} Sample */

const REACH = 1.1; // of both axes: a little more than the data, which are in [-1, 1]
const SIDE = 440; // of the drawing, whatever it is shown at
const MARGIN = { left: 34, top: 8, right: 8, bottom: 24 }; // for numbers beside the axes
const TICKS = [-1, -0.5, 0, 0.5, 1];
const PORTRAIT = 22; // radius of a dot that is alone, in a small drawing

const HUES = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a800", "#555555"];
const ROUNDS = [[0, 0], [0, 0.45], [255, 0.5], [0, 0.7]]; // what each later round is mixed with, and by how much

/**
 * The colour of a leaf, as the figures have it (core/palette.ts).
 *
 * @param {number} leaf
 */
export function colourOf(leaf) {
  const [other, by] = ROUNDS[Math.floor(leaf / HUES.length) % ROUNDS.length];
  const channels = [1, 3, 5].map((at) => parseInt(HUES[leaf % HUES.length].slice(at, at + 2), 16));
  const mixed = channels.map((channel) => Math.round(channel + (other - channel) * by));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** Gives an element the colour of a leaf, lighter in the dark. @template {HTMLElement | SVGElement} E @param {E} element @param {number} leaf */
export function coloured(element, leaf) {
  element.style.color = `light-dark(${colourOf(leaf)}, color-mix(in srgb, ${colourOf(leaf)}, white 35%))`;
  return element;
}

/** Whether a sample lies beyond the axes. @param {Sample} sample */
export const isOutside = ({ point = [] }) => point.some((value) => !(Math.abs(value) <= REACH));

/**
 * A sample as a dot; what is beyond the axes is hollow, at their end.
 *
 * @param {Sample} sample
 * @param {import("./dom.js").Attributes} attributes
 */
export function dot(sample, attributes) {
  const [x, y] = (sample.point ?? []).map((value) => Math.max(-REACH, Math.min(REACH, value)) || 0);
  const name = isOutside(sample) ? "dot outside" : "dot";
  return coloured(svg("circle", { class: name, cx: placeOf(x), cy: placeOf(-y), ...attributes }), sample.leaf);
}

/** @param {number} value */
const placeOf = (value) => (value / REACH + 1) / 2 * SIDE;

/**
 * The plane with what is drawn in it.
 *
 * @param {import("./dom.js").Attributes} attributes
 * @param {Node[]} inside
 * @param {{numbers?: boolean}} [options] Whether there are numbers beside the axes
 */
export function plane(attributes, inside, { numbers = false } = {}) {
  const { left, top, right, bottom } = numbers ? MARGIN : { left: 0, top: 0, right: 0, bottom: 0 };
  const lines = (numbers ? TICKS : [0]).flatMap((tick) => [
    svg("line", { x1: placeOf(tick), x2: placeOf(tick), y1: 0, y2: SIDE }),
    svg("line", { x1: 0, x2: SIDE, y1: placeOf(tick), y2: placeOf(tick) }),
  ]);
  const texts = numbers
    ? TICKS.flatMap((tick) => {
      const text = String(tick).replace("-", "−");
      return [
        svg("text", { x: placeOf(tick), y: SIDE + 18, "text-anchor": "middle" }, text),
        svg("text", { x: -8, y: placeOf(-tick) + 4, "text-anchor": "end" }, text),
      ];
    })
    : [];
  return svg(
    "svg",
    { viewBox: `${-left} ${-top} ${SIDE + left + right} ${SIDE + top + bottom}`, ...attributes },
    svg("rect", { class: "ground", width: SIDE, height: SIDE }),
    svg("g", { class: "axes", "aria-hidden": "true" }, ...lines, ...texts),
    ...inside,
  );
}

/**
 * One sample: its picture, or a point among those of the gallery.
 *
 * @param {Sample} sample
 * @param {{class?: string, alt: string}} of
 */
export function portrait(sample, { class: name, alt }) {
  if (!sample.point) return html("img", { class: name, src: pngUrl(sample.image), alt, draggable: "false" });
  const role = alt === "" ? { "aria-hidden": "true" } : { role: "img", "aria-label": alt };
  const others = svg("use", { href: "#dots", class: "others" });
  return plane({ class: `plane ${name ?? ""}`, ...role }, [others, dot(sample, { r: PORTRAIT })]);
}
