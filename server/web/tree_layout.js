// @ts-check
/// <reference lib="dom" />
/// <reference path="./globals.d.ts" />
/** Where the nodes of a tree are drawn: root on top, or at the left where its leaves are too many for a row. */

/** @typedef {import("./api.js").TreeNode} TreeNode */
/**
 * @typedef {object} Spot A node's place, and how many of its pictures are side by side in it
 * @property {TreeNode} node
 * @property {number} x Of the middle, in pixels
 * @property {number} y
 * @property {number} width
 * @property {number} height
 * @property {number} columns
 * @property {number} rows
 * @property {number | null} parent
 */
/** @typedef {{across: boolean, width: number, height: number, cell: number, spots: Spot[]}} Layout */

const LEAF = { least: 34, most: 108, gap: 8 }; // sides of a leaf on the ground
const INNER = { least: 26, most: 46, columns: 4 }; // sides of one picture of an inner node
const POINTS = 60; // side of an inner node's scatter, which is one picture
const ROOM = { above: 10, between: 34, below: 42 }; // for edges between levels, captions under leaves
const ROW = { height: 32, side: 28, columns: 4, caption: 132, narrow: 96 }; // of a leaf where the tree lies down
const LOW_ROW = { leaves: 20, height: 26, side: 22 }; // where leaves are many

/**
 * Lays out the nodes in a drawing of this width.
 *
 * @param {TreeNode[]} nodes The root first
 * @param {{width: number, points: boolean}} of Pixels; whether a node's picture is one scatter
 * @returns {Layout}
 */
export function layOut(nodes, { width, points }) {
  const root = d3.hierarchy(nodes[0], (node) => node.children.map((child) => nodes[child]));
  const leaves = root.leaves().length;
  const lay = width / leaves >= LEAF.least + LEAF.gap ? downwards : across;
  return lay(root, { width, leaves, points });
}

/** @param {DrawnNode<TreeNode>} root @param {{width: number, leaves: number, points: boolean}} of @returns {Layout} */
function downwards(root, { width, leaves, points }) {
  const cell = width / leaves;
  const levels = root.height;
  const leafSide = levels === 0 ? Math.min(width, 2 * LEAF.most) : Math.min(LEAF.most, cell - LEAF.gap);
  const side = points ? Math.min(POINTS, leafSide) : Math.min(INNER.most, Math.max(INNER.least, leafSide));
  const step = side + ROOM.between;
  d3.cluster().size([width, 1]).separation(() => 1)(root);
  const spots = root.descendants().map((drawn) => {
    if (drawn.height === 0) {
      const columns = points ? 1 : levels === 0 ? 4 : Math.max(1, Math.min(3, Math.floor(leafSide / 28)));
      const y = ROOM.above + levels * step + leafSide / 2;
      return spot(drawn, { x: drawn.x, y, width: leafSide, height: leafSide, columns, rows: columns });
    }
    const room = width * drawn.leaves().length / leaves - LEAF.gap;
    const columns = points ? 1 : Math.max(1, Math.min(INNER.columns, Math.floor(room / side)));
    const y = ROOM.above + drawn.depth * step + side / 2;
    return spot(drawn, { x: drawn.x, y, width: columns * side, height: side, columns, rows: 1 });
  });
  return { across: false, width, height: ROOM.above + levels * step + leafSide + ROOM.below, cell, spots };
}

/** @param {DrawnNode<TreeNode>} root @param {{width: number, leaves: number, points: boolean}} of @returns {Layout} */
function across(root, { width, leaves, points }) {
  const cell = width < 600 ? ROW.narrow : ROW.caption;
  const { height: rowHeight, side } = leaves > LOW_ROW.leaves ? LOW_ROW : ROW;
  const height = leaves * rowHeight;
  const room = (width - cell) / (root.height + 1); // of a level, with the edges before the next
  const columnsIn = (/** @type {number} */ space) =>
    points ? 1 : Math.max(1, Math.min(ROW.columns, Math.floor(space / side)));
  const leafWidth = columnsIn(room) * side;
  d3.cluster().size([height, 1]).separation(() => 1)(root);
  const spots = root.descendants().map((drawn) => {
    const leaf = drawn.height === 0;
    const columns = leaf ? columnsIn(room) : columnsIn(room / 2);
    const size = columns * side;
    const start = (width - cell - leafWidth) * (leaf ? 1 : drawn.depth / root.height);
    return spot(drawn, { x: start + size / 2 + 3, y: drawn.x, width: size, height: side, columns, rows: 1 });
  });
  return { across: true, width, height, cell, spots };
}

/** @param {DrawnNode<TreeNode>} drawn @param {Omit<Spot, "node" | "parent">} at @returns {Spot} */
function spot(drawn, at) {
  return { node: drawn.data, parent: drawn.parent?.data.node ?? null, ...at };
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
    const [x0, x1] = [from.x + from.width / 2, to.x - to.width / 2];
    const middle = (x0 + x1) / 2;
    return `M${x0},${from.y}C${middle},${from.y} ${middle},${to.y} ${x1},${to.y}`;
  }
  const [y0, y1] = [from.y + from.height / 2, to.y - to.height / 2];
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

/** A model of points has no pictures: the server draws all points of a node into one. @param {number[]} image */
export const isPoint = ([height, width, channels]) => height === 1 && width === 1 && channels === 2;
