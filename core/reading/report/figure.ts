/** The tree as a drawing: every node with pictures, edges as wide as they are used, label shares as bars. */

import { isPoint } from "../../models/presets.ts";
import { colourOf } from "../../palette.ts";
import { below, type Drawing, element, embedded, INK, moved, page, SIZE, text, textWidth } from "../../svg.ts";
import type { NodeReading, TreeReading } from "../reading.ts";
import { pictureOf } from "./pictures.ts";
import { largestShares, nameOf, percent } from "./words.ts";

const PITCH = 108; // pixels between leaves
const CELL = 39; // pixels of one picture
const ROWS = 2; // of pictures at every node
const MOST_COLUMNS = 8; // of pictures at a node
const MOST_ACROSS = 64; // nodes of one level
const EDGE_HEIGHT = 56; // between levels
const WIDEST_EDGE = 16; // of an edge that everything goes through
const THINNEST_EDGE = 0.75;
const BAR_HEIGHT = 8;
const LINE = SIZE.text + 3;
const REST = "#c8c8c8"; // of labels too rare for a colour
const RARE = 0.01;
const WORTH_NAMING = 0.05;

/** A node in its place. */
interface Placed {
  readonly reading: NodeReading;
  /** Middle, in pixels. */
  readonly x: number;
  readonly top: number;
  readonly drawing: Drawing;
}

/**
 * The tree as an SVG file, root on top: at every node the samples that stand for it, below them the shares of labels as a
 * bar and the commonest label, where labels are known. The width of an edge is in proportion to the use of what it leads to.
 * Of trees with more than 64 nodes in a level the upper levels are drawn, which the title says.
 */
export async function treeFigure(reading: TreeReading): Promise<string> {
  const { run, iteration, nodes, labelNames } = reading;
  const drawn = levelsOf(nodes).flat().length;
  const part = drawn < nodes.length ? `, the first ${drawn} of ${nodes.length} nodes` : "";
  const tree = await treeDrawing(reading);
  const drawing = labelNames === null ? tree : below([tree, legend(labelNames, tree.width)], 16);
  return page(drawing, `${run}, iteration ${iteration}${part}`);
}

/**
 * What `treeFigure` draws, without paper, title and legend.
 *
 * @param linkTo Where a node leads that is clicked
 */
export async function treeDrawing(reading: TreeReading, linkTo?: (node: number) => string): Promise<Drawing> {
  const levels = levelsOf(reading.nodes);
  const bottom = levels[levels.length - 1];
  const width = bottom.length * PITCH;
  const placed = new Map<number, Placed>();
  let top = 0;
  for (const nodes of levels) {
    const pitch = width / nodes.length;
    const drawings = await Promise.all(nodes.map((node) => nodeDrawing(node, reading, pitch)));
    nodes.forEach((node, i) => {
      placed.set(node.node, { reading: node, x: (i + 0.5) * pitch, top, drawing: drawings[i] });
    });
    top += Math.max(...drawings.map(({ height }) => height)) + EDGE_HEIGHT;
  }
  const all = [...placed.values()];
  const edges = all.flatMap((child) => {
    const parent = child.reading.parent === null ? undefined : placed.get(child.reading.parent);
    return parent === undefined ? [] : [edge(parent, child)];
  });
  const nodes = all.map(({ drawing, x, top, reading: { node } }) => {
    const markup = moved(drawing, x - drawing.width / 2, top);
    return linkTo === undefined ? markup : element("a", { href: linkTo(node) }, markup);
  });
  return { width, height: top - EDGE_HEIGHT, markup: [...edges, ...nodes].join("\n") };
}

/** The nodes of each level from left to right, as far down as they can be drawn. */
function levelsOf(nodes: readonly NodeReading[]): NodeReading[][] {
  const depth = Math.max(...nodes.map(({ level }) => level));
  const levels = Array.from({ length: depth + 1 }, (_, level) => nodes.filter((node) => node.level === level));
  const drawn = levels.filter((level, i) => i < 2 || level.length <= MOST_ACROSS);
  return drawn.map((level) => level.slice(0, MOST_ACROSS));
}

/** Pictures, bar and caption, below each other. */
async function nodeDrawing(node: NodeReading, reading: TreeReading, pitch: number): Promise<Drawing> {
  const columns = Math.max(2, Math.min(MOST_COLUMNS, Math.floor((pitch - PITCH / 4) / CELL)));
  const picture = await blockOf(node, reading, columns);
  const [width, names] = [picture.width, reading.labelNames];
  const parts = [picture];
  if (names !== null && node.labels !== null) parts.push(shareBar(node.labels, width));
  const lines: [string, boolean][] = [[
    `${nameOf(node)} · ${node.reached ? percent(node.usage) : "not reached"}`,
    true,
  ]];
  if (names !== null && node.labels !== null) {
    lines.push([commonest(node.labels, names, Math.max(width, PITCH - 6)), false]);
  }
  parts.push(centred(lines, width));
  return below(parts, 4);
}

/** Two rows of the pictures that stand for a node. */
async function blockOf(node: NodeReading, { image }: TreeReading, columns: number): Promise<Drawing> {
  const [height, width] = image;
  const size = height * width * image[2];
  if (isPoint(image)) return await embedded(pictureOf(node.grid, image, { leaves: node.gridLeaves }), 0.5);
  const picture = pictureOf(node.grid.subarray(0, ROWS * columns * size), image, { columns });
  return await embedded(picture, CELL / Math.max(width, height));
}

/** The largest shares with their labels, as many as fit beside each other; a single one that does not is cut short. */
function commonest(shares: readonly number[], names: readonly string[], width: number): string {
  const fits = (content: string) => textWidth(content, { size: SIZE.small }) <= width;
  const largest = largestShares(shares, { least: WORTH_NAMING });
  const all = largest.map(({ label, share }) => `${names[label]} ${percent(share)}`);
  if (all.length === 0) return "";
  let [name, share] = [names[largest[0].label], percent(largest[0].share)];
  while (!fits(`${name} ${share}`) && name !== "…") name = `${name.replace(/…$/, "").slice(0, -1).trimEnd()}…`;
  let some = `${name} ${share}`;
  for (let n = 2; n <= all.length && fits(all.slice(0, n).join(", ")); n++) some = all.slice(0, n).join(", ");
  return some;
}

/** Label shares side by side in the order of the labels. */
function shareBar(shares: readonly number[], width: number): Drawing {
  let x = 0;
  const parts = shares.flatMap((share, label) => {
    if (share < RARE) return [];
    const part = element("rect", { x, y: 0, width: share * width, height: BAR_HEIGHT, fill: colourOf(label) });
    x += share * width;
    return [part];
  });
  const rest = element("rect", { x, y: 0, width: Math.max(0, width - x), height: BAR_HEIGHT, fill: REST });
  return { width, height: BAR_HEIGHT, markup: [...parts, rest].join("") };
}

function centred(lines: readonly [content: string, bold: boolean][], width: number): Drawing {
  const markup = lines.map(([content, bold], i) =>
    text(content, width / 2, SIZE.text + i * LINE, {
      anchor: "middle",
      bold,
      size: bold ? SIZE.text : SIZE.small,
      colour: bold ? INK.text : INK.faint,
    })
  );
  return { width, height: lines.length * LINE + 2, markup: markup.join("") };
}

function edge(parent: Placed, child: Placed): string {
  const from = parent.top + parent.drawing.height + 4;
  const to = child.top - 4;
  const middle = (from + to) / 2;
  return element("path", {
    d: [`M${parent.x}`, from, "C", parent.x, middle, child.x, middle, child.x, to].join(" "),
    fill: "none",
    stroke: INK.frame,
    "stroke-width": Math.max(THINNEST_EDGE, WIDEST_EDGE * child.reading.usage),
  });
}

/** Names of labels behind their colours, in lines of the given width. */
function legend(names: readonly string[], width: number): Drawing {
  let [x, y] = [0, 0];
  const parts = names.map((name, label) => {
    const length = BAR_HEIGHT + 6 + textWidth(name) + 14;
    if (x > 0 && x + length > width) [x, y] = [0, y + LINE + 2];
    const part = element("rect", { x, y, width: BAR_HEIGHT, height: BAR_HEIGHT, fill: colourOf(label) }) +
      text(name, x + BAR_HEIGHT + 5, y + BAR_HEIGHT + 0.5);
    x += length;
    return part;
  });
  return { width, height: y + LINE, markup: parts.join("") };
}
