// @ts-check
/// <reference lib="dom" />
/** What the page shows, as its address: every state has one, and the browser's back and forward walk through them. */

/**
 * @typedef {object} State
 * @property {string | null} run Name of a run, null for the only one
 * @property {number} node The node whose samples are shown
 * @property {"region" | "forced"} mode
 * @property {number} seed
 * @property {number} first Number of the first sample shown, of those of the seed
 * @property {number} n Samples shown
 * @property {number} temperature
 * @property {number} truncation
 * @property {"ema" | "live"} weights
 * @property {number | null} sample The chosen sample, by its place among those shown
 * @property {number | null} flip The gate that is flipped
 * @property {string | null} from End of the strip: `node:seed:number`
 * @property {string | null} to The other one
 */

/** @type {Readonly<State>} */
export const START = Object.freeze({
  run: null,
  node: 0,
  mode: "region",
  seed: 0,
  first: 0,
  n: 30,
  temperature: 1,
  truncation: 1,
  weights: "ema",
  sample: null,
  flip: null,
  from: null,
  to: null,
});

/** @type {{[K in keyof State]: (text: string) => State[K] | undefined}} */
const READ = {
  run: (text) => text,
  node: whole(0, 1e6),
  mode: (text) => text === "region" || text === "forced" ? text : undefined,
  seed: whole(0, Number.MAX_SAFE_INTEGER),
  first: whole(0, 1e6),
  n: whole(1, 256),
  temperature: number(0.01, 100),
  truncation: number(0.01, 1),
  weights: (text) => text === "ema" || text === "live" ? text : undefined,
  sample: whole(0, 255),
  flip: whole(0, 1e6),
  from: end,
  to: end,
};

/** @param {number} least @param {number} most @returns {(text: string) => number | undefined} */
function whole(least, most) {
  return (text) => /^\d{1,16}$/.test(text) && +text >= least && +text <= most ? +text : undefined;
}

/** @param {number} least @param {number} most @returns {(text: string) => number | undefined} */
function number(least, most) {
  return (text) => /^\d+(\.\d+)?$/.test(text) && +text >= least && +text <= most ? +text : undefined;
}

/** @param {string} text */
function end(text) {
  return /^\d{1,7}:\d{1,16}:\d{1,7}$/.test(text) ? text : undefined;
}

/**
 * The state of an address; what cannot be read is as at the start.
 *
 * @param {string} query
 * @returns {State}
 */
export function parseState(query) {
  const given = new URLSearchParams(query);
  const read = Object.entries(READ).flatMap(([name, of]) => {
    const text = given.get(name);
    const value = text === null ? undefined : of(text);
    return value === undefined ? [] : [[name, value]];
  });
  return { ...START, ...Object.fromEntries(read) };
}

/**
 * The address of a state: what differs from the start.
 *
 * @param {State} state
 */
export function formatState(state) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (value !== START[/** @type {keyof State} */ (name)] && value !== null) query.set(name, String(value));
  }
  const text = query.toString().replaceAll("%3A", ":");
  return text === "" ? location.pathname : `?${text}`;
}

/** @type {State} */
let current = parseState(location.search);
history.replaceState(null, "", formatState(current)); // the address tells what is shown, not what could not be read
/** @type {((state: State) => void)[]} */
const listeners = [];

/** The state now. */
export const state = () => current;

/** @param {(state: State) => void} listener Called after every change */
export function onState(listener) {
  listeners.push(listener);
}

/**
 * Changes the state. While something is dragged the address is replaced, otherwise it is one more step of the history.
 *
 * @param {Partial<State>} change
 * @param {{replace?: boolean}} [options]
 */
export function go(change, { replace = false } = {}) {
  const next = { ...current, ...change };
  // A sample belongs to what it was drawn with, a flip to a sample.
  const others = ["run", "node", "seed", "mode"].some((name) => differs(name, next));
  if (others && !("first" in change)) next.first = START.first;
  if (others && !("sample" in change)) next.sample = null;
  if (next.sample === null || differs("sample", next) && !("flip" in change)) next.flip = null;
  if (Object.keys(next).every((name) => !differs(name, next))) return;
  current = next;
  if (replace) history.replaceState(null, "", formatState(next));
  else history.pushState(null, "", formatState(next));
  for (const listener of listeners) listener(next);
}

/** @param {string} name @param {State} next */
function differs(name, next) {
  const key = /** @type {keyof State} */ (name);
  return next[key] !== current[key];
}

addEventListener("popstate", () => {
  current = parseState(location.search);
  for (const listener of listeners) listener(current);
});
