// @ts-check
/// <reference lib="dom" />
/** Questions to the server: one sentence where one fails, and no late answer over a newer one. */

import { html } from "./dom.js";

/** @typedef {{seed: number, index: number, leaf: number, weights: number[], gates: number[], path: number[], latent: number[], image: string, point?: number[]}} Sample `point` where samples are points */
/** @typedef {{run: string, iteration: number, seed: number, shape: number[], samples: Sample[]}} Samples */
/**
 * @typedef {object} TreeNode
 * @property {number} node
 * @property {number} level
 * @property {number | null} parent
 * @property {number[]} children
 * @property {number | null} leaf
 * @property {number} [usage]
 * @property {number | null} [balance]
 * @property {number | null} [decisionEntropy]
 * @property {number | null} [information]
 * @property {number[] | null} [labels]
 * @property {string} [picture]
 */
/**
 * @typedef {object} Tree
 * @property {string} run
 * @property {number} iteration
 * @property {string} head
 * @property {number} leaves
 * @property {number[]} image Height, width and channels
 * @property {string | null} dataset
 * @property {number} usageEntropy
 * @property {number} pathEntropy
 * @property {string[] | null} labelNames
 * @property {TreeNode[]} nodes
 * @property {{level: number, purity: number, nmi: number, ari: number}[] | null} scores
 * @property {number | null} dendrogramPurity
 */

/** An answer that is no answer; the message is a sentence for people. */
export class Refusal extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the server and gives the JSON of its answer.
 *
 * @param {string} path
 * @param {Record<string, string | number | boolean | null | undefined>} query What is null or undefined is left out
 * @param {{signal?: AbortSignal, body?: BodyInit, type?: string}} [options] With a body it is a POST
 * @returns {Promise<any>}
 * @throws {Refusal}
 */
export async function ask(path, query, { signal, body, type = "application/json" } = {}) {
  const init = body === undefined ? {} : { method: "POST", body, headers: { "content-type": type } };
  const response = await fetch(address(path, query), {
    signal,
    ...init,
    headers: { accept: "application/json", ...init.headers },
  }).catch((error) => {
    throw signal?.aborted ? error : new Refusal("The server cannot be reached", 0);
  });
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  throw new Refusal(answer?.error?.message ?? `The server answered with ${response.status}`, response.status);
}

/**
 * A path with its query.
 *
 * @param {string} path
 * @param {Record<string, string | number | boolean | null | undefined>} query
 */
export function address(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${text}`;
}

/** A part of the page with one answer in it. The newest question counts: it ends the one before. */
export class Place {
  /** @type {AbortController | null} */
  #asking = null;

  /**
   * @param {HTMLElement} element Shows that it waits (`aria-busy`) and what went wrong
   * @param {Element | null} [before] What the sentence on that stands above; at the end unless given
   */
  constructor(element, before = null) {
    this.element = element;
    this.problem = html("p", { class: "problem", role: "alert", hidden: true });
    element.insertBefore(this.problem, before);
  }

  /** Whether the last question got no answer. */
  get failed() {
    return !this.problem.hidden;
  }

  /**
   * @template T
   * @param {(signal: AbortSignal) => Promise<T>} question
   * @param {(answer: T) => void} show
   * @returns {Promise<void>} Resolves when the answer is shown, or not wanted any more
   */
  async ask(question, show) {
    this.#asking?.abort();
    const mine = this.#asking = new AbortController();
    this.element.setAttribute("aria-busy", "true");
    try {
      const answer = await question(mine.signal);
      if (mine.signal.aborted) return;
      this.problem.hidden = true;
      show(answer);
    } catch (error) {
      if (mine.signal.aborted) return;
      this.#fail(error, () => this.ask(question, show));
    } finally {
      if (this.#asking === mine) this.#end();
    }
  }

  /** Ends what is asked, and forgets what went wrong. */
  rest() {
    this.#end();
    this.problem.hidden = true;
  }

  #end() {
    this.#asking?.abort();
    this.#asking = null;
    this.element.removeAttribute("aria-busy");
  }

  /** @param {unknown} error @param {() => void} again */
  #fail(error, again) {
    if (!(error instanceof Refusal)) console.error(error);
    const sentence = error instanceof Error ? error.message : String(error);
    const button = html("button", { type: "button", class: "quiet", click: again }, "Try again");
    this.problem.replaceChildren(`${sentence}. `, button);
    this.problem.hidden = false;
  }
}

/** @param {string} base64 */
export const pngUrl = (base64) => `data:image/png;base64,${base64}`;
