// @ts-check
/// <reference lib="dom" />
/** A picture of one's own: dropped, pasted or chosen, it is put into the tree. */

import { ask, Place, pngUrl, Refusal } from "./api.js";
import { html, percent } from "./dom.js";

/** @typedef {{leaf: number, weights: number[], path: number[], method: string, image: string, samples: {seed: number, index: number, leaf: number, image: string, distance: number}[]}} Assigned */

const MOST_BYTES = 1_000_000; // the server takes no more
const KINDS = ["image/png", "image/jpeg"];

/** Where pictures are dropped. */
export class PictureView {
  /** @type {string | null} */
  #url = null;

  /**
   * @param {HTMLElement} element
   * @param {{query: () => Record<string, string | number | null>, light: (weights: number[] | null) => void, visit: (sample: {seed: number, index: number}) => void}} actions
   */
  constructor(element, actions) {
    this.actions = actions;
    const input = html("input", {
      type: "file",
      id: "picture-file",
      accept: KINDS.join(","),
      class: "hidden",
      change: () => this.#take(input.files?.[0]),
    });
    this.closing = html("button", {
      type: "button",
      class: "quiet close",
      "aria-label": "Forget the picture",
      title: "Forget it (Esc)",
      hidden: true,
      click: () => this.close(),
    }, "×");
    this.result = html("div", { class: "assigned", "aria-live": "polite" });
    element.append(
      html(
        "header",
        {},
        html("h2", { id: "picture-title" }, "A picture of yours"),
        html("p", { class: "facts" }, "where it would be in the tree"),
        this.closing,
      ),
      html(
        "div",
        { class: "drop" },
        input,
        html("label", { for: input.id, class: "button" }, "Choose a picture"),
        html("span", { class: "hint" }, "or drop one anywhere on this page"),
      ),
      this.result,
    );
    this.place = new Place(element);
    addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("dragging");
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) document.body.classList.remove("dragging");
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dragging");
      this.#take(event.dataTransfer?.files[0]);
    });
    addEventListener("paste", (event) => {
      const file = event.clipboardData?.files[0];
      if (file) this.#take(file);
    });
  }

  /** Forgets the picture. */
  close() {
    this.place.rest();
    this.result.replaceChildren();
    this.result.onpointerenter = null;
    this.closing.hidden = true;
    this.actions.light(null);
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = null;
  }

  get open() {
    return this.#url !== null;
  }

  /** @param {File | undefined} file */
  #take(file) {
    if (!file) return;
    this.place.ask(async (signal) => {
      if (!KINDS.includes(file.type)) {
        throw new Refusal(
          `Cannot place ${file.name}: it is ${file.type || "of no known kind"}, expected a PNG or JPEG`,
          0,
        );
      }
      const { body, type } = await fitting(file);
      return /** @type {Assigned} */ (await ask("assign", this.actions.query(), { signal, body, type }));
    }, (assigned) => this.#show(file, assigned));
  }

  /** @param {File} file @param {Assigned} assigned */
  #show(file, { leaf, weights, path, method, image, samples }) {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(file);
    const light = () => this.actions.light(weights);
    light();
    this.result.onpointerenter = light;
    this.closing.hidden = false;
    this.result.replaceChildren(
      html(
        "figure",
        {},
        html("img", { class: "large yours", src: this.#url, alt: file.name }),
        html("figcaption", {}, "yours"),
      ),
      html(
        "figure",
        {},
        html("img", { class: "large", src: pngUrl(image), alt: "" }),
        html("figcaption", {}, "as the model sees it"),
      ),
      html(
        "div",
        {},
        html(
          "p",
          {},
          `Leaf ${leaf} with ${percent(weights[leaf])}`,
          html("span", { class: "dim" }, ` · path ${path.join(" → ")} · by ${method}`),
        ),
        html("h3", {}, "Nearest samples"),
        html(
          "div",
          { class: "nearest" },
          ...samples.map((sample) =>
            html("button", {
              type: "button",
              class: "tile",
              title: `Leaf ${sample.leaf}, distance ${sample.distance.toFixed(2)}`,
              "aria-label": `Sample ${sample.index} of seed ${sample.seed}, leaf ${sample.leaf}`,
              click: () => this.actions.visit(sample),
            }, html("img", { src: pngUrl(sample.image), alt: "" }))
          ),
        ),
      ),
    );
    this.place.element.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }
}

/** The file itself, or a smaller copy of one too large to send. @param {File} file @returns {Promise<{body: Blob, type: string}>} */
async function fitting(file) {
  if (file.size <= MOST_BYTES) return { body: file, type: file.type };
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Refusal(`Cannot place ${file.name}: the browser cannot read it, expected a PNG or JPEG`, 0);
  });
  const shrink = 512 / Math.max(bitmap.width, bitmap.height, 512);
  const canvas = html("canvas", {
    width: Math.round(bitmap.width * shrink),
    height: Math.round(bitmap.height * shrink),
  });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const body = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
  return { body, type: "image/jpeg" };
}
