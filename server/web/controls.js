// @ts-check
/// <reference lib="dom" />
/** Seed with its history, sliders, and switches; they read the state and change it, and hold nothing else. */

import { html } from "./dom.js";
import { go, state } from "./state.js";

/** @typedef {import("./state.js").State} State */

const MOST_SEED = 999_999; // of the button; the field takes any
const DELAY = 120; // ms between two questions while a slider moves
const KEPT = "seeds";

/**
 * A switch between a few values.
 *
 * @param {string} label Read aloud
 * @param {{value: string, text: string, title: string}[]} choices
 * @param {(value: string) => void} choose
 */
export function choice(label, choices, choose) {
  const buttons = choices.map(({ value, text, title }) =>
    html("button", { type: "button", role: "radio", title, value, click: () => choose(value) }, text)
  );
  const element = html("div", { class: "choice", role: "radiogroup", "aria-label": label }, ...buttons);
  element.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const here = buttons.findIndex((button) => button === event.target);
    const next = buttons[(here + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  });
  /** @param {string} value */
  const set = (value) => {
    for (const button of buttons) {
      button.setAttribute("aria-checked", String(button.value === value));
      button.tabIndex = button.value === value ? 0 : -1;
    }
  };
  return { element, set };
}

/**
 * A slider with its value; moving it replaces the address, letting go adds to the history.
 *
 * @param {string} label
 * @param {{name: "temperature" | "truncation", min: number, max: number, title: string, value: (position: number) => number, position: (value: number) => number}} of
 * `min` and `max` are positions of the slider
 */
function slider(label, { name, min, max, title, value, position }) {
  const id = `control-${name}`;
  const output = html("output", { for: id });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  /** @type {number | null} */
  let before = null;
  /** @param {boolean} done */
  const change = (done) => {
    clearTimeout(waiting);
    const next = value(+input.value);
    if (before === null) before = state()[name];
    if (!done) return;
    go({ [name]: before }, { replace: true });
    before = null;
    go({ [name]: next });
  };
  const input = html("input", {
    type: "range",
    id,
    min,
    max,
    step: "any",
    input: () => {
      change(false);
      output.textContent = value(+input.value).toFixed(2);
      waiting = setTimeout(() => go({ [name]: value(+input.value) }, { replace: true }), DELAY);
    },
    change: () => change(true),
  });
  const reset = () => go({ [name]: 1 });
  const element = html(
    "div",
    { class: "field slider", title, dblclick: reset },
    html("label", { for: id }, label),
    input,
    output,
  );
  /** @param {number} now */
  const set = (now) => {
    if (before === null) input.value = String(position(now));
    output.textContent = now.toFixed(2);
  };
  return { element, set };
}

/** Seeds asked for in this tab, and the one shown. */
class Seeds {
  /** @type {number[]} */
  all = [];
  at = -1;

  constructor() {
    Object.assign(this, JSON.parse(sessionStorage.getItem(KEPT) ?? "{}"));
  }

  /** @param {number} seed Shown now, by whatever way */
  note(seed) {
    const near = [0, -1, 1].find((step) => this.all[this.at + step] === seed);
    if (near !== undefined) this.at += near;
    else this.#add(seed);
    this.#keep();
  }

  /** @param {number} seed */
  #add(seed) {
    this.all = [...this.all.slice(0, this.at + 1), seed].slice(-100);
    this.at = this.all.length - 1;
  }

  /** @param {number} step */
  has(step) {
    return this.all[this.at + step] !== undefined;
  }

  /** @param {number} step */
  walk(step) {
    if (!this.has(step)) return;
    this.at += step;
    this.#keep();
    go({ seed: this.all[this.at] });
  }

  #keep() {
    sessionStorage.setItem(KEPT, JSON.stringify({ all: this.all, at: this.at }));
  }
}

/** Shows another seed that nobody chose. */
export function newSeed() {
  go({ seed: Math.floor(Math.random() * (MOST_SEED + 1)) });
}

/**
 * The controls of the samples.
 *
 * @param {HTMLElement} element For seed and sliders
 * @param {HTMLElement} beside For the switch of how samples are drawn
 * @returns {(state: State) => void} Brings them up to date
 */
export function controls(element, beside) {
  const seeds = new Seeds();
  const seed = html("input", {
    id: "control-seed",
    type: "text",
    inputmode: "numeric",
    pattern: "\\d{1,16}",
    autocomplete: "off",
    "aria-label": "Seed",
    change: () =>
      /^\d{1,16}$/.test(seed.value) ? go({ seed: Math.min(+seed.value, Number.MAX_SAFE_INTEGER) }) : show(state()),
  });
  /** @param {string} label @param {string} sign @param {() => void} click */
  const button = (label, sign, click) =>
    html("button", { type: "button", class: "icon", "aria-label": label, title: label, click }, sign);
  const back = button("Seed before", "‹", () => seeds.walk(-1));
  const forward = button("Seed after", "›", () => seeds.walk(1));
  const fresh = html("button", { type: "button", title: "Another seed (n)", click: newSeed }, "New");
  const mode = choice("How samples are drawn", [
    { value: "region", text: "region", title: "Latents that belong to the node; the path is the model’s own" },
    { value: "forced", text: "forced", title: "Any latents, with the path forced into the node (f)" },
  ], (value) => go({ mode: /** @type {State["mode"]} */ (value) }));
  const temperature = slider("Temperature", {
    name: "temperature",
    min: -2,
    max: 1,
    title: "Sharpness of the gates: below 1 they decide harder, above 1 they mix more. Double click: 1",
    value: (at) => Number((10 ** at).toPrecision(2)),
    position: Math.log10,
  });
  const truncation = slider("Truncation", {
    name: "truncation",
    min: 0.05,
    max: 1,
    title: "Spread of the latents: below 1 more typical, less varied. Double click: 1",
    value: (at) => Number(at.toFixed(2)),
    position: (value) => value,
  });
  element.addEventListener("submit", (event) => event.preventDefault());
  element.append(
    html(
      "div",
      { class: "field" },
      html("label", { for: seed.id }, "Seed"),
      html("span", { class: "joined" }, back, seed, forward),
      fresh,
    ),
    temperature.element,
    truncation.element,
  );
  beside.append(mode.element);
  /** @param {State} state */
  const show = (state) => {
    seeds.note(state.seed);
    if (document.activeElement !== seed || +seed.value !== state.seed) seed.value = String(state.seed);
    back.disabled = !seeds.has(-1);
    forward.disabled = !seeds.has(1);
    mode.set(state.mode);
    temperature.set(state.temperature);
    truncation.set(state.truncation);
  };
  return show;
}

/** The button that changes between light and dark. @param {HTMLElement} button */
export function themeButton(button) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const show = () => button.textContent = isDark() ? "☀" : "☾";
  button.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem("theme", next);
    show();
    dispatchEvent(new Event("theme"));
  });
  dark.addEventListener("change", show);
  show();
}
