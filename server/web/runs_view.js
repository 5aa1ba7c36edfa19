// @ts-check
/// <reference lib="dom" />
/** The run on top of the page, or a choice of runs. */

import { html } from "./dom.js";
import { go, START } from "./state.js";

/** @typedef {{name: string, iteration: number, training: boolean}} Run */

/**
 * Names the run, or lets choose one of several; another run starts afresh.
 *
 * @param {HTMLElement} element
 * @param {Run[]} runs
 * @param {string | null} name Of the one that is shown
 * @returns {Run | undefined} That one, where it is served
 */
export function showRun(element, runs, name) {
  const chosen = runs.find((run) => run.name === name) ?? (name === null ? runs[0] : undefined);
  /** @param {Event} event */
  const change = ({ target }) => go({ ...START, run: /** @type {HTMLSelectElement} */ (target).value });
  const options = runs.map(({ name }) => html("option", { value: name, selected: name === chosen?.name }, name));
  if (!chosen) options.unshift(html("option", { disabled: true, selected: true }, `${name ?? "no run"} is not served`));
  element.replaceChildren(
    chosen && runs.length === 1
      ? html("span", {}, chosen.name)
      : html("select", { "aria-label": "Run", change }, ...options),
    html("span", { class: "facts" }, chosen ? `iteration ${chosen.iteration}` : ""),
  );
  return chosen;
}
