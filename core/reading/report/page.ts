/** The whole report as one page that needs nothing else: no script, no other file, no network. */

import { isPoint } from "../../models/presets.ts";
import { colourOf } from "../../palette.ts";
import { element, escapeText } from "../../svg.ts";
import type { CertainSample, TreeReading } from "../reading.ts";
import type { SplitReading } from "../splits.ts";
import { DEFINITIONS } from "./definitions.ts";
import { treeDrawing } from "./figure.ts";
import { figure, picture, table } from "./html.ts";
import { shown } from "./pictures.ts";
import { nodeSection } from "./sections.ts";
import type { ReportContext } from "./tree_report.ts";
import { decimal, largestShares, nameOf, percent, splitWords } from "./words.ts";
import style from "./style.css" with { type: "text" };

/** Nodes with a section of their own: those of the upper seven levels. */
export const MOST_SECTIONS = 127;
const MOST_CERTAIN = 16; // pictures in the strips of the surest and the least sure
const SCATTER_SIDE = 320; // pixels of the surest and the least sure points
const LEAST_SCALE = 0.75; // of the figure, on narrow screens, which scroll then
const SOFT = 0.7; // mean largest path weight below which paths are called soft

/**
 * The report as HTML: the tree, what every split decides, every node with its samples, the surest and least sure samples,
 * scores, options, and how the numbers are computed. Of trees with more than 127 nodes the first in level order have sections,
 * all of them are in the table.
 */
export async function treePage(
  reading: TreeReading,
  splits: readonly SplitReading[],
  context: ReportContext,
): Promise<string> {
  const { nodes, run } = reading;
  const sections: string[] = [];
  for (const node of nodes.slice(0, MOST_SECTIONS)) {
    sections.push(await nodeSection(node, reading, splits.find((split) => split.node === node.node)));
  }
  const inner = nodes.slice(0, MOST_SECTIONS).filter(({ leaf }) => leaf === null).length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(`The tree of ${run}`)}</title>
<style>
${style}</style>
</head>
<body>
<h1>What the ${reading.head === "tree" ? "tree" : "model"} has learned</h1>
<p class="faint">${escapeText(titleOf(reading, context))}</p>
${factsOf(reading)}
<p>${pathsSentence(reading)}</p>
<p class="faint">Labels: ${escapeText(context.labelNote)}.</p>
<h2>The ${reading.head === "tree" ? "tree" : "generators"}</h2>
${await treeOf(reading)}
${outlineOf(reading, splits)}
${chapter(splits.length > 0 ? "What every split decides" : "The whole", sections.slice(0, inner).join("\n"))}
${chapter("What every leaf makes", sections.slice(inner).join("\n"))}
${chapter("The surest samples", await certaintyOf(reading.certain, reading))}
${chapter("The least sure samples", await certaintyOf(reading.uncertain, reading))}
${chapter("How levels agree with labels", scoresOf(reading))}
<h2 id="nodes">All nodes</h2>
${nodeTable(reading, splits)}
<h2>How the run was trained</h2>
${table([], rowsOf(context.options).map(([key, value]) => [`<code>${key}</code>`, escapeText(value)]), "words")}
<h2>How the numbers are computed</h2>
<dl>
${DEFINITIONS.map(([name, meaning]) => `<dt>${name}</dt><dd>${meaning}</dd>`).join("\n")}
</dl>
</body>
</html>
`;
}

/** A part of the page under its heading; none where there is nothing to say. */
const chapter = (heading: string, content: string): string => content === "" ? "" : `<h2>${heading}</h2>\n${content}`;

/** `00000-fashionmnist-hmog-small, iteration 1500: fashionmnist, a tree of depth 3 with 8 leaves`. */
function titleOf({ run, iteration, head, depth, leaves }: TreeReading, { options }: ReportContext): string {
  const dataset = typeof options.dataset === "string" ? `${options.dataset}, ` : "";
  const model = head === "tree" ? `a tree of depth ${depth} with ${leaves} leaves` : `head ${head}, leaves: ${leaves}`;
  return `${run}, iteration ${iteration}: ${dataset}${model}`;
}

function factsOf(
  { usageEntropy, largestWeight, scores, dendrogramPurity, samples, seed, leaves }: TreeReading,
): string {
  const facts: [value: string, meaning: string][] = leaves === 1 ? [] : [
    [percent(usageEntropy), "evenness of use: entropy of the usage of leaves"],
    [percent(largestWeight), `mean largest path weight; ${percent(1 / leaves)} if all leaves are mixed alike`],
  ];
  if (scores !== null) facts.push([decimal(scores[scores.length - 1].nmi), "NMI of leaves and labels"]);
  if (dendrogramPurity !== null) facts.push([decimal(dendrogramPurity), "dendrogram purity"]);
  facts.push([String(samples), `samples that this was read from, seed ${seed}`]);
  return `<div class="facts">${
    facts.map(([value, meaning]) => `<div><b>${value}</b><span>${meaning}</span></div>`).join("")
  }</div>`;
}

function pathsSentence({ largestWeight, leaves }: TreeReading): string {
  if (leaves === 1) return "A single generator: there are no paths.";
  return largestWeight < SOFT
    ? "Paths are <b>soft</b>: most samples are blends of several leaves. Shares below are shares of path weights, and a " +
      "picture with its path forced into one leaf is nothing that the model makes by itself."
    : "Paths are nearly <b>hard</b>: most samples come from one leaf, so a leaf can be looked at as a generator of its own.";
}

async function treeOf(reading: TreeReading): Promise<string> {
  const { width, height, markup } = await treeDrawing(
    reading,
    (node) => node < MOST_SECTIONS ? `#node-${node}` : "#nodes",
  );
  const svg = element("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    "xmlns:xlink": "http://www.w3.org/1999/xlink",
    viewBox: `-2 -2 ${Math.ceil(width) + 4} ${Math.ceil(height) + 4}`,
    width: Math.ceil(width) + 4,
    role: "group",
    "aria-label": "The tree, every node with samples",
  }, markup);
  const points = isPoint(reading.image);
  const wide = `<div class="wide"><div style="min-width:${Math.round(LEAST_SCALE * width)}px">${svg}</div></div>`;
  return figure(
    `${wide}${reading.labelNames === null ? "" : legend(reading.labelNames)}`,
    "Every node with samples that stand for it and its share of the latent space; edges are as wide as that share" +
      (reading.labelNames === null ? "." : ", bars are shares of labels.") +
      (points ? " A point has the colour of its likeliest leaf." : ""),
    points ? "tree points" : "tree",
  );
}

/** Names of labels beside their colours. */
function legend(names: readonly string[]): string {
  const entries = names.map((name, label) =>
    `<li><i style="background:${colourOf(label)}"></i>${escapeText(name)}</li>`
  );
  return `<ul class="legend"><li>Bars:</li>${entries.join("")}</ul>`;
}

/** What the splits decide, a line for each, indented as the tree is deep. */
function outlineOf({ nodes, labelNames }: TreeReading, splits: readonly SplitReading[]): string {
  const below = (node: number): SplitReading[] => {
    const split = splits.find((split) => split.node === node);
    return split === undefined || node >= MOST_SECTIONS ? [] : [split, ...nodes[node].children.flatMap(below)];
  };
  const lines = below(0).flatMap((split) => {
    const words = labelNames && splitWords(split, labelNames);
    if (words === null) return [];
    const { level } = nodes[split.node];
    return `<li style="margin-left:${1.2 * level}rem"><a href="#node-${split.node}">Node ${split.node}</a>: ` +
      `<b>left</b> ${escapeText(words.left)}; <b>right</b> ${escapeText(words.right)}</li>`;
  });
  return lines.length === 0 ? "" : `<ul class="outline says">\n${lines.join("\n")}\n</ul>`;
}

/** Samples by how sure they are, where there are several leaves: points in one scatter, pictures side by side. */
async function certaintyOf(samples: readonly CertainSample[], reading: TreeReading): Promise<string> {
  if (reading.leaves === 1) return "";
  return isPoint(reading.image) ? await scatterOf(samples, reading) : await strip(samples, reading);
}

async function scatterOf(samples: readonly CertainSample[], { image }: TreeReading): Promise<string> {
  const points = Float32Array.from(samples.flatMap(({ picture }) => Array.from(picture)));
  const scatter = await shown(points, image, { leaves: samples.map(({ leaf }) => leaf), side: SCATTER_SIDE });
  const weights = samples.map(({ weight }) => weight);
  const [least, most] = [Math.min(...weights), Math.max(...weights)].map(decimal);
  const said = `${samples.length} points in the colours of their likeliest leaves, path weights ${least} to ${most}`;
  return figure(picture(scatter, said), said);
}

/** Each with its leaf, weight and label. */
async function strip(samples: readonly CertainSample[], { image, labelNames }: TreeReading): Promise<string> {
  const figures = await Promise.all(
    samples.slice(0, MOST_CERTAIN).map(async ({ picture: pixels, leaf, weight, label, index }) => {
      const name = label === null || labelNames === null ? "" : `<br>${escapeText(labelNames[label])}`;
      return figure(
        picture(await shown(pixels, image), `Sample ${index}`),
        `leaf ${leaf}, ${decimal(weight)}${name}`,
      );
    }),
  );
  return `<div class="strip">${figures.join("")}</div>`;
}

function scoresOf({ scores, dendrogramPurity, nodes }: TreeReading): string {
  if (scores === null) return "";
  const rows = scores.map(({ level, purity, nmi, ari }) => [
    String(level),
    String(nodes.filter((node) => node.level === level).length),
    ...[purity, nmi, ari].map(decimal),
  ]);
  const whole = dendrogramPurity === null ? "" : `<p>Dendrogram purity of the whole: ${decimal(dendrogramPurity)}.</p>`;
  return `${table(["Level", "Nodes", "Purity", "NMI", "ARI"], rows)}${whole}`;
}

function nodeTable({ nodes, labelNames }: TreeReading, splits: readonly SplitReading[]): string {
  const effects = new Map(splits.map(({ node, effect }) => [node, effect]));
  const rows = nodes.map((node) => [
    node.node < MOST_SECTIONS ? `<a href="#node-${node.node}">${nameOf(node)}</a>` : nameOf(node),
    percent(node.usage),
    decimal(node.balance),
    decimal(node.decisionEntropy),
    decimal(node.information),
    decimal(effects.get(node.node) ?? null),
    ...labelNames === null ? [] : [commonest(node.labels, labelNames)],
  ]);
  const head = ["", "Usage", "Goes left", "Entropy", "Information", "Effect"];
  return labelNames === null ? table(head, rows) : table([...head, "Commonest labels"], rows, "named");
}

function commonest(shares: readonly number[] | null, names: readonly string[]): string {
  const largest = largestShares(shares ?? [], { least: 0.1, most: 3 });
  return largest.map(({ label, share }) => `${escapeText(names[label])} ${percent(share)}`).join(", ") || "–";
}

/** Options as `adam.beta1` and `0.5`. */
function rowsOf(options: Readonly<Record<string, unknown>>, above = ""): [key: string, value: string][] {
  return Object.entries(options).flatMap(([key, value]): [string, string][] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? rowsOf(value as Record<string, unknown>, `${above}${escapeText(key)}.`)
      : [[`${above}${escapeText(key)}`, Array.isArray(value) ? value.join(", ") || "none" : String(value)]]
  );
}
