// @ts-check
/// <reference lib="dom" />
/// <reference path="./globals.d.ts" />
/** Where the nodes of a tree are drawn: root on top, or at the left where its leaves are too many for a row. */

/** @typedef {import("./api.js").TreeNode} TreeNode */
/** @typedef {{node: TreeNode, x: number, y: number, side: number, parent: number | null}} Spot Middle and side of its picture */
/** @typedef {{across: boolean, width: number, height: number, cell: number, spots: Spot[]}} Layout */

const LEAF_SIDE = { least: 34, most: 112 };
const INNER_SIDE = 60;
const ROOM = { below: 44, above: 8, between: 46 }; // captions under leaves, edges between levels
const ROW = { height: 32, side: 26, caption: 150, narrowCaption: 92 };

/**
 * Lays out the nodes in a drawing of this width.
 *
 * @param {TreeNode[]} nodes The root first
 * @param {number} width In pixels
 * @returns {Layout}
 */
export function layOut(nodes, width) {
  const root = d3.hierarchy(nodes[0], (node) => node.children.map((child) => nodes[child]));
  const leaves = root.leaves().length;
  const cell = width / leaves;
  return cell >= LEAF_SIDE.least + 6 ? downwards(root, width, cell) : acrosswards(root, width, leaves);
}

/** @param {DrawnNode<TreeNode>} root @param {number} width @param {number} cell @returns {Layout} */
function downwards(root, width, cell) {
  const leafSide = Math.min(LEAF_SIDE.most, cell - 6);
  const innerSide = Math.min(INNER_SIDE, leafSide);
  const levels = root.height;
  const step = innerSide + ROOM.between;
  const top = ROOM.above + (levels === 0 ? leafSide : innerSide) / 2;
  d3.cluster().size([width, 1]).separation(() => 1)(root);
  const spots = root.descendants().map((drawn) => {
    const leaf = drawn.height === 0;
    const level = leaf ? levels : drawn.depth;
    const y = top + level * step + (leaf && levels > 0 ? (leafSide - innerSide) / 2 : 0);
    return spot(drawn, drawn.x, y, leaf ? leafSide : innerSide);
  });
  const height = top + levels * step + (levels === 0 ? leafSide / 2 : leafSide - innerSide / 2) + ROOM.below;
  return { across: false, width, height, cell, spots };
}

/** @param {DrawnNode<TreeNode>} root @param {number} width @param {number} leaves @returns {Layout} */
function acrosswards(root, width, leaves) {
  const caption = width < 500 ? ROW.narrowCaption : ROW.caption;
  const height = leaves * ROW.height;
  const span = width - caption - ROW.side - 8;
  d3.cluster().size([height, 1]).separation(() => 1)(root);
  const spots = root.descendants().map((drawn) => {
    const level = drawn.height === 0 ? root.height : drawn.depth;
    const side = drawn.height === 0 ? ROW.side : Math.min(INNER_SIDE, ROW.side * 1.5, span / (root.height + 1));
    return spot(drawn, side / 2 + 4 + level * span / Math.max(1, root.height), drawn.x, side);
  });
  return { across: true, width, height, cell: caption, spots };
}

/** @param {DrawnNode<TreeNode>} drawn @param {number} x @param {number} y @param {number} side @returns {Spot} */
function spot(drawn, x, y, side) {
  return { node: drawn.data, x, y, side, parent: drawn.parent?.data.node ?? null };
}

/**
 * The edge between two nodes as the `d` of a path: a curve that leaves and arrives along the direction of the tree.
 *
 * @param {Spot} from
 * @param {Spot} to
 * @param {boolean} across
 */
export function edge(from, to, across) {
  if (across) {
    const [x0, x1] = [from.x + from.side / 2, to.x - to.side / 2];
    const middle = (x0 + x1) / 2;
    return `M${x0},${from.y}C${middle},${from.y} ${middle},${to.y} ${x1},${to.y}`;
  }
  const [y0, y1] = [from.y + from.side / 2, to.y - to.side / 2];
  const middle = (y0 + y1) / 2;
  return `M${from.x},${y0}C${from.x},${middle} ${to.x},${middle} ${to.x},${y1}`;
}

/**
 * The nodes of a model of which only the numbers in a sample's answer are known.
 *
 * @param {{weights: number[], gates: number[], path: number[]}} sample
 * @returns {TreeNode[]}
 */
export function skeleton({ weights: { length: leaves }, gates, path }) {
  if (leaves === 1) return [bare(0, 0, null, [], 0)];
  if (gates.length !== leaves - 1) {
    const below = Array.from({ length: leaves }, (_, leaf) => leaf + 1);
    return [bare(0, 0, null, below, null), ...below.map((node) => bare(node, 1, 0, [], node - 1))];
  }
  return Array.from({ length: 2 * leaves - 1 }, (_, node) => {
    const leaf = node - (leaves - 1);
    const level = Math.min(path.length - 1, Math.floor(Math.log2(node + 1)));
    const children = leaf < 0 ? [2 * node + 1, 2 * node + 2] : [];
    return bare(node, level, node === 0 ? null : (node - 1) >> 1, children, leaf < 0 ? null : leaf);
  });
}

/**
 * @param {number} node @param {number} level @param {number | null} parent
 * @param {number[]} children @param {number | null} leaf @returns {TreeNode}
 */
function bare(node, level, parent, children, leaf) {
  return { node, level, parent, children, leaf };
}

/**
 * The path weight of every node: that of the leaves under it.
 *
 * @param {TreeNode[]} nodes
 * @param {number[]} weights Of the leaves
 * @returns {number[]}
 */
export function nodeWeights(nodes, weights) {
  /** @type {(node: TreeNode) => number} */
  const under = ({ leaf, children }) =>
    leaf === null ? children.reduce((sum, child) => sum + under(nodes[child]), 0) : weights[leaf];
  return nodes.map(under);
}
