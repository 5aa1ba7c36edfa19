import { assertEquals, assertThrows } from "@std/assert";
import { PRESETS } from "../../core/models/presets.ts";
import { METHOD_NAMES } from "../../core/train/methods.ts";
import { OBJECTIVE_NAMES } from "../../core/train/objectives.ts";
import { checkEffect, resolveOptions, type TrainContext, type TrainRequest } from "../../core/train/options.ts";

const CONTEXT: TrainContext = { traits: { software: true }, count: 60000 };
const resolve = (request: Partial<TrainRequest>, context = CONTEXT) =>
  resolveOptions({ dataset: "mnist", ...request }, context);

Deno.test("resolveOptions() takes paper on a GPU and small on a software adapter, and says why", () => {
  const onCpu = resolve({});
  assertEquals([onCpu.options.preset, onCpu.reason], ["small", "Preset small: the adapter runs on the CPU"]);
  const onGpu = resolve({}, { traits: { software: false }, count: 60000 });
  assertEquals([onGpu.options.preset, onGpu.reason], ["paper", "Preset paper: the adapter is a GPU"]);
});

Deno.test("resolveOptions() gives the published training for paper", () => {
  const { options } = resolve({ preset: "paper" });
  const { objective, batch, criticSteps, adam, iterations, model } = options;
  assertEquals({ objective, batch, criticSteps, adam, iterations, model }, {
    objective: "wgan-gp",
    batch: 128,
    criticSteps: 5,
    adam: { learningRate: 1e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 },
    iterations: 250 * 468 / 5, // 468 batches an epoch
    model: PRESETS.paper,
  });
});

Deno.test("resolveOptions() overrides the preset by what is asked for", () => {
  const request: Partial<TrainRequest> = {
    preset: "tiny",
    method: "mog",
    leaves: "constant",
    depth: 4,
    objective: "non-saturating",
    iterations: 1234,
    batch: 32,
    learningRate: 0.01,
    seed: 2 ** 53 - 1,
    sampleEvery: 7,
    saveEvery: 9,
  };
  const { options } = resolve(request);
  const { iterations, batch, criticSteps, sampleEvery, saveEvery } = options;
  assertEquals([iterations, batch, criticSteps, sampleEvery, saveEvery], [1234, 32, 1, 7, 9]);
  assertEquals([options.method, options.model], ["mog", {
    ...PRESETS.tiny,
    head: "flat",
    leaves: "constant",
    depth: 4,
  }]);
  assertEquals([options.adam.learningRate, options.seed], [0.01, 2 ** 53 - 1]);
});

Deno.test("resolveOptions() takes toy for points, with an objective, a penalty and a schedule of its own", () => {
  const points = { ...CONTEXT, image: [1, 1, 2] as const };
  const { options, reason } = resolve({ iterations: 400 }, points);
  assertEquals([options.preset, reason, options.model.image], ["toy", "Preset toy: the data are points", [1, 1, 2]]);
  assertEquals([options.objective, options.regularizers], ["non-saturating", { r1: 0.02 }]);
  assertEquals(options.gateTemperature, { from: 1, to: 0.1, over: 200 }); // half of the run
  assertEquals(resolve({ objective: "wgan-gp" }, points).options.regularizers, { gp: 10 });
  assertEquals(resolve({ gateTemperature: [2] }, points).options.gateTemperature, { from: 2, to: 2, over: 4000 });
});

Deno.test("resolveOptions() adds weights of penalties to those of the objective, and 0 takes one away", () => {
  const penalties = (request: Partial<TrainRequest>) => resolve(request).options.regularizers;
  assertEquals(penalties({}), { gp: 10 });
  assertEquals(penalties({ regularizers: { gp: 1, r1: 0.5, r2: undefined } }), { gp: 1, r1: 0.5 });
  assertEquals(penalties({ objective: "dragan", regularizers: { r2: 1 } }), { dragan: 10, r2: 1 });
  assertEquals(penalties({ objective: "wgan" }), {});
  const { options } = resolve({ criticNorm: "batch", regularizers: { gp: 0 } }); // makes it fit
  assertEquals([options.model.criticNorm, options.regularizers], ["batch", { gp: 0 }]);
});

Deno.test("resolveOptions() gives every method its head and every objective its number of critic steps", () => {
  const heads = METHOD_NAMES.map((method) => resolve({ method, objective: "minimax" }).options.model.head);
  assertEquals(heads, ["tree", "flat", "single", "single", "latents", "disjoint", "disjoint", "gumbel", "prior"]);
  const steps = OBJECTIVE_NAMES.map((objective) => resolve({ objective }).options.criticSteps);
  assertEquals(steps, [1, 1, 1, 1, 5, 5, 1, 1]);
});

Deno.test("resolveOptions() has an objective for every method, also for one that does not go with the usual one", () => {
  const objectiveOf = (method: string) => resolve({ method }).options.objective;
  assertEquals(METHOD_NAMES.filter((name) => objectiveOf(name) !== "wgan-gp"), ["madgan"]);
  assertEquals(objectiveOf("madgan"), "non-saturating");
  assertEquals(resolve({ method: "madgan", preset: "toy" }).options.regularizers, { r1: 0.02 });
});

Deno.test("resolveOptions() spaces samples and checkpoints by the length of the run", () => {
  const gaps = (iterations: number) => {
    const { sampleEvery, saveEvery } = resolve({ iterations }).options;
    return [sampleEvery, saveEvery];
  };
  assertEquals([30, 1500, 10000, 23400].map(gaps), [[10, 10], [100, 200], [500, 1000], [2000, 5000]]);
});

Deno.test("resolveOptions() says what is wrong with a request", () => {
  const cases: [request: Partial<TrainRequest>, message: string][] = [
    [
      { preset: "papr" },
      'Cannot use preset "papr": expected one of auto, paper, small, tiny, toy; the nearest is paper',
    ],
    [{ method: "hmgo" }, "Cannot find method hmgo: it is unknown, expected one of hmog, mog, gan, dcgan, deligan"],
    [{ leaves: "liner" }, 'Cannot use leaves "liner": expected one of linear, constant; the nearest is linear'],
    [{ objective: "wgna" }, "Cannot find objective wgna: it is unknown"],
    [
      { method: "madgan", objective: "wgan-gp" },
      "Cannot train madgan with wgan-gp: its critic is a classifier of real and each generator",
    ],
    [{ method: "gan", localize: true }, "Cannot localize gan: it has no tree whose decisions could be told"],
    [{ method: "mgan", leaves: "constant" }, "Cannot build a choice of generators with constant leaves"],
    [
      { criticNorm: "batch" },
      "Cannot use the penalty gp with critic norm batch: scores depend on the other images of a batch, expected --gp 0, " +
      "or critic norm layer, spectral or none",
    ],
    [{ criticNorm: "batch", preset: "toy" }, "expected --r1 0, or critic norm layer"],
    [{ criticNorm: "batch", objective: "dragan" }, "expected another objective, or critic norm layer"],
    [{ method: "gan", depth: 99 }, "Cannot build a single generator of depth 99: expected a whole number from 1 to 10"],
    [{ criticNorm: "spectrl" }, 'Cannot use critic norm "spectrl": expected one of layer, batch, spectral, none'],
    [{ regularizers: { r1: -1 } }, "Cannot use -1 as weight of the penalty r1: expected a number of at least 0"],
    [{ gateTemperature: [1, 0] }, "Cannot use a gate temperature from 1 to 0 over 750 iterations: expected numbers"],
    [{ augment: ["flp"] }, "Cannot find augmentation flp: it is unknown, expected one of flip, color"],
    [{ depth: 0 }, "Cannot build a tree of depth 0: expected a whole number from 1 to 10"],
    [{ depth: 20 }, "Cannot build a tree of depth 20: expected a whole number from 1 to 10"],
    [{ batch: 0 }, "Cannot use 0 as batch: expected a whole number from 1 to 10000000"],
    [{ iterations: 2.5 }, "Cannot use 2.5 as iterations: expected a whole number from 1 to 10000000"],
    [{ saveEvery: -1 }, "Cannot use -1 as iterations between checkpoints: expected a whole number"],
    [{ epochs: 0 }, "Cannot train for 0 epochs: expected a number above 0"],
    [{ epochs: 1, iterations: 1 }, "Cannot train for 1 iterations and 1 epochs: expected one of the two"],
    [{ learningRate: 0 }, "Cannot train with learning rate 0: expected a number above 0, at most 1"],
    [{ learningRate: NaN }, "Cannot train with learning rate NaN"],
    [{ seed: -1 }, "Cannot use seed -1: expected a whole number from 0 to 9007199254740991"],
  ];
  for (const [request, message] of cases) assertThrows(() => resolve(request), RangeError, message);
});

Deno.test("checkEffect() refuses a depth and a gate temperature for methods that have no use for them, and for no others", () => {
  const refuses = (request: Partial<TrainRequest>) =>
    METHOD_NAMES.filter((method) => {
      try {
        checkEffect({ dataset: "mnist", method, ...request });
      } catch (error) {
        return error instanceof RangeError;
      }
    });
  assertEquals(refuses({}), []);
  assertEquals(refuses({ depth: 3 }), ["gan", "dcgan"]);
  assertEquals(refuses({ gateTemperature: [1, 0.5] }), [
    "gan",
    "dcgan",
    "deligan",
    "madgan",
    "mgan",
    "dmwgan-pl",
  ]);
});
