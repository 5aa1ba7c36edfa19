// @ts-check
/// <reference lib="dom" />
/** What is known of a node, in words, and the shares of the labels among its samples as bars. */

import { bar, html, percent } from "./dom.js";

/** @typedef {import("./api.js").TreeNode} TreeNode */
/** @typedef {import("./api.js").Tree} Tree */

const MOST_LABELS = 5;

/** @param {TreeNode} node */
export function nameOf({ node, leaf, parent }) {
  if (parent === null) return "All samples";
  return leaf === null ? `Node ${node}` : `Leaf ${leaf}`;
}

/**
 * What is known of a node, in a few words each.
 *
 * @param {TreeNode} node
 */
export function factsOf({ parent, usage, balance, information, decisionEntropy }) {
  const facts = [];
  if (parent !== null && usage !== undefined) facts.push(`${percent(usage)} of all`);
  if (typeof balance === "number") facts.push(`${percent(balance)} go left`);
  if (typeof information === "number") facts.push(`decides ${information.toFixed(2)} bit`);
  if (typeof decisionEntropy === "number") facts.push(`leaves ${decisionEntropy.toFixed(2)} bit open`);
  return facts;
}

/**
 * One line on the whole model.
 *
 * @param {Tree} tree
 */
export function noteOn({ leaves, usageEntropy, pathEntropy }) {
  if (leaves === 1) return "one generator, no tree to read";
  return `leaves used ${percent(usageEntropy)} as evenly as could be · paths ${percent(1 - pathEntropy)} decided`;
}

/**
 * The most frequent labels of a node; nothing where none are known.
 *
 * @param {HTMLElement} element
 * @param {TreeNode | undefined} node
 * @param {string[] | null} names
 */
export function showLabels(element, node, names) {
  const shares = names && node?.labels ? node.labels.map((share, i) => ({ share, name: names[i] })) : [];
  const shown = shares.sort((a, b) => b.share - a.share).slice(0, MOST_LABELS).filter(({ share }) => share >= 0.01);
  element.replaceChildren(
    ...shown.length === 0 ? [] : [
      html(
        "ul",
        { class: "labels", "aria-label": "Labels" },
        ...shown.map(({ share, name }) =>
          html("li", {}, html("span", {}, name, " ", html("span", { class: "value" }, percent(share))), bar(share))
        ),
      ),
    ],
  );
}

/**
 * How well the levels of the tree agree with the labels; nothing where that was not measured.
 *
 * @param {HTMLElement} element
 * @param {Tree} tree
 */
export function showScores(element, { scores, dendrogramPurity }) {
  element.hidden = scores === null || scores === undefined || scores.length === 0;
  if (element.hidden || !scores) return;
  /** @param {string[]} cells @param {"th" | "td"} tag */
  const row = (cells, tag) => html("tr", {}, ...cells.map((cell) => html(tag, {}, cell)));
  element.replaceChildren(
    html("h2", { id: "scores-title" }, "How levels and labels agree"),
    html(
      "table",
      {},
      html("thead", {}, row(["Level", "Nodes", "Purity", "NMI", "ARI"], "th")),
      html(
        "tbody",
        {},
        ...scores.map(({ level, purity, nmi, ari }) =>
          row([String(level), String(2 ** level), ...[purity, nmi, ari].map((score) => score.toFixed(3))], "td")
        ),
      ),
    ),
    dendrogramPurity === null ? "" : html("p", { class: "facts" }, `Dendrogram purity ${dendrogramPurity.toFixed(3)}`),
  );
}
