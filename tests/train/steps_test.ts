/** Steps as graphs, evaluated in float64: every method with every objective, and what steps draw, cut and count. */

import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { isTensor, type Tensors } from "../../core/grad.ts";
import { generator } from "../../core/models/generator.ts";
import { CRITIC_NORMS, type ModelOptions } from "../../core/models/presets.ts";
import { valueAt } from "../../core/models/schedule.ts";
import { normal, randomKey } from "../../core/ops/random.ts";
import { constant, input } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { AUGMENTATION_NAMES } from "../../core/train/augment.ts";
import { METHOD_NAMES, METHODS } from "../../core/train/methods.ts";
import { type Objective, OBJECTIVE_NAMES, OBJECTIVES } from "../../core/train/objectives.ts";
import { resolveOptions, type TrainOptions, type TrainRequest } from "../../core/train/options.ts";
import {
  criticStep,
  generatorSeesReal,
  generatorStep,
  initialState,
  sampleStep,
  type TrainState,
} from "../../core/train/steps.ts";
import { leavesOf } from "../../core/tree.ts";
import { evaluate64, evaluateAll64 } from "../reference/interpreter.ts";
import { points } from "./shapes.ts";

const BATCH = 6;
const DATA = points(24);
const SMALL: Partial<ModelOptions> = { latent: 3, depth: 2, features: 6, body: [5], critic: [5, 4] };
const INDICES = constant(Uint32Array.from({ length: BATCH }, (_, i) => (5 * i) % 24));
const F32 = 1e-7; // options and starting values pass through float32

function optionsOf(request: Partial<TrainRequest> = {}, model: Partial<ModelOptions> = {}): TrainOptions {
  const asked = { dataset: "points", preset: "toy", batch: BATCH, iterations: 100, ...request };
  const { options } = resolveOptions(asked, { traits: { software: true }, count: 24, image: [1, 1, 2] });
  return { ...options, model: { ...options.model, ...SMALL, ...model } };
}

/** What a step makes of a state: the new leaves by path, and the metrics. */
function valuesOf({ state = {}, outputs }: { state?: unknown; outputs: Record<string, Tensor> }) {
  const leaves = leavesOf<Tensor>(state as Tensors, isTensor);
  const metrics = Object.entries(outputs);
  const values = evaluateAll64([...leaves, ...metrics].map(([, tensor]) => tensor));
  return {
    state: Object.fromEntries(leaves.map(([path], i) => [path, values[i]])),
    metrics: Object.fromEntries(metrics.map(([name], i) => [name, values[leaves.length + i]])),
  };
}

const critic = (options: TrainOptions, state: TrainState) => criticStep(options, DATA)(state, { indices: INDICES });
const generate = (options: TrainOptions, state: TrainState) => {
  return generatorStep(options, DATA)(state, generatorSeesReal(options) ? { indices: INDICES } : undefined);
};

const ALWAYS = ["generatorLoss", "largestWeight", "leafUsageEntropy"];

for (const method of METHOD_NAMES.filter((name) => name !== "dcgan")) {
  const odds = "logOdds" in METHODS[method]; // `checkTogether` refuses others, which methods_test.ts looks at
  const objectives = OBJECTIVE_NAMES.filter((name) => !odds || "logOdds" in OBJECTIVES[name]);
  Deno.test(`criticStep() and generatorStep() of ${method} with each of ${objectives.length} objectives give finite numbers`, () => {
    for (const name of objectives) {
      const objective: Objective = OBJECTIVES[name];
      const options = optionsOf({ method, objective: name });
      const state = initialState(options);
      const before = Object.fromEntries(
        leavesOf<Tensor>(state, isTensor).map(([path, leaf]) => [path, evaluate64(leaf)]),
      );
      const [ofCritic, ofGenerator] = [critic(options, state), generate(options, state)].map(valuesOf);
      assertEquals(Object.keys(ofGenerator.metrics).sort(), ALWAYS, name);
      assertEquals(Object.keys(ofCritic.metrics).sort(), [
        "criticLoss",
        ...name === "wgan-gp" || name === "dragan" ? ["gradientNorm"] : [],
        ..."classes" in METHODS[method] && METHODS[method].classes === "critic" ? ["identityLoss"] : [],
        ...objective.wasserstein ? ["wasserstein"] : [],
      ]);
      for (const { state, metrics } of [ofCritic, ofGenerator]) {
        for (const [path, values] of Object.entries({ ...state, ...metrics })) {
          assert(values.every(Number.isFinite), `${name}: ${path} has elements that are no finite numbers`);
        }
        assertEquals([...state.step], [1]);
      }
      const moved = Object.entries({ ...ofCritic.state, ...ofGenerator.state }).filter(([path]) =>
        /^(generator|critic|recogniser)\//.test(path)
      );
      for (const [path, values] of moved) {
        if (path === "critic/score/bias") continue; // a difference of scores has no gradient in it
        assert(values.some((x, i) => x !== before[path][i]), `${name}: ${path} is as it was`);
      }
      assertEquals(
        moved.length,
        Object.keys(before).filter((path) => /^(generator|critic|recogniser)\//.test(path)).length,
      );
      if (objective.clip === undefined) continue;
      const largest = Math.max(
        ...moved.filter(([path]) => path.startsWith("critic/")).flatMap(([, x]) => [...x]).map(Math.abs),
      );
      assertAlmostEquals(largest, objective.clip, F32);
    }
  });
}

Deno.test("criticStep() takes every norm of the critic, and every penalty together, with every objective", () => {
  for (const criticNorm of CRITIC_NORMS) {
    for (const objective of OBJECTIVE_NAMES) {
      const alone = { gp: 0, r1: 0, dragan: 0 };
      const regularizers = criticNorm === "batch" ? alone : { gp: 1, r1: 0.5, r2: 0.5, dragan: 1 };
      const options = optionsOf({ objective, criticNorm, regularizers });
      const { state, metrics } = valuesOf(critic(options, initialState(options)));
      assert(Object.values({ ...state, ...metrics }).every((values) => values.every(Number.isFinite)), criticNorm);
      const next = Object.keys(state).filter((path) => path.startsWith("directions/"));
      assertEquals(next.length, criticNorm === "spectral" ? 3 : 0);
    }
  }
});

Deno.test("criticStep() scores the same apart as together", () => {
  const options = optionsOf({ method: "mgan", objective: "non-saturating", regularizers: { gp: 1 } });
  const state = initialState(options);
  const loss = (apart: boolean) =>
    evaluate64(criticStep(options, DATA, { apart })(state, { indices: INDICES }).outputs.criticLoss);
  assertAlmostEquals(loss(true)[0], loss(false)[0], 1e-12);
});

Deno.test("generatorSeesReal() where objective or method looks at real images", () => {
  const sees = (method: string, objective: string) => generatorSeesReal(optionsOf({ method, objective }));
  assertEquals([sees("hmog", "rpgan"), sees("dmwgan-pl", "hinge"), sees("mgan", "wgan-gp")], [true, true, false]);
});

/** All nodes that a tensor depends on, itself included. */
function ancestorsOf(tensors: readonly Tensor[]): Set<Tensor> {
  const found = new Set<Tensor>();
  const stack = [...tensors];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (found.has(node)) continue;
    found.add(node);
    stack.push(...node.inputs);
  }
  return found;
}

Deno.test("steps draw all random numbers by the step counter, no two of them with one stream", () => {
  const options = optionsOf({ method: "madgan", objective: "rpgan", regularizers: { gp: 1, dragan: 1 } });
  const wide = { ...options, augment: AUGMENTATION_NAMES, model: { ...options.model, image: [4, 4, 3] as const } };
  const data = { images: new Float32Array(24 * 48), shape: [24, 4, 4, 3] as const };
  const start = initialState(wide);
  const state: TrainState = { ...start, step: input({ name: "step", shape: [1], dtype: "u32" }) };
  for (const make of [criticStep(wide, data), generatorStep(wide, data)]) {
    const nodes = [...ancestorsOf(Object.values(make(state, { indices: INDICES }).outputs))];
    const drawn = nodes.filter(({ op }) => op.name === "uniform" || op.name === "normal")
      .filter(({ inputs }) => ancestorsOf(inputs).has(state.step)); // others are starting values
    const streams = drawn.map(({ attributes }) => attributes.stream);
    assertEquals(new Set(streams).size, streams.length, `streams ${streams}`);
    assert(streams.length >= 1 + 2 * 7, `${streams.length} draws`); // latents; color 3, translation 2, cutout 2, twice
  }
});

Deno.test("sampleStep() draws with the gates' temperature of its iteration, whatever step of it", () => {
  const options = { ...optionsOf(), gateTemperature: { from: 1, to: 0.1, over: 50 } };
  const state = initialState(options);
  const make = generator(options.model);
  const z = normal(randomKey(options.seed, 0, 1), { shape: [2048, make.head.latent], stream: 1 });
  const few = (values: ArrayLike<number>) => Array.from(values).slice(0, 400);
  const seen = (step: number) =>
    few(evaluate64(sampleStep(options)({ ...state, step: constant(Uint32Array.of(step)) }).outputs.weights));
  for (const iteration of [0, 7, 50, 80]) {
    const temperature = valueAt(options.gateTemperature, iteration);
    const expected = few(evaluate64(make.apply(state.ema, z, { temperature }).weights));
    const steps = options.criticSteps + 1;
    for (const step of [steps * iteration, steps * iteration + options.criticSteps]) {
      seen(step).forEach((weight, i) => assertAlmostEquals(weight, expected[i], 1e-6));
    }
  }
  assertNotEquals(seen(0), seen(options.criticSteps + 1));
});
