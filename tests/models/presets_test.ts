import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { critic } from "../../core/models/critic.ts";
import { generator } from "../../core/models/generator.ts";
import {
  checkModelOptions,
  CRITIC_NORMS,
  type HeadName,
  type ModelOptions,
  presetFor,
  PRESETS,
} from "../../core/models/presets.ts";
import { isTensor } from "../../core/grad.ts";
import { initializer } from "../../core/nn/init.ts";
import { normal, randomKey } from "../../core/ops/random.ts";
import { zeros } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leavesOf, type Tree } from "../../core/tree.ts";
import { evaluate64 } from "../reference/interpreter.ts";

const HEADS: HeadName[] = ["tree", "flat", "single", "disjoint", "prior", "gumbel", "latents"];

const count = (parameters: Tree<Tensor>) =>
  leavesOf<Tensor>(parameters, isTensor).reduce((sum, [, { size }]) => sum + size, 0);

Deno.test("presets: paper has the parameters of the published networks", () => {
  // Counted from alper111/hmog: gates 31·101; leaves 32·4096·101; transposed convolutions; and the critic.
  const body = (256 * 128 + 128 * 64 + 64 * 1) * 16 + 128 + 64 + 1;
  const layerNorms = 2 * (64 * 256 + 128 * 64 + 256 * 16);
  const convolutions = (64 + 64 * 128 + 128 * 256) * 16 + 64 + 128 + 256;
  assertEquals(count(generator(PRESETS.paper).parameters(initializer(1))), 31 * 101 + 32 * 4096 * 101 + body);
  assertEquals(count(critic(PRESETS.paper).parameters(initializer(1))), convolutions + layerNorms + 4096 + 1);
});

Deno.test("presets: every preset, with every head and norm, goes from latents to one score each", () => {
  for (const preset of Object.values(PRESETS)) {
    for (const head of HEADS) {
      for (const criticNorm of CRITIC_NORMS) {
        const options: ModelOptions = { ...preset, head, criticNorm, image: [64, 32, 3] };
        const [g, d] = [generator(options), critic(options)];
        const init = initializer(1);
        const made = g.apply(g.parameters(init), zeros([2, g.head.latent]));
        assertEquals(made.images.shape, [2, 64, 32, 3]);
        assertEquals(made.weights.shape, [2, g.head.leaves]);
        assertEquals(made.gates.shape, [2, g.head.gates]);
        assertEquals(d.apply(d.parameters(init), made.images).shape, [2, 1]);
      }
    }
  }
});

// Deviations of pixels in [-1, 1]: real pictures have 0.7.
const SEEN = 0.1;
const SATURATED = 0.6;
const GREY = 0.02;

Deno.test("presets: the first pictures of small are no even grey, at any size", () => {
  for (const side of [32, 64]) {
    const { options } = presetFor("small", { traits: { software: true }, image: [side, side, 1] });
    const deviation = (options: ModelOptions) => {
      const [make, init] = [generator(options), initializer(1)];
      const { images } = make.apply(make.parameters(init), normal(randomKey(1), { shape: [4, 64], stream: 1 }));
      const pixels = [...evaluate64(images)];
      const mean = pixels.reduce((sum, x) => sum + x, 0) / pixels.length;
      return Math.sqrt(pixels.reduce((sum, x) => sum + (x - mean) ** 2, 0) / pixels.length);
    };
    const [he, dcgan] = [deviation(options), deviation({ ...options, bodyStart: "dcgan" })];
    assert(he > SEEN && he < SATURATED, `${side}: ${he}`);
    assert(dcgan < GREY, `${side}: ${dcgan}`);
  }
});

Deno.test("presetFor() takes paper on a GPU, small on a CPU, and says why", () => {
  assertEquals(presetFor("auto", { traits: { software: false } }).name, "paper");
  const { name, reason } = presetFor("auto", { traits: { software: true } });
  assertEquals(name, "small");
  assertStringIncludes(reason, "CPU");
  assertEquals(presetFor("tiny", { traits: { software: false } }).options, PRESETS.tiny);
});

Deno.test("presetFor() has another layer with twice the channels for every doubling of the side", () => {
  const of = (name: string, side: number) =>
    presetFor(name, { traits: { software: true }, image: [side, side, 3] }).options;
  const sizes = ({ image, features, body, critic }: ModelOptions) => ({ image, features, body, critic });
  assertEquals(sizes(of("small", 64)), {
    image: [64, 64, 3],
    features: 128,
    body: [64, 32, 16],
    critic: [16, 32, 64, 128],
  });
  assertEquals(sizes(of("small", 128)), {
    image: [128, 128, 3],
    features: 256,
    body: [128, 64, 32, 16],
    critic: [16, 32, 64, 128, 256],
  });
  assertEquals(sizes(of("paper", 128)), {
    image: [128, 128, 3],
    features: 1024,
    body: [512, 256, 128, 64],
    critic: [64, 128, 256, 512, 1024],
  });
  for (const options of [of("small", 64), of("paper", 128)]) {
    const [g, d] = [generator(options), critic(options)];
    assertEquals(g.head.featureShape, [4, 4, options.features]); // DCGAN's 4x4
    const { images } = g.apply(g.parameters(initializer(1)), zeros([1, g.head.latent]));
    assertEquals([images.shape, d.apply(d.parameters(initializer(1)), images).shape], [[1, ...options.image], [1, 1]]);
  }
});

Deno.test("presetFor() takes toy for points: dense networks", () => {
  const { name, options, reason } = presetFor("auto", { traits: { software: false }, image: [1, 1, 2] });
  assertEquals([name, reason], ["toy", "Preset toy: the data are points"]);
  const [g, d] = [generator(options), critic(options)];
  const [ofGenerator, ofCritic] = [g.parameters(initializer(1)), d.parameters(initializer(1))];
  assertEquals(g.apply(ofGenerator, zeros([5, 8])).images.shape, [5, 1, 1, 2]);
  const shapesOf = (tree: Tree<Tensor>) => leavesOf<Tensor>(tree, isTensor).map(([path, { shape }]) => [path, shape]);
  assertEquals(shapesOf(ofCritic), [
    ["layers/0/dense/weight", [2, 128]],
    ["layers/0/dense/bias", [128]],
    ["layers/1/dense/weight", [128, 128]],
    ["layers/1/dense/bias", [128]],
    ["layers/2/dense/weight", [128, 128]],
    ["layers/2/dense/bias", [128]],
    ["score/weight", [128, 1]],
    ["score/bias", [1]],
  ]);
  assertEquals(shapesOf(ofGenerator.body), [
    ["0/weight", [64, 64]],
    ["0/bias", [64]],
    ["1/weight", [64, 64]],
    ["1/bias", [64]],
    ["2/weight", [64, 2]],
    ["2/bias", [2]],
  ]);
  assertThrows(
    () => generator(presetFor("small", { traits: { software: true }, image: [1, 1, 2] }).options),
    RangeError,
    "Cannot use points of 2 numbers with convolutions: expected the preset toy",
  );
});

Deno.test("presetFor() refuses an unknown preset and names the nearest", () => {
  assertThrows(
    () => presetFor("papre", { traits: { software: true } }),
    RangeError,
    'Cannot use preset "papre": expected one of auto, paper, small, tiny, toy; the nearest is paper',
  );
  assertThrows(() => presetFor("constructor", { traits: { software: true } }), RangeError);
});

Deno.test("checkModelOptions() refuses what describes no model, in one sentence", () => {
  const refused: [Partial<Record<keyof ModelOptions, unknown>>, string][] = [
    [{ depth: 0 }, "Cannot build a tree of depth 0: expected a whole number from 1 to 10"],
    [{ depth: 20, head: "flat" }, "Cannot build a flat mixture of depth 20: expected a whole number from 1 to 10"],
    [
      { head: "Trees" },
      'Cannot use head "Trees": expected one of tree, flat, single, disjoint, prior, gumbel, latents; the nearest is tree',
    ],
    [{ leaves: "linaer" }, 'Cannot use leaves "linaer": expected one of linear, constant; the nearest is linear'],
    [
      { head: "single", leaves: "constant" },
      "Cannot build a single generator with constant leaves: each makes one picture, expected linear",
    ],
    [
      { head: "single", depth: 99 },
      "Cannot build a single generator of depth 99: expected a whole number from 1 to 10",
    ],
    [{ leafSpread: -1 }, "Cannot use -1 as leaf spread: expected a number of at least 0"],
    [{ layers: "dens" }, 'Cannot use layers "dens": expected one of convolutional, dense; the nearest is dense'],
    [
      { bodyStart: "hee" as "he" },
      'Cannot use body start "hee": expected one of dcgan, he; the nearest is he',
    ],
    [{ latent: 0 }, "Cannot use 0 as latent: expected a whole number from 1 to 4096"],
    [{ body: [32, 1.5] }, "Cannot use 1.5 as body channels: expected a whole number from 1 to 4096"],
    [{ critic: [] }, "Cannot build a critic of 0 layers: expected at least 1"],
    [
      { image: [28, 28, 1] },
      "Cannot use images of 28x28 with a body of 3 convolutions: expected sides that 8 divides",
    ],
  ];
  for (const [change, message] of refused) {
    assertThrows(() => checkModelOptions({ ...PRESETS.small, ...change } as ModelOptions), RangeError, message);
  }
});
