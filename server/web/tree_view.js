// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** The tree, drawn: a picture per node, lines as wide as what goes through them, and the path that is lit. */

import { percent, rove, svg } from "./dom.js";
import { NodePictures } from "./node_pictures.js";
import { edge, isPoint, layOut, nodeWeights } from "./tree_layout.js";

/** @typedef {import("./api.js").TreeNode} TreeNode */
/** @typedef {import("./tree_layout.js").Spot} Spot */

const WIDEST = 14; // pixels, the line of a node that everything goes through
const FAINT = 0.02; // a weight below is not written, and its node fades

/** A tree in an element. */
export class TreeView {
  /** @type {TreeNode[]} */
  #nodes = [];
  /** @type {string[] | null} */
  #labels = null;
  /** @type {Map<number, Spot>} */
  #spots = new Map();
  #pictures = new NodePictures((node) => this.#redrawPictures(node));
  /** @type {number[] | null} */
  #weights = null;
  #chosen = 0;
  #width = 0;
  /** @type {number[]} */
  #image = [];
  /** @type {SVGSVGElement | null} */
  #drawing = null;

  /**
   * @param {HTMLElement} element
   * @param {(node: number) => void} choose Called when a node is clicked, or Enter is pressed on it
   */
  constructor(element, choose) {
    this.element = element;
    this.choose = choose;
    new ResizeObserver(() => {
      if (Math.abs(element.clientWidth - this.#width) > 1) this.#draw();
    }).observe(element);
  }

  get nodes() {
    return this.#nodes;
  }

  /**
   * Draws other nodes.
   *
   * @param {TreeNode[]} nodes
   * @param {{labels?: string[] | null, picture?: (node: TreeNode) => string | null, image?: number[]}} [of] Names of the
   * labels; the address of a node's pictures, null where there are none yet; the shape of one
   */
  show(nodes, { labels = null, picture = () => null, image = [] } = {}) {
    [this.#nodes, this.#labels, this.#image] = [nodes, labels, image];
    if (nodes.length === 0) this.#pictures.clear();
    this.#draw();
    const addresses = nodes.flatMap((node) => {
      const address = picture(node);
      return address === null ? [] : [/** @type {[number, string]} */ ([node.node, address])];
    });
    this.#pictures.fetch(new Map(addresses));
  }

  /** @param {number} node */
  #redrawPictures(node) {
    const spot = this.#spots.get(node);
    const drawn = this.#item(node)?.querySelector(".pictures");
    if (spot) drawn?.replaceWith(this.#pictures.draw(spot, this.#image));
  }

  /** @param {number} node The one whose samples are shown */
  select(node) {
    this.#chosen = node;
    for (const item of this.#items()) item.setAttribute("aria-selected", String(numberOf(item) === node));
    const item = this.#item(node) ?? this.#item(0);
    if (item) rove(this.#items(), item);
  }

  /** @param {number[] | null} weights Path weights of the leaves; null lights nothing */
  light(weights) {
    this.#weights = weights;
    this.#light();
  }

  #items() {
    return /** @type {SVGGElement[]} */ ([...this.#drawing?.querySelectorAll("[role=treeitem]") ?? []]);
  }

  /** @param {number} node */
  #item(node) {
    return /** @type {SVGGElement | undefined} */ (this.#items().find((item) => numberOf(item) === node));
  }

  #draw() {
    const width = this.#width = this.element.clientWidth;
    if (this.#nodes.length === 0) {
      this.#drawing?.remove();
      this.#drawing = null;
    }
    if (this.#nodes.length === 0 || width === 0) return;
    const focused = this.#items().find((item) => item === document.activeElement);
    const { across, height, cell, spots } = layOut(this.#nodes, { width, points: isPoint(this.#image) });
    this.#spots = new Map(spots.map((spot) => [spot.node.node, spot]));
    const edges = spots.filter(({ parent }) => parent !== null).map((spot) => {
      const line = edge(/** @type {Spot} */ (this.#spots.get(/** @type {number} */ (spot.parent))), spot, across);
      const width = 1 + WIDEST * (spot.node.usage ?? 0);
      return svg(
        "g",
        { class: "edge", "data-node": spot.node.node },
        svg("path", { d: line, "stroke-width": width }),
        svg("path", { d: line, class: "lit", "stroke-width": 0 }),
      );
    });
    this.#drawing = svg(
      "svg",
      {
        class: across ? "across" : "down",
        width,
        height,
        viewBox: `0 0 ${width} ${height}`,
        role: "tree",
        "aria-label": "Nodes of the model",
        keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event, across),
      },
      ...edges,
      ...spots.map((spot) => this.#node(spot, across, cell)),
    );
    this.element.replaceChildren(this.#drawing);
    this.select(this.#chosen);
    this.#light();
    const again = focused && this.#item(numberOf(focused));
    if (again) rove(this.#items(), again, { focus: true });
  }

  /** @param {Spot} spot @param {boolean} across @param {number} cell */
  #node(spot, across, cell) {
    const { node, x, y, width, height } = spot;
    const [left, top] = [-width / 2, -height / 2];
    const item = svg(
      "g",
      {
        class: node.leaf === null ? "node" : "node leaf",
        role: "treeitem",
        transform: `translate(${x},${y})`,
        "data-node": node.node,
        "aria-level": node.level + 1,
        "aria-label": this.#name(node),
        click: () => this.choose(node.node),
      },
      svg("title", {}, this.#name(node)),
      svg("rect", { class: "tile", x: left, y: top, width, height, rx: 5 }),
      this.#pictures.draw(spot, this.#image),
      svg("rect", { class: "ring", x: left - 3, y: top - 3, width: width + 6, height: height + 6, rx: 7 }),
    );
    if (node.leaf !== null) item.append(...this.#caption(spot, across, cell));
    const badge = `translate(0,${top - 3})`;
    item.append(
      svg(
        "g",
        { class: "weight", transform: badge, "aria-hidden": "true" },
        svg("rect", { x: -17, y: -9, width: 34, height: 18, rx: 9 }),
        svg("text", { y: 4 }),
      ),
    );
    return item;
  }

  /** Number, usage and most frequent label of a leaf. @param {Spot} spot @param {boolean} across @param {number} cell */
  #caption({ node, width, height }, across, cell) {
    const usage = node.usage === undefined ? "" : percent(node.usage);
    const room = across ? cell - 12 : width;
    const label = this.#label(node, across ? room - 24 : cell - 8);
    const [x, y] = across ? [width / 2 + 10, 8] : [-width / 2, height / 2 + 7];
    const bars = [["usage-of", 1], ["usage", node.usage ?? 0]].map(([name, share]) =>
      svg("rect", { class: name, x, y, width: room * Number(share), height: 3, rx: 1.5 })
    );
    if (across) {
      return [
        ...bars,
        svg(
          "text",
          { class: "caption", "aria-hidden": "true", x, y: 2 },
          `${node.leaf} `,
          svg("tspan", { class: "dim" }, label || usage),
        ),
      ];
    }
    const wide = cell > 76;
    return [
      ...bars,
      svg(
        "text",
        { class: "caption", "aria-hidden": "true", x: 0, y: y + 17 },
        wide ? `leaf ${node.leaf}` : `${node.leaf}`,
        wide && usage !== "" && svg("tspan", { class: "dim", dx: 6 }, usage),
      ),
      wide && label !== "" ? svg("text", { class: "caption dim", "aria-hidden": "true", x: 0, y: y + 32 }, label) : "",
    ];
  }

  /** The most frequent label, as far as there is room. @param {TreeNode} node @param {number} room */
  #label({ labels }, room) {
    if (!labels || !this.#labels) return "";
    const most = labels.indexOf(Math.max(...labels));
    const text = this.#labels[most];
    const letters = Math.floor(room / 6.4);
    return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
  }

  /** What is read aloud and shown when the pointer rests. @param {TreeNode} node */
  #name(node) {
    const what = node.leaf === null ? node.parent === null ? "All samples" : `Node ${node.node}` : `Leaf ${node.leaf}`;
    const usage = node.usage === undefined || node.parent === null ? "" : `, ${percent(node.usage)} of samples`;
    const label = this.#label(node, Infinity);
    return `${what}${usage}${label === "" ? "" : `, mostly ${label}`}`;
  }

  #light() {
    if (!this.#drawing) return;
    const weights = this.#weights === null ? null : nodeWeights(this.#nodes, this.#weights);
    this.#drawing.classList.toggle("lighted", weights !== null);
    const main = weights === null ? new Set() : mainPath(this.#nodes, weights);
    for (const group of this.#drawing.querySelectorAll(".edge")) {
      const weight = weights?.[numberOf(group)] ?? 0;
      const lit = /** @type {Element} */ (group.lastElementChild);
      lit.setAttribute("stroke-width", String(weight < FAINT / 2 ? 0 : 1 + WIDEST * weight));
      lit.classList.toggle("main", main.has(numberOf(group)));
    }
    for (const item of this.#items()) {
      const weight = weights?.[numberOf(item)] ?? 0;
      item.classList.toggle("main", main.has(numberOf(item)));
      item.classList.toggle("off", weights !== null && weight < FAINT);
      const badge = /** @type {Element} */ (item.lastElementChild);
      badge.toggleAttribute("hidden", weights === null || weight < FAINT || numberOf(item) === 0);
      badge.lastElementChild?.replaceChildren(weight.toFixed(2));
      const name = this.#name(this.#nodes[numberOf(item)]);
      item.setAttribute("aria-label", weights === null ? name : `${name}, path weight ${weight.toFixed(2)}`);
    }
  }

  /** Arrows walk along the edges and along a level. @param {KeyboardEvent} event @param {boolean} across */
  #key(event, across) {
    const here = this.#nodes[numberOf(/** @type {Element} */ (event.target))];
    if (here === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const level = this.#nodes.filter((node) => node.level === here.level).map(({ node }) => node);
    const place = level.indexOf(here.node);
    const steps = /** @type {Record<string, number | null | undefined>} */ ({
      [across ? "ArrowLeft" : "ArrowUp"]: here.parent,
      [across ? "ArrowRight" : "ArrowDown"]: here.children[0],
      [across ? "ArrowUp" : "ArrowLeft"]: level[place - 1],
      [across ? "ArrowDown" : "ArrowRight"]: level[place + 1],
      Home: 0,
      End: this.#nodes.length - 1,
    });
    if (event.key === "Enter" || event.key === " ") this.choose(here.node);
    else if (!(event.key in steps)) return;
    event.preventDefault();
    const item = this.#item(steps[event.key] ?? here.node);
    if (item) rove(this.#items(), item, { focus: true });
  }
}

/** @param {Element} element */
const numberOf = (element) => Number(/** @type {SVGElement} */ (element).dataset.node);

/** The nodes from the root to the most likely leaf. @param {TreeNode[]} nodes @param {number[]} weights */
function mainPath(nodes, weights) {
  const leaves = nodes.filter(({ leaf }) => leaf !== null);
  /** @type {TreeNode | undefined} */
  let node = leaves.reduce((best, leaf) => weights[leaf.node] > weights[best.node] ? leaf : best, leaves[0]);
  const path = new Set();
  while (node) {
    path.add(node.node);
    node = node.parent === null ? undefined : nodes[node.parent];
  }
  return path;
}
