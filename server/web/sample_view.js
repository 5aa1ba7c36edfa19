// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** One sample: its picture, its path, its gates as bars, and what one gate forced to either side makes of it. */

import { html, percent } from "./dom.js";
import { portrait } from "./plane.js";

/** @typedef {import("./api.js").Sample} Sample */
/** @typedef {import("./api.js").TreeNode} TreeNode */
/**
 * @typedef {object} Actions
 * @property {(gate: number | null) => void} flip
 * @property {(end: "from" | "to") => void} pick
 * @property {() => void} close
 * @property {(weights: number[] | null) => void} light
 */

/** One sample in an element. */
export class SampleView {
  /**
   * @param {HTMLElement} element
   * @param {Actions} actions
   */
  constructor(element, actions) {
    this.element = element;
    this.actions = actions;
    this.body = html("div");
    this.flipped = html("div", { class: "flipped", "aria-live": "polite" });
    element.append(this.body);
  }

  /** Says what there is to choose. @param {TreeNode[]} nodes Of the model, none while they are not known */
  empty(nodes) {
    const shown = nodes.length === 1
      ? "it by itself, and what lies between it and another"
      : nodes.some(({ level }) => level > 1)
      ? "the way it takes through the tree, and what each gate decides"
      : "how much of it each leaf makes";
    this.body.replaceChildren(
      html("h2", { id: "sample-title", class: "dim" }, "No sample chosen"),
      html("p", { class: "hint" }, nodes.length === 0 ? "" : `Choose one to see ${shown}.`),
    );
  }

  /**
   * @param {Sample} sample
   * @param {{nodes: TreeNode[], flip: number | null}} of
   */
  show(sample, { nodes, flip }) {
    const { pick, close } = this.actions;
    const leafWeight = sample.weights[sample.leaf];
    const gates = nodes.filter(({ children }) => children.length === 2).map(({ node }) => node);
    const isTree = gates.length === sample.gates.length;
    this.body.replaceChildren(
      html(
        "header",
        {},
        html("h2", { id: "sample-title" }, `Sample ${sample.index}`),
        html("p", { class: "facts" }, `leaf ${sample.leaf} with ${percent(leafWeight)}`),
        html("button", {
          type: "button",
          class: "quiet close",
          "aria-label": "Close the sample",
          title: "Close (Esc)",
          click: close,
        }, "×"),
      ),
      html(
        "div",
        { class: "portrait" },
        portrait(sample, { class: "large", alt: `Sample ${sample.index}` }),
        this.flipped,
      ),
      isTree ? this.#gates(sample, gates, flip) : this.#weights(sample),
      html(
        "div",
        { class: "actions" },
        html("button", { type: "button", click: () => pick("from") }, "Strip from here"),
        html("button", { type: "button", click: () => pick("to") }, "Strip to here"),
      ),
    );
    if (flip === null || !isTree) this.flipped.replaceChildren();
  }

  /**
   * @param {number} gate
   * @param {[left: Sample, right: Sample]} samples
   */
  showFlip(gate, samples) {
    const { light } = this.actions;
    this.flipped.replaceChildren(
      ...samples.map((sample, i) =>
        html(
          "figure",
          {
            tabindex: 0,
            "aria-label": `Gate ${gate} ${i === 0 ? "left" : "right"}: leaf ${sample.leaf}`,
            pointerenter: () => light(sample.weights),
            pointerleave: () => light(null),
            focus: () => light(sample.weights),
            blur: () => light(null),
          },
          portrait(sample, { class: "large", alt: `Gate ${gate} forced ${i === 0 ? "left" : "right"}` }),
          html(
            "figcaption",
            {},
            `gate ${gate} ${i === 0 ? "left" : "right"}`,
            html("span", { class: "dim" }, `leaf ${sample.leaf}, ${percent(sample.weights[sample.leaf])}`),
          ),
        )
      ),
    );
  }

  /** @param {Sample} sample @param {number[]} gates @param {number | null} flip */
  #gates(sample, gates, flip) {
    const onPath = gates.filter((gate) => sample.path.includes(gate));
    const others = gates.filter((gate) => !sample.path.includes(gate));
    /** @param {number} gate */
    const row = (gate) => this.#gate(sample, gate, gate === flip);
    const rest = html(
      "details",
      { open: others.length <= 8 || others.includes(flip ?? -1) },
      html("summary", {}, `${others.length} off its path`),
      html("ul", { class: "gates" }, ...others.map(row)),
    );
    return html(
      "div",
      {},
      html("h3", {}, "Gates"),
      html("ul", { class: "gates" }, ...onPath.map(row)),
      others.length > 0 && rest,
    );
  }

  /** A gate as a bar from the middle to the side it favours. @param {Sample} sample @param {number} gate @param {boolean} flipped */
  #gate(sample, gate, flipped) {
    const left = sample.gates[gate];
    const [side, share] = left >= 0.5 ? ["left", left] : ["right", 1 - left];
    const filled = html("i", { class: side });
    filled.style.width = `${50 * (2 * share - 1)}%`;
    return html(
      "li",
      { class: sample.path.includes(gate) ? "taken" : "" },
      html("span", { class: "name" }, `${gate}`),
      html("span", { class: "gate", role: "img", "aria-label": `Gate ${gate}: ${percent(share)} ${side}` }, filled),
      html("span", { class: "value" }, `${side} ${share.toFixed(2)}`),
      html("button", {
        type: "button",
        class: "quiet",
        "aria-pressed": String(flipped),
        "aria-label": `Flip gate ${gate}`,
        title: "The same latent with this gate forced left and right",
        click: () => this.actions.flip(flipped ? null : gate),
      }, "flip"),
    );
  }

  /** The weights of the leaves, where there are no gates. @param {Sample} sample */
  #weights({ weights }) {
    if (weights.length === 1) return html("p", { class: "hint" }, "A single generator has no path.");
    const most = weights.map((weight, leaf) => ({ weight, leaf })).sort((a, b) => b.weight - a.weight).slice(0, 8);
    return html(
      "div",
      {},
      html("h3", {}, "Weights of the leaves"),
      html(
        "ul",
        { class: "gates plain" },
        ...most.map(({ weight, leaf }) => {
          const filled = html("i");
          filled.style.width = `${100 * weight}%`;
          return html(
            "li",
            {},
            html("span", { class: "name" }, `${leaf}`),
            html("span", { class: "gate" }, filled),
            html("span", { class: "value" }, weight.toFixed(2)),
          );
        }),
      ),
    );
  }
}
