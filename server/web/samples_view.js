// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The samples of a node, pictures or points, to choose from with the pointer or the arrow keys. */

import { pngUrl } from "./api.js";
import { html, percent, rove } from "./dom.js";
import { scatter } from "./scatter.js";

/** @typedef {import("./api.js").Sample} Sample */
/** @typedef {Record<string, string | number>} Option What every sample is to those who do not see it */
/**
 * @typedef {object} Drawn
 * @property {(HTMLElement | SVGElement)[]} tiles One for every sample
 * @property {Element[]} elements What the tiles are in
 * @property {(number: number | null, marks: Map<number, string>) => void} mark Shows the chosen sample, and letters
 * @property {(here: number, key: string) => number | undefined} next The tile that an arrow leads to
 */

/** Samples in an element. */
export class SamplesView {
  /** @type {Drawn | null} */
  #drawn = null;

  /**
   * @param {HTMLElement} element
   * @param {(number: number) => void} choose
   */
  constructor(element, choose) {
    this.element = element;
    this.choose = choose;
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  get #tiles() {
    return this.#drawn?.tiles ?? [];
  }

  /** @param {Sample[]} samples */
  show(samples) {
    const focused = this.#tiles.findIndex((tile) => tile === document.activeElement);
    const options = samples.map(({ index, leaf, weights }, number) => ({
      role: "option",
      tabindex: number === 0 ? 0 : -1,
      "aria-label": `Sample ${index}, leaf ${leaf} with ${percent(weights[leaf])}`,
      "aria-selected": "false",
    }));
    const points = samples[0].point !== undefined;
    this.#drawn = (points ? scatter : pictures)(samples, options, this.choose);
    this.element.classList.toggle("scatter", points);
    this.element.replaceChildren(...this.#drawn.elements);
    if (focused >= 0) (this.#tiles[focused] ?? this.#tiles[0])?.focus();
  }

  /** @param {number | null} number @param {Map<number, string>} marks Letters of the ends of the strip */
  select(number, marks) {
    for (const [i, tile] of this.#tiles.entries()) tile.setAttribute("aria-selected", String(i === number));
    this.#drawn?.mark(number, marks);
    const chosen = this.#tiles[number ?? 0];
    if (chosen) rove(this.#tiles, chosen);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const here = this.#tiles.findIndex((tile) => tile === event.target);
    if (here < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const ends = /** @type {Record<string, number>} */ ({ Home: 0, End: this.#tiles.length - 1 });
    const next = ends[event.key] ?? this.#drawn?.next(here, event.key);
    if (next === undefined) return;
    event.preventDefault();
    if (this.#tiles[next]) rove(this.#tiles, this.#tiles[next], { focus: true });
  }
}

/**
 * Pictures as buttons in rows.
 *
 * @param {Sample[]} samples
 * @param {Option[]} options
 * @param {(number: number) => void} choose
 * @returns {Drawn}
 */
function pictures(samples, options, choose) {
  const tiles = samples.map(({ image }, number) => {
    const picture = html("img", { src: pngUrl(image), alt: "", draggable: "false" });
    return html("button", { type: "button", class: "tile", ...options[number], click: () => choose(number) }, picture);
  });
  return {
    tiles,
    elements: tiles,
    mark: (_, marks) => tiles.forEach((tile, i) => tile.dataset.mark = marks.get(i) ?? ""),
    next: (here, key) => {
      const top = tiles[0].offsetTop;
      const columns = Math.max(1, tiles.filter((tile) => tile.offsetTop === top).length);
      const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
      return step && here + step;
    },
  };
}
