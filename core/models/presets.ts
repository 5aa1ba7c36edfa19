/** The options of a model, the presets, and what fits together. */

import { nearestHint } from "../nearest.ts";
import type { AdapterTraits } from "../tensor.ts";
import { checkDepth } from "./soft_tree.ts";

/**
 * How latents become features: a soft tree, a flat mixture, one dense layer; or a choice of one generator, with equal
 * shares, a learned prior or a gate; or one dense layer over a learned mixture of latents.
 */
export type HeadName = "tree" | "flat" | "single" | "disjoint" | "prior" | "gumbel" | "latents";

/** Everything that decides which parameters a model has and what they mean. */
export type ModelOptions = {
  /** `[height, width, channels]` of an image; a point of n numbers is an image `[1, 1, n]`. */
  image: readonly [height: number, width: number, channels: number];
  /** Length of the latent, without what a discrete choice is drawn from. */
  latent: number;
  head: HeadName;
  /** Leaves of a mixture: `W_l z + b_l` or a constant. */
  leaves: "linear" | "constant";
  /** How unlike linear leaves are at the start: standard deviation of their biases, 0 as published. */
  leafSpread: number;
  /** Levels of decisions, 1 to 10; every other mixture has as many generators as the tree has leaves, `2^depth`. */
  depth: number;
  /** Convolutions that double or halve the side, or dense layers, for points. */
  layers: "convolutional" | "dense";
  /** Channels of the first feature map `h`. */
  features: number;
  /** Channels between `h` and the image; every transposed convolution doubles the side. */
  body: readonly number[];
  /**
   * Starting weights of its convolutions: `N(0, 0.02²)` as published (`dcgan`, unless given), or `N(0, 2/inputs)` (`he`).
   * Dense layers always start with the latter.
   */
  bodyStart?: Start;
  /** Last activation of the generator. */
  output: "tanh" | "identity";
  /** Channels of the critic's convolutions, each of which halves the side. */
  critic: readonly number[];
  /** Normalisation behind the critic's layers; `spectral` divides their weights by their largest singular value. */
  criticNorm: CriticNorm;
};

/** Normalisations of a critic. */
export const CRITIC_NORMS = ["layer", "batch", "spectral", "none"] as const;
/** One of `CRITIC_NORMS`. */
export type CriticNorm = (typeof CRITIC_NORMS)[number];

/** How weights start: `N(0, 0.02²)` (DCGAN), or `N(0, 2/inputs)` (He et al., ICCV 2015). */
export type Start = "dcgan" | "he";

/** Name of a preset. */
export type PresetName = "paper" | "small" | "tiny" | "toy";

/**
 * The published configuration (32x32 grey; its generator ends without `tanh`), one for a CPU, one for tests, and one for
 * points in the plane.
 *
 * The narrow body of `small` starts with weights that about keep the size of features. With 0.02 its first pictures are
 * grey but for some thousandths; a critic with LayerNorm then has huge gradients, and can be lost for the first hundreds of
 * iterations (figures in docs/methods.md).
 */
export const PRESETS: Readonly<Record<PresetName, ModelOptions>> = {
  paper: {
    image: [32, 32, 1],
    latent: 100,
    head: "tree",
    leaves: "linear",
    leafSpread: 0,
    depth: 5,
    layers: "convolutional",
    features: 256,
    body: [128, 64],
    output: "identity",
    critic: [64, 128, 256],
    criticNorm: "layer",
  },
  small: {
    image: [32, 32, 1],
    latent: 64,
    head: "tree",
    leaves: "linear",
    leafSpread: 0,
    depth: 3,
    layers: "convolutional",
    features: 64,
    body: [32, 16],
    bodyStart: "he",
    output: "tanh",
    critic: [16, 32, 64],
    criticNorm: "layer",
  },
  tiny: {
    image: [32, 32, 1],
    latent: 8,
    head: "tree",
    leaves: "linear",
    leafSpread: 0,
    depth: 2,
    layers: "convolutional",
    features: 8,
    body: [8, 4],
    output: "tanh",
    critic: [4, 8, 8],
    criticNorm: "layer",
  },
  toy: {
    image: [1, 1, 2],
    latent: 8,
    head: "tree",
    leaves: "linear",
    leafSpread: 1,
    depth: 3,
    layers: "dense",
    features: 64,
    body: [64, 64],
    output: "identity",
    critic: [128, 128, 128],
    criticNorm: "none",
  },
};

/** What a preset depends on beside its name. */
export interface PresetContext {
  traits: Pick<AdapterTraits, "software">;
  /** Of the data; as the preset has it unless given. */
  image?: ModelOptions["image"];
}

/**
 * The preset of a name; `auto` is `toy` for points, else `paper` on a GPU and `small` on a software adapter. For images
 * larger than its own it has another layer per doubling of the side, with twice the channels (DCGAN's rule).
 *
 * @returns The preset and, as one sentence, why it was taken
 * @throws {RangeError} If there is no preset of that name
 *
 * @example
 * ```ts
 * import { presetFor } from "./presets.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { name, options } = presetFor("auto", { traits: { software: true }, image: [64, 64, 3] });
 * assertEquals([name, options.body, options.critic], ["small", [64, 32, 16], [16, 32, 64, 128]]);
 * ```
 */
export function presetFor(
  name: string,
  { traits, image }: PresetContext,
): { name: PresetName; options: ModelOptions; reason: string } {
  const of = (name: PresetName, reason: string) => {
    return { name, options: withImage(PRESETS[name], image), reason: `Preset ${name}: ${reason}` };
  };
  if (name === "auto") {
    if (image !== undefined && isPoint(image)) return of("toy", "the data are points");
    return traits.software ? of("small", "the adapter runs on the CPU") : of("paper", "the adapter is a GPU");
  }
  const names = ["auto", ...Object.keys(PRESETS)];
  if (!Object.hasOwn(PRESETS, name)) {
    throw new RangeError(
      `Cannot use preset "${name}": expected one of ${names.join(", ")}${nearestHint(name, names)}`,
    );
  }
  return of(name as PresetName, "as asked");
}

/** Whether an image of this shape is a point: a place in a space of few numbers, without neighbours. */
export function isPoint([height, width]: ModelOptions["image"]): boolean {
  return height === 1 && width === 1;
}

/** The same model for images of another size. */
function withImage(options: ModelOptions, image = options.image): ModelOptions {
  if (options.layers === "dense" || isPoint(image)) return { ...options, image };
  let { features, body, critic } = options;
  for (let side = Math.max(...options.image.slice(0, 2)); side < Math.min(image[0], image[1]); side *= 2) {
    body = [features, ...body];
    features *= 2;
    critic = [...critic, 2 * critic[critic.length - 1]];
  }
  return { ...options, image, features, body, critic };
}

const HEADS: readonly HeadName[] = ["tree", "flat", "single", "disjoint", "prior", "gumbel", "latents"];
/** How heads are called where their depth is wrong; all others are choices. */
const TITLES: Partial<Record<HeadName, string>> = { tree: "tree", flat: "flat mixture", single: "single generator" };
const headTitle = (head: HeadName) => TITLES[head] ?? "choice of generators";
const MOST_CHANNELS = 4096; // of any layer; more is a slip of the keyboard

/**
 * Checks that options describe a model.
 *
 * @throws {RangeError} If a number is out of range, a name unknown, or the image is not the body's and the critic's
 * powers of 2 in size
 */
export function checkModelOptions(options: ModelOptions): void {
  const { image, latent, head, leaves, leafSpread, depth, layers, features, body, output, critic, criticNorm } =
    options;
  const { bodyStart = "dcgan" } = options;
  checkName("head", head, HEADS);
  checkName("leaves", leaves, ["linear", "constant"]);
  checkName("output", output, ["tanh", "identity"]);
  checkName("layers", layers, ["convolutional", "dense"]);
  checkName("body start", bodyStart, ["dcgan", "he"]);
  checkName("critic norm", criticNorm, CRITIC_NORMS);
  if (leaves === "constant" && head !== "tree" && head !== "flat") {
    throw new RangeError(
      `Cannot build a ${headTitle(head)} with constant leaves: each makes one picture, expected linear`,
    );
  }
  if (!(leafSpread >= 0 && Number.isFinite(leafSpread))) {
    throw new RangeError(`Cannot use ${leafSpread} as leaf spread: expected a number of at least 0`);
  }
  checkDepth(depth, headTitle(head)); // also where nothing is made from it: it is written down
  checkCount("latent", latent);
  checkCount("features", features);
  checkCount("image channels", image[2]);
  body.forEach((channels) => checkCount("body channels", channels));
  critic.forEach((channels) => checkCount("critic channels", channels));
  if (critic.length === 0) throw new RangeError("Cannot build a critic of 0 layers: expected at least 1");
  if (layers === "dense") return;
  if (isPoint(image)) {
    throw new RangeError(`Cannot use points of ${image[2]} numbers with convolutions: expected the preset toy`);
  }
  checkSides(image, body.length + 1, "body");
  checkSides(image, critic.length, "critic");
}

function checkName(option: string, value: string, names: readonly string[]): void {
  if (names.includes(value)) return;
  throw new RangeError(
    `Cannot use ${option} "${value}": expected one of ${names.join(", ")}${nearestHint(value, names)}`,
  );
}

function checkCount(what: string, count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MOST_CHANNELS) return;
  throw new RangeError(`Cannot use ${count} as ${what}: expected a whole number from 1 to ${MOST_CHANNELS}`);
}

function checkSides([height, width]: ModelOptions["image"], layers: number, what: string): void {
  const factor = 2 ** layers;
  if ([height, width].every((side) => Number.isInteger(side / factor) && side >= factor)) return;
  throw new RangeError(
    `Cannot use images of ${height}x${width} with a ${what} of ${layers} convolutions: expected sides that ${factor} divides`,
  );
}
