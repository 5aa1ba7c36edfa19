// @ts-check
/// <reference lib="dom" />
/** Pictures of nodes: files with several side by side, of which a node shows as many as have room. */

import { svg } from "./dom.js";
import { isPoint } from "./tree_layout.js";

/** @typedef {import("./tree_layout.js").Spot} Spot */

const GRID_GAP = 2; // pixels between and around the pictures of a file, at scale 1

/** The newest files of the nodes. Until one has come, the one before is shown. */
export class NodePictures {
  /** @type {Map<number, HTMLImageElement>} */
  #files = new Map();
  /** @type {AbortController | null} */
  #fetching = null;

  /** @param {(node: number) => void} arrived Called when a node has another file */
  constructor(arrived) {
    this.arrived = arrived;
  }

  /**
   * Fetches the files. Browsers keep pictures of one address for as long as a page is open, and a checkpoint changes them:
   * so they are asked for, and told that they are still the same.
   *
   * @param {Map<number, string>} addresses
   */
  async fetch(addresses) {
    this.#fetching?.abort();
    const { signal } = this.#fetching = new AbortController();
    await Promise.all(Array.from(addresses, async ([node, address]) => {
      try {
        const answer = await fetch(address, { cache: "no-cache", signal });
        if (!answer.ok) return;
        const file = new Image();
        file.src = URL.createObjectURL(await answer.blob());
        await file.decode();
        if (signal.aborted) return URL.revokeObjectURL(file.src);
        this.#drop(node);
        this.#files.set(node, file);
        this.arrived(node);
      } catch {
        // Aborted, or the server is gone, which is told where answers are. What was there stays.
      }
    }));
  }

  /** Forgets all. */
  clear() {
    this.#fetching?.abort();
    for (const node of this.#files.keys()) this.#drop(node);
  }

  /** @param {number} node */
  #drop(node) {
    const file = this.#files.get(node);
    if (file) URL.revokeObjectURL(file.src);
    this.#files.delete(node);
  }

  /**
   * The first pictures of a node, drawn around 0, with round corners; nothing where there are none yet.
   *
   * @param {Spot} spot
   * @param {number[]} shape Height, width and channels of one picture
   */
  draw({ node: { node }, width, height, columns, rows }, shape) {
    const file = this.#files.get(node);
    if (!file) return svg("g", { class: "pictures" });
    const { naturalWidth: wide, naturalHeight: high, src: href } = file;
    const gap = isPoint(shape) ? 0 : GRID_GAP; // a scatter is one picture without a margin
    const [w, h] = gap === 0 ? [wide, high] : [shape[1] + gap, shape[0] + gap];
    const [across, down] = [Math.min(columns, Math.floor(wide / w)), Math.min(rows, Math.floor(high / h))];
    const box = { x: -width / 2, y: -height / 2, width, height };
    const viewBox = `0 0 ${w * across + gap} ${h * down + gap}`;
    const clip = `corners-${node}`;
    return svg(
      "g",
      { class: "pictures", "clip-path": `url(#${clip})` },
      svg("clipPath", { id: clip }, svg("rect", { ...box, rx: 5 })),
      svg(
        "svg",
        { ...box, viewBox, preserveAspectRatio: "xMidYMid slice" },
        svg("image", { href, width: wide, height: high }),
      ),
    );
  }
}
