// @ts-check
/// <reference lib="dom" />
/** A run in training, as it goes: server-sent events, for as long as somebody sees the page. */

import { address } from "./api.js";

/**
 * @typedef {object} Listener
 * @property {(line: Record<string, number>) => void} metrics Gets every new line of the run's log
 * @property {(iteration: number) => void} checkpoint Gets the newest at once, then every new one
 * @property {() => void} back Called when the page is seen again, after a time in which nothing was told
 */

/**
 * Follows one run at a time. A browser has few connections to a server, for all its tabs together: a hidden page gives its
 * own back.
 */
export class Follower {
  /** @type {EventSource | null} */
  #events = null;
  /** @type {string | null} */
  #run = null;

  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
    addEventListener("pagehide", () => this.#events?.close());
    document.addEventListener("visibilitychange", () => {
      this.#events?.close();
      if (document.hidden) return;
      listener.back();
      this.follow(this.#run);
    });
  }

  /** @param {string | null} run */
  follow(run) {
    this.#run = run;
    this.#events?.close();
    if (document.hidden) return;
    this.#events = new EventSource(address("events", { run }));
    this.#events.addEventListener("metrics", ({ data }) => this.listener.metrics(JSON.parse(data)));
    this.#events.addEventListener("checkpoint", ({ data }) => this.listener.checkpoint(JSON.parse(data).iteration));
  }
}
