// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The samples of a node: pictures to choose from, with the pointer or the arrow keys. */

import { pngUrl } from "./api.js";
import { html, percent, rove } from "./dom.js";

/** @typedef {import("./api.js").Sample} Sample */

/** Pictures in an element. */
export class SamplesView {
  /** @type {HTMLButtonElement[]} */
  #tiles = [];

  /**
   * @param {HTMLElement} element
   * @param {(number: number) => void} choose
   */
  constructor(element, choose) {
    this.element = element;
    this.choose = choose;
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {Sample[]} samples */
  show(samples) {
    const focused = this.#tiles.findIndex((tile) => tile === document.activeElement);
    this.#tiles = samples.map((sample, number) =>
      html("button", {
        type: "button",
        role: "option",
        class: "tile",
        tabindex: number === 0 ? 0 : -1,
        "aria-label": `Sample ${sample.index}, leaf ${sample.leaf} with ${percent(sample.weights[sample.leaf])}`,
        "aria-selected": "false",
        click: () => this.choose(number),
      }, html("img", { src: pngUrl(sample.image), alt: "", draggable: "false" }))
    );
    this.element.replaceChildren(...this.#tiles);
    if (focused >= 0) (this.#tiles[focused] ?? this.#tiles[0])?.focus();
  }

  /** @param {number | null} number @param {Map<number, string>} marks Letters of the ends of the strip */
  select(number, marks) {
    for (const [i, tile] of this.#tiles.entries()) {
      tile.setAttribute("aria-selected", String(i === number));
      tile.dataset.mark = marks.get(i) ?? "";
    }
    const chosen = this.#tiles[number ?? 0];
    if (chosen) rove(this.#tiles, chosen);
  }

  /** @param {number} number */
  focus(number) {
    this.#tiles[number]?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const here = this.#tiles.findIndex((tile) => tile === event.target);
    if (here < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const top = this.#tiles[0].offsetTop;
    const columns = Math.max(1, this.#tiles.filter((tile) => tile.offsetTop === top).length);
    const last = this.#tiles.length - 1;
    const steps = /** @type {Record<string, number>} */ ({
      ArrowLeft: here - 1,
      ArrowRight: here + 1,
      ArrowUp: here - columns,
      ArrowDown: here + columns,
      Home: 0,
      End: last,
    });
    if (!(event.key in steps)) return;
    event.preventDefault();
    const next = this.#tiles[steps[event.key]];
    if (next) rove(this.#tiles, next, { focus: true });
  }
}
