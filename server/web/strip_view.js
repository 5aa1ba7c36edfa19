// @ts-check
/// <reference lib="dom" />
/** The way from one latent to another: pictures between two samples, and which leaf each belongs to. */

import { ask } from "./api.js";
import { html, percent } from "./dom.js";
import { portrait } from "./plane.js";
import { endQuery, latentsBody } from "./questions.js";

/** @typedef {import("./api.js").Samples} Samples */
/** @typedef {import("./state.js").State} State */

const STEPS = 12;

/**
 * The point between two latents at `t`, on the sphere: `sin((1-t)ω)/sin ω · a + sin(tω)/sin ω · b`, `ω` the angle between
 * them. A straight line would pass through short latents, which the generator has hardly seen.
 *
 * @param {number[]} a
 * @param {number[]} b
 * @param {number} t From 0 to 1
 */
export function slerp(a, b, t) {
  /** @param {number[]} x @param {number[]} y */
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  const [p, q] = sine < 1e-6 ? [1 - t, t] : [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  return a.map((value, i) => p * value + q * b[i]);
}

/**
 * The samples between the two ends of a state.
 *
 * @param {State} state
 * @param {AbortSignal} signal
 * @returns {Promise<Samples>}
 */
export async function between(state, signal) {
  /** @param {string | null} end @returns {Promise<number[]>} */
  const latentOf = async (end) => (await ask("sample.json", endQuery(state, end ?? ""), { signal })).samples[0].latent;
  const [a, b] = await Promise.all([latentOf(state.from), latentOf(state.to)]);
  const latents = Array.from({ length: STEPS }, (_, step) => slerp(a, b, step / (STEPS - 1)));
  return await ask("sample.json", {}, { signal, body: JSON.stringify(latentsBody(state, latents)) });
}

/** A strip in an element. */
export class StripView {
  /**
   * @param {HTMLElement} element
   * @param {{light: (weights: number[]) => void, dark: () => void, close: () => void}} actions
   */
  constructor(element, { light, dark, close }) {
    this.light = light;
    this.strip = html("ol", { class: "strip", pointerleave: dark, focusout: dark });
    this.hint = html("p", { class: "hint" });
    element.append(
      html(
        "header",
        {},
        html("h2", { id: "strip-title" }, "Between two samples"),
        html("button", {
          type: "button",
          class: "quiet close",
          "aria-label": "Close the strip",
          title: "Close",
          click: close,
        }, "×"),
      ),
      this.hint,
      this.strip,
    );
  }

  /** Says that one end is missing. @param {"from" | "to"} missing */
  half(missing) {
    this.hint.textContent = `Choose another sample, then “Strip ${missing} here”.`;
    this.strip.replaceChildren();
  }

  /** @param {Samples} answer */
  show({ samples }) {
    this.hint.textContent = "";
    this.strip.replaceChildren(...samples.map((sample, i) => {
      const { leaf, weights } = sample;
      const light = () => this.light(weights);
      const most = percent(weights[leaf]);
      return html(
        "li",
        { tabindex: 0, "aria-label": `Step ${i + 1}: leaf ${leaf} with ${most}`, pointerenter: light, focus: light },
        portrait(sample, { alt: "" }),
        html("span", { class: "facts" }, `leaf ${leaf}`, html("span", { class: "dim" }, most)),
      );
    }));
  }
}
