/** The options of a model, the presets, and what fits together. */

import { nearestName } from "../nearest.ts";
import type { AdapterTraits } from "../tensor.ts";
import { checkDepth } from "./soft_tree.ts";

/** How latents become features: a soft tree, a flat mixture, one dense layer. */
export type HeadName = "tree" | "flat" | "single";

/** Everything that decides which parameters a model has and what they mean. */
export type ModelOptions = {
  /** `[height, width, channels]` of an image. */
  image: readonly [height: number, width: number, channels: number];
  /** Length of the latent. */
  latent: number;
  head: HeadName;
  /** Leaves of a mixture: `W_l z + b_l` or a constant. */
  leaves: "linear" | "constant";
  /** Levels of decisions, 1 to 10; a flat mixture has as many leaves as the tree, `2^depth`. */
  depth: number;
  /** Channels of the first feature map `h`. */
  features: number;
  /** Channels between `h` and the image; every transposed convolution doubles the side. */
  body: readonly number[];
  /** Last activation of the generator. */
  output: "tanh" | "identity";
  /** Channels of the critic's convolutions, each of which halves the side. */
  critic: readonly number[];
  /** Normalisation behind the critic's convolutions. */
  criticNorm: "layer" | "batch" | "none";
};

/** Name of a preset. */
export type PresetName = "paper" | "small" | "tiny";

/** The published configuration (32x32 grey; its generator ends without `tanh`), one for a CPU, and one for tests. */
export const PRESETS: Readonly<Record<PresetName, ModelOptions>> = {
  paper: {
    image: [32, 32, 1],
    latent: 100,
    head: "tree",
    leaves: "linear",
    depth: 5,
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
    depth: 3,
    features: 64,
    body: [32, 16],
    output: "tanh",
    critic: [16, 32, 64],
    criticNorm: "layer",
  },
  tiny: {
    image: [32, 32, 1],
    latent: 8,
    head: "tree",
    leaves: "linear",
    depth: 2,
    features: 8,
    body: [8, 4],
    output: "tanh",
    critic: [4, 8, 8],
    criticNorm: "layer",
  },
};

/**
 * The preset of a name; `auto` is `paper` on a GPU and `small` on a software adapter.
 *
 * @returns The preset and, as one sentence, why it was taken
 * @throws {RangeError} If there is no preset of that name
 *
 * @example
 * ```ts
 * import { presetFor } from "./presets.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(presetFor("auto", { software: true }).name, "small");
 * ```
 */
export function presetFor(
  name: string,
  traits: Pick<AdapterTraits, "software">,
): { name: PresetName; options: ModelOptions; reason: string } {
  if (name === "auto") {
    return traits.software
      ? { name: "small", options: PRESETS.small, reason: "Preset small: the adapter runs on the CPU" }
      : { name: "paper", options: PRESETS.paper, reason: "Preset paper: the adapter is a GPU" };
  }
  const names = ["auto", ...Object.keys(PRESETS)];
  if (!Object.hasOwn(PRESETS, name)) {
    throw new RangeError(
      `Cannot use preset "${name}": expected one of ${names.join(", ")}; the nearest is ${nearestName(name, names)}`,
    );
  }
  const preset = name as PresetName;
  return { name: preset, options: PRESETS[preset], reason: `Preset ${preset}: as asked` };
}

const HEADS: readonly HeadName[] = ["tree", "flat", "single"];
const MOST_CHANNELS = 4096; // of any layer; more is a slip of the keyboard

/**
 * Checks that options describe a model.
 *
 * @throws {RangeError} If a number is out of range, a name unknown, or the image is not the body's and the critic's
 * powers of 2 in size
 */
export function checkModelOptions(options: ModelOptions): void {
  const { image, latent, head, leaves, depth, features, body, output, critic, criticNorm } = options;
  checkName("head", head, HEADS);
  checkName("leaves", leaves, ["linear", "constant"]);
  checkName("output", output, ["tanh", "identity"]);
  checkName("criticNorm", criticNorm, ["layer", "batch", "none"]);
  if (head === "single" && leaves === "constant") {
    throw new RangeError("Cannot build a single generator with constant leaves: it makes one picture, expected linear");
  }
  if (head !== "single") checkDepth(depth, head === "tree" ? "tree" : "flat mixture");
  checkCount("latent", latent);
  checkCount("features", features);
  checkCount("image channels", image[2]);
  body.forEach((channels) => checkCount("body channels", channels));
  critic.forEach((channels) => checkCount("critic channels", channels));
  if (critic.length === 0) throw new RangeError("Cannot build a critic of 0 convolutions: expected at least 1");
  checkSides(image, body.length + 1, "body");
  checkSides(image, critic.length, "critic");
}

function checkName(option: string, value: string, names: readonly string[]): void {
  if (names.includes(value)) return;
  throw new RangeError(
    `Cannot use ${option} "${value}": expected one of ${names.join(", ")}; the nearest is ${nearestName(value, names)}`,
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
