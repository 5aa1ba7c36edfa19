/** The whole tree as one picture: every node with samples drawn from its region of the latent space. */

import { isPoint } from "../models/presets.ts";
import type { Picture } from "../png.ts";
import { imageGrid } from "./grid.ts";
import { samplePicture } from "./sample_picture.ts";
import { RareRegionError, type Sampler } from "./sampler.ts";

const LEAF_COLUMNS = 2; // pictures side by side at a leaf; a node has the width of its leaves
const ROWS = 3; // of pictures at every node
const SCATTER = { side: 96, points: 500 }; // of points, at every node
const GAP = 8; // pixels between leaves
const LEVEL_GAP = 28; // between levels: room for the branches
const BRANCH = { width: 2, grey: 140 };
const PAPER = 255;

/** A rectangle in pixels. */
interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/**
 * The nodes level by level, root on top, each as a block of pictures from `p(z | node)`, joined by branches. A region
 * too rare to draw from stays empty.
 *
 * @param seed Node `m` is sampled with `(seed + m) mod (2⁵³ - 1)`
 */
export async function treePicture(sampler: Sampler, { seed }: { seed: number }): Promise<Picture> {
  const [height, width, channels] = sampler.options.image;
  const { leaves } = sampler.structure;
  const points = isPoint(sampler.options.image);
  const cell = { width: width + 1, height: height + 1 };
  const leafWidth = points ? SCATTER.side : LEAF_COLUMNS * cell.width + 1;
  const blockHeight = points ? SCATTER.side : ROWS * cell.height + 1;
  const levels = levelsOf(sampler);
  const picture = blank(
    leaves * (leafWidth + GAP) + GAP,
    levels.length * (blockHeight + LEVEL_GAP) - LEVEL_GAP + 2 * GAP,
    points ? 3 : channels as 1 | 3,
  );
  let above: Box[] = [];
  for (const [level, nodes] of levels.entries()) {
    const span = leaves / nodes.length; // leaves under a node
    const boxes = nodes.map((_, i): Box => ({
      left: GAP + i * span * (leafWidth + GAP),
      top: GAP + level * (blockHeight + LEVEL_GAP),
      width: span * (leafWidth + GAP) - GAP,
      height: blockHeight,
    }));
    for (const [i, box] of boxes.entries()) {
      if (above.length > 0) drawBranch(picture, above[Math.floor(i * above.length / boxes.length)], box);
      const columns = Math.floor((box.width - 1) / cell.width);
      const n = points ? SCATTER.points : columns * ROWS;
      const block = await blockOf(sampler, nodes[i], { seed, columns, n });
      if (block) paste(picture, block, box.left + Math.floor((box.width - block.width) / 2), box.top);
    }
    above = boxes;
  }
  return picture;
}

/** The nodes of each level, from left to right. */
function levelsOf({ structure: { nodes, leaves, pathTo } }: Sampler): number[][] {
  const paths = Array.from({ length: leaves }, (_, leaf) => pathTo(leaf));
  const levels = paths[0].map((_, level) => [...new Set(paths.map((path) => path[level]))]);
  return nodes === 1 ? [[0]] : levels;
}

async function blockOf(
  sampler: Sampler,
  node: number,
  { seed, columns, n }: { seed: number; columns: number; n: number },
): Promise<Picture | null> {
  try {
    // Another seed for every node: regions overlap, and the same first candidate would be accepted in several.
    const ownSeed = (seed + node) % Number.MAX_SAFE_INTEGER;
    const { images, shape, samples } = await sampler.sample({ n, seed: ownSeed, node });
    if (!isPoint(sampler.options.image)) return imageGrid(images, { shape, columns, padding: 1 });
    return samplePicture(images, { shape, side: SCATTER.side, leaves: samples.map(({ leaf }) => leaf) });
  } catch (error) {
    if (error instanceof RareRegionError) return null;
    throw error;
  }
}

function blank(width: number, height: number, channels: 1 | 3): Picture {
  return { width, height, channels, data: new Uint8Array(width * height * channels).fill(PAPER) };
}

function fill({ data, width, channels }: Picture, box: Box, grey: number): void {
  for (let y = box.top; y < box.top + box.height; y++) {
    data.fill(grey, (y * width + box.left) * channels, (y * width + box.left + box.width) * channels);
  }
}

function paste(picture: Picture, part: Picture, left: number, top: number): void {
  const pitch = part.width * part.channels;
  for (let y = 0; y < part.height; y++) {
    picture.data.set(
      part.data.subarray(y * pitch, (y + 1) * pitch),
      ((top + y) * picture.width + left) * part.channels,
    );
  }
}

/** Down from the parent's middle, across, and down to the child's. */
function drawBranch(picture: Picture, parent: Box, child: Box): void {
  const [from, to] = [parent, child].map((box) => Math.round(box.left + box.width / 2));
  const bottom = parent.top + parent.height;
  const middle = bottom + LEVEL_GAP / 2;
  const { width, grey } = BRANCH;
  fill(picture, { left: from - 1, top: bottom + 2, width, height: middle - bottom - 2 }, grey);
  fill(picture, { left: Math.min(from, to) - 1, top: middle, width: Math.abs(from - to) + width, height: width }, grey);
  fill(picture, { left: to - 1, top: middle, width, height: child.top - middle - 2 }, grey);
}
