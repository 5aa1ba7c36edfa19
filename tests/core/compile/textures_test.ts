/** Where plans put values: what a kernel binds was put there before, in the kind of memory that it is bound as. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { AdapterTraits } from "../../../core/adapter.ts";
import { type Plan, plan, type Update } from "../../../core/compile/plan.ts";
import type { StepResult } from "../../../core/compile/program.ts";
import { planStorage, variablesInTextures } from "../../../core/compile/storage.ts";
import { sharedBufferOf } from "../../../core/compile/together.ts";
import type { KernelText } from "../../../core/compile/write.ts";
import { isTensor, type Tensors } from "../../../core/grad.ts";
import { isPoint, PRESETS } from "../../../core/models/presets.ts";
import { add, mul, sub } from "../../../core/ops/elementwise.ts";
import { broadcastTo, reshape } from "../../../core/ops/movement.ts";
import { max, sum } from "../../../core/ops/reduce.ts";
import { input, type Placeholder, variable, zeros } from "../../../core/ops/source.ts";
import { type Shape, sizeOf } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { resolveOptions, type TrainOptions } from "../../../core/train/options.ts";
import {
  criticStep,
  generatorStep,
  initialState,
  sampleStep,
  together,
  type TrainState,
} from "../../../core/train/steps.ts";
import { leavesOf, mapTree } from "../../../core/tree.ts";
import { seedsOfGraphs } from "../../random_graphs.ts";
import { fitted, rowGraph, someOf } from "../../row_graphs.ts";
import { PAIRS } from "../../train/pairs.ts";
import { points, shapes } from "../../train/shapes.ts";

/** A software adapter that binds as many textures as any kernel wants, as llvmpipe does. */
const CPU: AdapterTraits = {
  software: true,
  maxInvocations: 1024,
  maxWorkgroupMemory: 2 ** 15,
  maxStorageBuffers: 32,
  maxStorageTextures: 32,
  maxTextureSide: 16384,
};
/** What every adapter of WebGPU has. */
const LEAST = {
  maxInvocations: 256,
  maxWorkgroupMemory: 2 ** 14,
  maxStorageBuffers: 8,
  maxStorageTextures: 4,
  maxTextureSide: 8192,
};
const ADAPTERS: readonly [name: string, traits: AdapterTraits][] = [
  ["a CPU", CPU],
  ["a graphics card", { ...CPU, software: false }],
  ["the smallest CPU", { ...LEAST, software: true }],
  ["the smallest graphics card", { ...LEAST, software: false }],
];
const RUNS = 300; // plans alone, without a device, are quick
const SEED = 1; // so that what fails once fails again
const DATA = shapes(96);

/** Runs the kernels of a plan in mind: everything that one binds lies where it looks, and nothing is written twice. */
function assertFindsAll(texts: readonly KernelText[], planned: Plan, cached: ReadonlySet<Tensor>): void {
  const { buffers, textures, freshTextures } = planStorage(texts, planned, cached);
  const { outputs, inPlace, parts, copied, sources } = planned;
  const inBuffers = new Set(sources);
  const inTextures = new Set(cached);
  const stored = new Set<Tensor>();
  const hasBuffer = (node: Tensor): boolean =>
    outputs.includes(node) || inPlace.has(node) || buffers.slotOf.has(parts.get(node)?.whole ?? node);
  /** Whether a value is in a buffer, or is all of a buffer whose parts are. */
  const isThere = (node: Tensor): boolean => {
    if (inBuffers.has(node) || sharedBufferOf(node)) return true;
    const within = [...parts].filter(([, { whole }]) => whole === node);
    return within.length > 0 && within.every(([part]) => inBuffers.has(part));
  };
  texts.forEach(({ label, bindings }, i) => {
    for (const node of freshTextures[i]) {
      assert(isThere(node), `a copy for ${label} is made of what is in no buffer`);
      inTextures.add(node);
    }
    for (const { node, access } of bindings) {
      const what = `${label} binds ${node.op.name} [${node.shape}]`;
      if (access === "read") assert(isThere(node), `${what} as a buffer, which holds nothing`);
      if (access === "texture") assert(inTextures.has(node), `${what} as a texture, which holds nothing`);
      if (access === "write") assert(hasBuffer(node), `${what}, which has no buffer`);
      if (access.startsWith("texture")) {
        assert(cached.has(node) || textures.slotOf.has(node), `${what}, which has no texture`);
      }
    }
    for (const { node, access } of bindings) {
      if (access === "read" || access === "texture") continue;
      assert(!stored.has(node), `${label} stores ${node.op.name} [${node.shape}], which is stored already`);
      stored.add(node);
      (access === "write" ? inBuffers : inTextures).add(node);
    }
  });
  for (const node of [...outputs, ...copied.map(({ value }) => value)]) {
    assert(inBuffers.has(node), `${node.op.name} [${node.shape}] is kept, but in no buffer`);
  }
  for (const [value, place] of inPlace) {
    const buffer = sharedBufferOf(place);
    const isWhole = (other: Tensor) => buffer !== undefined && sharedBufferOf(inPlace.get(other) ?? other) === buffer;
    assert([...stored].some((other) => other === value || isWhole(other)), `nothing replaces ${place.attributes.name}`);
  }
}

/** WebGPU lets no kernel read from a buffer that it writes, be it other parts of it. */
function assertNoneReadsWhatItWrites(texts: readonly KernelText[], { inPlace }: Plan): void {
  const bufferOf = (node: Tensor) => sharedBufferOf(inPlace.get(node) ?? node);
  for (const { label, bindings } of texts) {
    const written = bindings.filter(({ access }) => access === "write").map(({ node }) => bufferOf(node));
    const both = bindings.filter(({ node, access }) =>
      access === "read" && bufferOf(node) !== undefined && written.includes(bufferOf(node))
    );
    assertEquals(both.map(({ node }) => `${label} reads ${node.op.name} ${node.attributes.name}`), []);
  }
}

/** Checks the best and the last variants of all kernels, with and without textures that variables have for themselves. */
function assertPlanFindsAll(planned: Plan, { maxStorageBuffers, maxStorageTextures }: AdapterTraits): void {
  for (const variant of [0, -1]) {
    const texts = planned.kernels.map((variants) => variants.at(variant)!());
    for (const cached of [[], variablesInTextures(texts)]) assertFindsAll(texts, planned, new Set(cached));
    assertNoneReadsWhatItWrites(texts, planned);
    for (const { label, bindings } of texts) {
      const bound = bindings.filter(({ access }) => access.startsWith("texture")).length;
      assert(bound <= maxStorageTextures, `${label} binds ${bound} textures`);
      assert(bindings.length - bound <= maxStorageBuffers, `${label} binds ${bindings.length - bound} buffers`);
    }
  }
}

/** Variables as those of a state in which leaves of subtrees share a buffer, but without memory. */
function variablesFor<S extends Tensors>(tree: S, together: readonly string[]): S {
  const places = new Map(
    leavesOf<Tensor>(tree, isTensor).map(([path, { shape, dtype }]): [string, Placeholder] => [
      path,
      { name: path, shape, dtype },
    ]),
  );
  for (const prefix of together) {
    const inside = [...places.values()].filter(({ name }) => `${name}/`.startsWith(`${prefix}/`));
    const starts: number[] = [];
    let size = 0;
    for (const { shape } of inside) {
      starts.push(size);
      size = Math.ceil((size + sizeOf(shape)) / 64) * 64; // what every adapter can bind, in elements
    }
    const buffer = { size, count: inside.length };
    inside.forEach((place, i) => places.set(place.name, { ...place, shared: { buffer, at: starts[i] } }));
  }
  return mapTree<Tensor, Tensor>(tree, isTensor, (_, path) => variable(places.get(path)!)) as S;
}

/** The plan of a step on variables. */
function planOf(tensors: Tensors, { state = [], outputs = {} }: StepResult, adapter: AdapterTraits): Plan {
  const places = new Map(leavesOf<Tensor>(tensors, isTensor));
  const updates = leavesOf<Tensor>(state, isTensor).map(([path, value]): Update => ({
    place: places.get(path)!,
    value,
  })).filter(({ place, value }) => place !== value);
  return plan(Object.values(outputs), updates, adapter);
}

function assertStepsFindAll(options: TrainOptions, adapter: AdapterTraits): void {
  const start = initialState(options);
  const state: TrainState = variablesFor(start, together(start));
  const data = isPoint(options.model.image) ? points(DATA.shape[0]) : DATA;
  const indices = input({ name: "indices", shape: [options.batch], dtype: "u32" });
  const results = [
    criticStep(options, data)(state, { indices }),
    generatorStep(options, data)(state, { indices }),
    sampleStep(options)(state),
  ];
  for (const result of results) assertPlanFindsAll(planOf(state, result, adapter), adapter);
}

for (const [name, adapter] of ADAPTERS) {
  Deno.test(`plan() of every preset's steps puts values where kernels look for them, for ${name}`, () => {
    const optionsOf = (changes: { preset: string; method?: string; leaves?: string; objective?: string }) =>
      resolveOptions({ dataset: "shapes", batch: 64, iterations: 1, ...changes }, {
        traits: adapter,
        count: DATA.shape[0],
      }).options;
    for (const preset of Object.keys(PRESETS)) assertStepsFindAll(optionsOf({ preset }), adapter);
    for (const pair of [...PAIRS, { leaves: "constant" }]) {
      assertStepsFindAll(optionsOf({ preset: "tiny", ...pair }), adapter);
    }
  });

  Deno.test(`plan() of random rows puts values where kernels look for them, for ${name}`, () => {
    fc.assert(
      fc.property(fc.constantFrom(12, 64), fc.boolean(), seedsOfGraphs(24), (rows, together, seeds) => {
        // 512 columns of 64 rows, and some of what is computed from them, fill textures.
        const tree = ([[8], [3, 4], [1], [], [rows], [512]] satisfies Shape[]).map((row) => zeros([rows, ...row]));
        const leaves = variablesFor({ x: tree }, together ? ["x"] : []).x;
        const values = rowGraph(seeds, { leaves, rows, longest: 1200, across: true });
        // Every leaf but one changes, each by the new value of the one before it.
        const updates: Update[] = [];
        for (const [i, place] of leaves.slice(1).entries()) {
          const operand = updates.at(-1)?.value ?? values.at(-1) ?? leaves[i];
          updates.push({ place, value: add(place, fitted(operand, place.shape)) });
        }
        assertPlanFindsAll(plan(someOf(values), updates, adapter), adapter);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  Deno.test(`plan() lets a vector of one number a row fill a texture only where kernels look there, for ${name}`, () => {
    const shape = [2 ** 14, 8];
    const column = (x: Tensor) => broadcastTo(reshape(x, [shape[0], 1]), shape);
    const vector = sum(variable({ name: "v", shape: [5, shape[0]] }), { axes: [0] });
    const z = mul(variable({ name: "z", shape }), column(vector));
    assertPlanFindsAll(plan([sum(sub(z, column(max(z, { axes: [1] }))), { axes: [1] })], [], adapter), adapter);
  });
}

Deno.test("plan() puts values of steps in textures on a CPU that binds enough of them, and nowhere else", () => {
  const texturesOf = (adapter: AdapterTraits) => {
    const { options } = resolveOptions({ dataset: "shapes", preset: "tiny", batch: 64, iterations: 1 }, {
      traits: adapter,
      count: DATA.shape[0],
    });
    const start = initialState(options);
    const state: TrainState = variablesFor(start, together(start));
    const { kernels } = planOf(state, generatorStep(options, DATA)(state), adapter);
    return kernels.flatMap(([best]) => best().bindings).filter(({ access }) => access === "textureWrite").length;
  };
  assertEquals(ADAPTERS.map(([, adapter]) => texturesOf(adapter) > 0), [true, false, false, false]);
});
