/** The part of the page about one node. */

import { isPoint } from "../../models/presets.ts";
import { pngUri } from "../../png.ts";
import { escapeText } from "../../svg.ts";
import type { NodeReading, TreeReading } from "../reading.ts";
import type { SplitReading } from "../splits.ts";
import { figure, picture, shareBars, sideBars } from "./html.ts";
import { differencePicture, shown } from "./pictures.ts";
import { decimal, effectSentence, nameOf, percent, splitWords } from "./words.ts";

const COLUMNS = 8; // of pictures in a grid
const MEAN_SIDE = 96; // pixels of a mean picture, about
const NO_DIFFERENCE = 1e-6; // of mean pictures: below it the picture of their difference has one colour

/** Pictures, decision and labels of a node. */
export async function nodeSection(node: NodeReading, reading: TreeReading, split?: SplitReading): Promise<string> {
  const decision = split === undefined ? "" : await decisionOf(split, node, reading);
  const typical = figure(
    picture(
      await shown(node.grid, reading.image, { columns: COLUMNS, leaves: node.gridLeaves }),
      `Samples of ${nameOf(node)}`,
    ),
    node.reached
      ? "Samples that stand for it, the most typical first"
      : "No sample gets here; these are made with the path forced into it",
  );
  const mean = isPoint(reading.image)
    ? ""
    : figure(picture(await shown(node.mean, reading.image), `Mean picture of ${nameOf(node)}`), "Mean");
  const names = reading.labelNames;
  const labels = split === undefined && names !== null && node.labels !== null ? shareBars(node.labels, names) : "";
  return `<section class="node" id="node-${node.node}">
<header><h3>${capital(nameOf(node))}</h3><small>${placeOf(node, reading)}</small></header>
${decision}<div class="columns">${mean}${typical}${labels}</div>
</section>`;
}

/** `26 % of the latent space, right of node 1`. */
function placeOf({ node, parent, usage, leaf }: NodeReading, { nodes }: TreeReading): string {
  const share = `${percent(usage)} of the latent space`;
  if (parent === null) return `${share}, the root`;
  const { children } = nodes[parent];
  const side = children.length !== 2 ? "under" : node === children[0] ? "left of" : "right of";
  const own = leaf === null ? "" : `node ${node}, `;
  return `${share}, ${own}${side} <a href="#node-${parent}">node ${parent}</a>`;
}

async function decisionOf(split: SplitReading, node: NodeReading, { image, labelNames }: TreeReading): Promise<string> {
  const words = labelNames && splitWords(split, labelNames);
  const says = words === null ? "" : `<p class="says"><b>Left:</b> ${escapeText(words.left)}. ` +
    `<b>Right:</b> ${escapeText(words.right)}.</p>\n`;
  const bars = labelNames !== null && split.left.labels !== null && split.right.labels !== null
    ? sideBars(split.left.labels, split.right.labels, labelNames)
    : "";
  const pictures = isPoint(image) ? await scatters(split, image) : await means(split, image);
  const numbers = [
    `${percent(node.balance ?? 0)} goes left`,
    `decision entropy ${decimal(node.decisionEntropy)} bits`,
    `information ${decimal(node.information)} bits`,
    ...split.labelDistance === null ? [] : [`label distance ${decimal(split.labelDistance)}`],
    split.mode === "region" ? `${split.samples} latents of its region` : `${split.samples} latents forced into it`,
  ];
  return `${says}<p>${effectSentence(split)}</p>
<div class="columns">${pictures.sides}${bars}</div>
<div class="columns">${pictures.pairs}</div>
<p class="faint">${numbers.join(" · ")}</p>
`;
}

/** What is seen of a split, as HTML. */
interface SplitPictures {
  readonly sides: string;
  readonly pairs: string;
}

/** Mean pictures of both sides, their difference, and pairs of pictures. */
async function means(split: SplitReading, image: TreeReading["image"]): Promise<SplitPictures> {
  const { left, right, difference } = split;
  const reach = perPixel(difference, image[2]).reduce((most, value) => Math.max(most, Math.abs(value)), NO_DIFFERENCE);
  const options = { side: MEAN_SIDE };
  const sides = [await shown(left.mean, image, options), await shown(right.mean, image, options)];
  const between = { ...sides[0], uri: await pngUri(bordered(differencePicture(difference, image, reach))) };
  const pairs = new Float32Array([...left.pictures, ...right.pictures]);
  const columns = left.pictures.length / difference.length;
  const legend = `<span class="left">Blue</span>: left brighter; <span class="right">orange</span>: right brighter; ` +
    `full colour at a difference of ${reach.toFixed(2)}`;
  return {
    sides: `<div class="means">${figure(picture(sides[0], "Mean picture, forced left"), "Left, mean")}${
      figure(picture(between, "Difference of the mean pictures"), "Difference")
    }${figure(picture(sides[1], "Mean picture, forced right"), "Right, mean")}<p class="faint">${legend}</p></div>`,
    pairs: figure(
      picture(await shown(pairs, image, { columns }), "The same latents forced left and right"),
      "The same latents, forced left above and right below",
    ),
  };
}

async function scatters({ left, right }: SplitReading, image: TreeReading["image"]): Promise<SplitPictures> {
  const [onLeft, onRight] = [await shown(left.pictures, image, left), await shown(right.pictures, image, right)];
  const sides = figure(picture(onLeft, "Points forced left"), "The same latents, forced left") +
    figure(picture(onRight, "Points forced right"), "and right");
  return { sides, pairs: "" };
}

/** Means over channels. */
function perPixel(values: Float32Array, channels: number): number[] {
  return Array.from({ length: values.length / channels }, (_, pixel) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += values[pixel * channels + c] / channels;
    return sum;
  });
}

/** With a pixel of border, as pictures in grids have it. */
function bordered({ width, height, channels, data }: ReturnType<typeof differencePicture>) {
  const pitch = (width + 2) * channels;
  const wide = new Uint8Array(pitch * (height + 2));
  for (let y = 0; y < height; y++) {
    wide.set(data.subarray(y * width * channels, (y + 1) * width * channels), (y + 1) * pitch + channels);
  }
  return { width: width + 2, height: height + 2, channels, data: wide };
}

const capital = (name: string): string => name[0].toUpperCase() + name.slice(1);
