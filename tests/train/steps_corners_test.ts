/** Whole steps on the GPU against float64, where sizes are least and options pile up. */

import { assertAlmostEquals } from "@std/assert";
import { evaluate } from "../../core/compile/program.ts";
import { isTensor, type Tensors } from "../../core/grad.ts";
import type { ModelOptions } from "../../core/models/presets.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { resolveOptions, type TrainOptions, type TrainRequest } from "../../core/train/options.ts";
import { criticStep, generatorSeesReal, generatorStep, initialState, type TrainState } from "../../core/train/steps.ts";
import { leavesOf, mapTree } from "../../core/tree.ts";
import { device } from "../gpu.ts";
import { evaluateAll64 } from "../reference/interpreter.ts";
import { points } from "./shapes.ts";

/** Against the largest number of a tensor: sharp gates and norms of few numbers make some dozen times more of rounding. */
const TOLERANCE = 2e-4;
const LEAST = 1e-2; // of those largest numbers: what is smaller is what remains where larger ones cancel
const [COUNT, ITERATIONS] = [24, 100];
const DATA = points(COUNT);

const CORNERS: [request: Partial<TrainRequest>, model: Partial<ModelOptions>, batch: number, iteration: number][] = [
  [{ localize: true, criticNorm: "spectral", objective: "hinge" }, { depth: 1, latent: 1 }, 3, 90],
  [
    { method: "mog", leaves: "constant", objective: "wgan", gateTemperature: [3, 0.01] },
    { depth: 4, latent: 2 },
    1,
    70,
  ],
  [{ method: "madgan", objective: "dragan", regularizers: { r1: 1, gp: 1, r2: 1 } }, { depth: 2, latent: 1 }, 5, 10],
  [{ method: "megan", objective: "lsgan", criticNorm: "batch", gateTemperature: [1, 0.05] }, { depth: 1 }, 4, 80],
  [{ method: "dmwgan-pl", objective: "rpgan", criticNorm: "layer" }, { depth: 1, latent: 1 }, 2, 30],
];

/** The first state, its weights as numbers that GPU and float64 have alike, at the last step of an iteration. */
function stateOf(options: TrainOptions, iteration: number): TrainState {
  const start = initialState(options);
  const leaves = leavesOf<Tensor>(start, isTensor).filter(([, { dtype }]) => dtype === "f32");
  const values = evaluateAll64(leaves.map(([, leaf]) => leaf));
  const numbers = new Map(leaves.map(([path, { shape }], i) => [path, constant(Float32Array.from(values[i]), shape)]));
  const state = mapTree<Tensor, Tensor>(start, isTensor, (leaf, path) => numbers.get(path) ?? leaf) as TrainState;
  return { ...state, step: constant(Uint32Array.of(iteration * (options.criticSteps + 1) + options.criticSteps)) };
}

/** By name: metrics, first moments of the gradients, and directions. */
function seenOf({ state, outputs }: { state: unknown; outputs: Record<string, Tensor> }): Record<string, Tensor> {
  const leaves = leavesOf<Tensor>(state as Tensors, isTensor);
  const seen = leaves.filter(([path]) => /\/first\/|^directions/.test(path));
  return { ...outputs, ...Object.fromEntries(seen.map(([path, leaf]) => [path.replaceAll("/", "_"), leaf])) };
}

for (const [request, model, batch, iteration] of CORNERS) {
  const what = [request.method ?? "localize", request.objective, request.criticNorm ?? "none"].join(", ");
  Deno.test(`criticStep() and generatorStep() on the GPU give what float64 gives: ${what}, batch ${batch}`, async () => {
    const asked = {
      dataset: "points",
      preset: "toy",
      regularizers: { r1: 0 },
      batch,
      iterations: ITERATIONS,
      ...request,
    };
    const { options: usual } = resolveOptions(asked, { traits: { software: true }, count: COUNT, image: [1, 1, 2] });
    const options = { ...usual, model: { ...usual.model, features: 6, body: [5], critic: [5, 4], ...model } };
    const state = stateOf(options, iteration);
    const fed = { indices: constant(Uint32Array.from({ length: batch }, (_, i) => (5 * i) % COUNT)) };
    const critic = criticStep(options, DATA)(state, fed);
    const generator = generatorStep(options, DATA)(state, generatorSeesReal(options) ? fed : undefined);
    const tensors = { ...seenOf(critic), ...seenOf(generator) };
    const found = await evaluate(device, tensors);
    const wanted = evaluateAll64(Object.values(tensors));
    Object.keys(tensors).forEach((name, at) => {
      const largest = Math.max(LEAST, ...Array.from(wanted[at], Math.abs));
      wanted[at].forEach((value, i) => assertAlmostEquals(found[name][i], value, TOLERANCE * largest, `${name} ${i}`));
    });
  });
}
