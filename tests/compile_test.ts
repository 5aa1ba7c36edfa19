/** Compiled programs: fused results, state in place, inputs, reports. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { compile, createState, evaluate, type HostArray, type State } from "../core/compile/program.ts";
import { openDevice } from "../core/gpu/device.ts";
import { add, addU32, exp, greater, log, mul, neg, sub, toFloat } from "../core/ops/elementwise.ts";
import { matmul } from "../core/ops/matmul.ts";
import { broadcastTo, concat, reshape, slice, transpose } from "../core/ops/movement.ts";
import { normal, stepKey } from "../core/ops/random.ts";
import { max, mean, sum } from "../core/ops/reduce.ts";
import { constant, fill, input, zeros } from "../core/ops/source.ts";
import { type Shape, ShapeError, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { assertClose, assertGpuAgrees, device } from "./gpu.ts";
import { buildGraph, fitted, type Graph, LEAVES, picker, seedsOfGraphs, wholeNumbers } from "./random_graphs.ts";
import { type Bindings, evaluateAll64, type Value } from "./reference/interpreter.ts";

/** Values of random graphs are whole numbers that f32 holds exactly. */
const EXACT = 0;

/** Random graphs of each property: one takes 0.1 to 0.2 s, most of it for compiling its pipelines. */
const GRAPHS = 40;

/** A million f32 additions, in partial sums of at most some thousand terms. */
const LONG_SUM_TOLERANCE = 1e-5;

function numbered(shape: Shape): Tensor {
  return constant(Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + 1), shape);
}

/** The state as plain lists, by name. */
async function valuesOf(state: State<Record<string, Tensor>>): Promise<Record<string, number[]>> {
  const values = await state.read() as Record<string, HostArray>;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [...value]]));
}

/** Runs `step` on a state some times and returns the state then. */
async function stepped<S extends Record<string, Tensor>>(
  start: S,
  step: (state: S) => Record<string, Tensor>,
  times = 1,
): Promise<Record<string, number[]>> {
  const state = await createState(device, start);
  const program = await compile(device, (tensors: S) => ({ state: step(tensors) }), { state });
  for (let i = 0; i < times; i++) program.run();
  const values = await valuesOf(state);
  program.destroy();
  state.destroy();
  return values;
}

// What is fused, shared and reused gives what the graph says.

Deno.test("a program gives what its graph says, whatever is fused", async () => {
  await fc.assert(
    fc.asyncProperty(seedsOfGraphs(12), (seeds) => assertGpuAgrees(buildGraph(seeds).results, EXACT)),
    { numRuns: GRAPHS },
  );
});

Deno.test("a program with state and inputs gives what its graph says, run after run", async () => {
  await fc.assert(
    fc.asyncProperty(seedsOfGraphs(10), fc.nat(), checkRuns),
    { numRuns: GRAPHS },
  );
});

const IN_STATE = 3; // of the leaves; the others are inputs

async function checkRuns(seeds: number[], seed: number): Promise<void> {
  const pick = picker(seed);
  const places = LEAVES.map((shape, i) => ({ name: `x${i}`, shape, data: wholeNumbers(sizeOf(shape), i) }));
  const state = await createState(
    device,
    Object.fromEntries(places.slice(0, IN_STATE).map(({ name, shape, data }) => [name, constant(data, shape)])),
  );
  let graph: Graph | undefined;
  let updates: Record<string, Tensor> = {};
  const program = await compile(device, (old, inputs) => {
    graph = buildGraph(seeds, { changing: true, leaf: (_, __, i) => i < IN_STATE ? old[`x${i}`] : inputs[`x${i}`] });
    // A part of the state changes: to another part, or to a result.
    const sources = [...graph.leaves, ...graph.results, ...graph.results];
    const changed = places.slice(0, IN_STATE).filter(() => pick(4) > 0);
    updates = Object.fromEntries(
      changed.map(({ name, shape }) => [name, fitted(sources[pick(sources.length)], shape)]),
    );
    return { state: updates, outputs: Object.fromEntries(graph.results.map((result, i) => [`${i}`, result])) };
  }, { state, inputs: Object.fromEntries(places.slice(IN_STATE).map(({ name, shape }) => [name, { shape }])) });
  const { leaves, results } = graph!;

  let expected = new Map<Tensor, Value>(leaves.map((leaf, i) => [leaf, Float64Array.from(places[i].data)]));
  for (let run = 0; run < 3; run++) {
    const given = places.slice(IN_STATE).map(({ name, shape }, i) => ({
      name,
      leaf: leaves[IN_STATE + i],
      data: wholeNumbers(sizeOf(shape), 10 * run + i),
    }));
    given.forEach(({ leaf, data }) => expected.set(leaf, Float64Array.from(data)));
    program.run(Object.fromEntries(given.map(({ name, data }) => [name, data])));
    const outputs = await program.read();
    evaluateAll64(results, expected).forEach((value, i) => {
      assertClose(outputs[`${i}`], value, EXACT, `output ${i} of run ${run}`);
    });
    expected = nextState(expected, leaves, updates);
    const values = await state.read() as Record<string, HostArray>;
    leaves.slice(0, IN_STATE).forEach((leaf, i) => {
      assertClose(values[`x${i}`], expected.get(leaf)!, EXACT, `state x${i} after run ${run}`);
    });
  }
  program.destroy();
  state.destroy();
}

function nextState(now: Bindings, leaves: readonly Tensor[], updates: Record<string, Tensor>): Map<Tensor, Value> {
  const next = new Map(now);
  const values = evaluateAll64(Object.values(updates), now);
  Object.keys(updates).forEach((name, i) => next.set(leaves[Number(name.slice(1))], values[i]));
  return next;
}

Deno.test("evaluate() reads sources, views and the same value twice", async () => {
  const x = numbered([4, 5]);
  const y = neg(x);
  await assertGpuAgrees([
    x,
    x,
    y,
    y,
    transpose(x),
    reshape(transpose(x), [20]),
    fill(3, [2, 2]),
    transpose(transpose(x)),
  ]);
  assertEquals(await evaluate(device, {}), {});
});

Deno.test("evaluate() adds up more operands than a kernel can bind", async () => {
  const operands = Array.from({ length: 60 }, (_, i) => mul(numbered([5]), i));
  await assertGpuAgrees([
    Array.from({ length: 60 }, (_, i) => add(numbered([5]), i)).reduce((a, b) => add(a, b)),
    concat(operands),
  ], EXACT);
});

Deno.test("evaluate() computes long chains", async () => {
  let [chain, shared] = [numbered([5]), numbered([5])];
  for (let i = 0; i < 300; i++) chain = sub(mul(chain, 2), chain);
  for (let i = 0; i < 10; i++) shared = add(shared, shared);
  await assertGpuAgrees([add(chain, 0), shared], EXACT);
});

Deno.test("evaluate() covers tensors that need more than one row of workgroups", async () => {
  const size = 4_300_001;
  const x = constant(Float32Array.from({ length: size }, (_, i) => i % 1024));
  const { y, total } = await evaluate(device, { y: add(x, 1), total: mean(x) });
  assert(y.every((value, i) => value === i % 1024 + 1), "an element is wrong");
  let sumOf = 0;
  for (let i = 0; i < size; i++) sumOf += i % 1024;
  assertClose(total, Float64Array.of(sumOf / size), LONG_SUM_TOLERANCE, "mean");
});

Deno.test("evaluate() adds up long rows, columns and whole tensors", async () => {
  const x = constant(wholeNumbers(300_000, 1).map((value) => value + 4), [300, 1000]);
  const y = reshape(x, [100_000, 3]);
  const z = reshape(x, [3, 100_000]);
  await assertGpuAgrees([sum(x), sum(y, { axes: [0] }), sum(z, { axes: [1] }), sum(x, { axes: [0] })], EXACT);
});

Deno.test("evaluate() reduces more than the 65535 terms an invocation may loop over on a software adapter", async () => {
  const size = 700_001; // a prime, so that no equal parts exist
  const x = constant(Float32Array.from({ length: size }, (_, i) => i === size - 1 ? 2 : i % 2));
  const columns = broadcastTo(reshape(x, [size, 1]), [size, 2]);
  const rows = broadcastTo(reshape(x, [1, size]), [2, size]);
  const { all, perColumn, perRow, largest } = await evaluate(device, {
    all: sum(x),
    perColumn: sum(columns, { axes: [0] }),
    perRow: sum(rows, { axes: [1] }),
    largest: max(rows, { axes: [1] }),
  });
  const total = 350_000 + 2;
  assertEquals([...all, ...perColumn, ...perRow, ...largest], [total, total, total, total, total, 2, 2]);
});

Deno.test("a product with zero hides NaN, as a mask should", async () => {
  const { y } = await evaluate(device, { y: mul(log(constant([-1, 1])), 0) });
  assertEquals([...y], [0, 0]);
});

Deno.test("evaluate() computes with infinite and undefined numbers in data", async () => {
  const x = constant([Infinity, -Infinity, NaN, 1]);
  const { y, more } = await evaluate(device, { y: add(x, 1), more: greater(x, 0) });
  assertEquals([...y], [Infinity, -Infinity, NaN, 2]);
  assertEquals([...more].map((value, i) => i === 2 ? 0 : value), [1, 0, 0, 1]);
});

Deno.test("equal values are computed once, however they were built", async () => {
  const f = (x: Tensor) => exp(matmul(x, transpose(x)));
  const x = numbered([6, 4]);
  const once = await compile(device, () => ({ outputs: { a: sum(f(x)) } }));
  const twice = await compile(device, () => ({ outputs: { a: sum(f(x)), b: add(sum(f(x)), 1) } }));
  const products = ({ report }: typeof once) => report.kernels.filter(({ multiplyAdds }) => multiplyAdds > 0).length;
  assertEquals([products(once), products(twice)], [1, 1]);
  assert(twice.report.dispatches <= once.report.dispatches + 1, `${twice.report.dispatches} dispatches`);
  once.destroy();
  twice.destroy();
});

Deno.test("elementwise chains are one kernel, also behind a product", async () => {
  const x = numbered([8, 4]);
  const chain = await compile(device, () => ({ outputs: { y: exp(neg(mul(add(x, 1), 0.1))) } }));
  assertEquals(chain.report.dispatches, 1);
  const layer = await compile(device, () => ({ outputs: { y: add(matmul(x, transpose(x)), numbered([8])) } }));
  assert(layer.report.dispatches <= 2, `${layer.report.dispatches} dispatches`); // the product, maybe a transposed copy
  chain.destroy();
  layer.destroy();
});

// State.

Deno.test("a step reads the state as it was before the step", async () => {
  const { a, b } = await stepped({ a: numbered([4]), b: zeros([4]) }, ({ a, b }) => ({ a: add(a, b), b: a }), 3);
  assertEquals([a, b], [[3, 6, 9, 12], [2, 4, 6, 8]]); // a Fibonacci sequence
});

Deno.test("a step swaps parts of the state", async () => {
  const [a, b, c] = [numbered([5]), fill(7, [5]), zeros([5])];
  assertEquals(await stepped({ a, b }, ({ a, b }) => ({ a: b, b: a })), { a: [7, 7, 7, 7, 7], b: [1, 2, 3, 4, 5] });
  const turned = await stepped({ a, b, c }, ({ a, b, c }) => ({ a: b, b: c, c: a }), 2);
  assertEquals(turned, { a: [0, 0, 0, 0, 0], b: [1, 2, 3, 4, 5], c: [7, 7, 7, 7, 7] });
});

Deno.test("a step replaces a part of the state by a view of itself", async () => {
  const start = { a: numbered([4, 4]) };
  assertEquals((await stepped(start, ({ a }) => ({ a: transpose(a) }))).a.slice(0, 6), [1, 5, 9, 13, 2, 6]);
  assertEquals((await stepped(start, ({ a }) => ({ a: transpose(a) }), 2)).a, (await stepped(start, () => ({}))).a);
  const rotate = ({ a }: { a: Tensor }) => ({
    a: concat([slice(a, { start: [1], shape: [5] }), slice(a, { start: [0], shape: [1] })]),
  });
  assertEquals((await stepped({ a: numbered([6]) }, rotate, 2)).a, [3, 4, 5, 6, 1, 2]);
  assertEquals((await stepped({ a: numbered([3]) }, ({ a }) => ({ a: sub(a, sum(a)) }))).a, [-5, -4, -3]);
  const squares = await stepped({ a: numbered([2, 2]) }, ({ a }) => ({ a: matmul(a, transpose(a)) }));
  assertEquals(squares.a, [5, 11, 11, 25]);
});

Deno.test("a step changes only what it returns", async () => {
  const values = await stepped({ a: numbered([2]), b: numbered([3]) }, ({ a }) => ({ a: neg(a) }));
  assertEquals(values, { a: [-1, -2], b: [1, 2, 3] });
});

Deno.test("a counter and a key in the state give new random numbers each run, the same from the same seed", async () => {
  const draw = async () => {
    const state = await createState(device, {
      seed: constant(Uint32Array.of(5, 6)),
      step: constant(Uint32Array.of(0)),
    });
    const program = await compile(device, ({ seed, step }) => ({
      state: { step: addU32(step, 1) },
      outputs: { z: normal(stepKey(seed, step), { shape: [8], stream: 0 }), at: toFloat(step) },
    }), { state });
    const draws: number[][] = [];
    for (let run = 0; run < 3; run++) {
      program.run();
      const { z, at } = await program.read();
      assertEquals([...at], [run]);
      draws.push([...z]);
    }
    program.destroy();
    state.destroy();
    return draws;
  };
  const draws = await draw();
  assertEquals(new Set(draws.flat()).size, 24);
  assertEquals(await draw(), draws);
});

Deno.test("programs share a state, and a state is read and written in part", async () => {
  const state = await createState(device, { a: numbered([3]), n: { count: constant(Uint32Array.of(1)) } });
  const double = await compile(device, ({ a }) => ({ state: { a: mul(a, 2) } }), { state });
  const count = await compile(device, ({ n }) => ({ state: { n: { count: addU32(n.count, 1) } } }), { state });
  double.run();
  count.run();
  double.run();
  assertEquals(await state.read(), { a: Float32Array.of(4, 8, 12), n: { count: Uint32Array.of(2) } });
  state.write({ n: { count: Uint32Array.of(9) } });
  double.run();
  assertEquals(await state.read(), { a: Float32Array.of(8, 16, 24), n: { count: Uint32Array.of(9) } });
  assertEquals(state.bytes, 16);
  assertThrows(
    () => state.write({ a: Float32Array.of(1) }),
    RangeError,
    "Cannot write a: found f32 [1], expected f32 [3]",
  );
  assertThrows(() => state.write({ a: Uint32Array.of(1, 2, 3) }), RangeError, "Cannot write a: found u32 [3]");
  assertThrows(
    () => state.write({ b: Float32Array.of(1) }),
    RangeError,
    "Cannot write b: found f32 [1], expected one of",
  );
  double.destroy();
  count.destroy();
  state.destroy();
});

Deno.test("compile() refuses a new state that does not fit", async () => {
  const state = await createState(device, { a: numbered([3]) });
  const replaceBy = (tensors: Record<string, Tensor>) => compile(device, () => ({ state: tensors }), { state });
  await assertRejects(() => replaceBy({ a: zeros([2]) }), ShapeError, "Cannot replace a by f32 [2]: expected f32 [3]");
  await assertRejects(() => replaceBy({ b: zeros([3]) }), ShapeError, "Cannot replace b by f32 [3]: expected one of a");
  await assertRejects(
    () => replaceBy({ a: constant(Uint32Array.of(1, 2, 3)) }),
    ShapeError,
    "Cannot replace a by u32 [3]",
  );
  state.destroy();
});

Deno.test("compile() refuses variables without a state and inputs of other functions", async () => {
  const state = await createState(device, { a: numbered([3]) });
  state.destroy();
  await assertRejects(() => evaluate(device, { y: neg(state.tensors.a) }), TypeError, "Cannot compile with variable a");
  const stray = input({ name: "stray", shape: [2] });
  await assertRejects(() => evaluate(device, { y: neg(stray) }), TypeError, "Cannot compile with input stray");
});

// Inputs, runs, reports.

Deno.test("run() says which input is wrong and runs on afterwards", async () => {
  const program = await compile(device, (_, { x }) => ({ outputs: { y: add(x, 1) } }), {
    inputs: { x: { shape: [2, 2] }, unused: { shape: [1], dtype: "u32" } },
  });
  const unused = Uint32Array.of(0);
  const wrong = (inputs: Record<string, unknown>, message: string) =>
    assertThrows(() => program.run(inputs as Record<string, HostArray>), RangeError, message);
  wrong({}, "Cannot run with nothing for x: expected f32 [2,2]");
  wrong({ x: new Float32Array(3), unused }, "Cannot run with 3 numbers in a Float32Array for x: expected f32 [2,2]");
  wrong({ x: new Uint32Array(4), unused }, "Cannot run with 4 numbers in a Uint32Array for x: expected f32 [2,2]");
  wrong({ x: new Float64Array(4), unused }, "Cannot run with 4 numbers in a Float64Array for x: expected f32 [2,2]");
  wrong({ x: new Float32Array(4) }, "Cannot run with nothing for unused: expected u32 [1]");
  wrong({ x: new Float32Array(4), unused, z: unused }, "Cannot run with input z: expected x, unused");
  program.run({ x: new Float32Array([9, 1, 2, 3, 4]).subarray(1), unused });
  assertEquals([...(await program.read()).y], [2, 3, 4, 5]);
  program.destroy();
});

Deno.test("read() gives the run before it, however many follow before it is awaited", async () => {
  const program = await compile(device, (_, { x }) => ({ outputs: { y: mul(x, x) } }), {
    inputs: { x: { shape: [2] } },
  });
  const reads = [1, 2, 3, 4].map((value) => {
    program.run({ x: Float32Array.of(value, 10 * value) });
    return program.read();
  });
  assertEquals((await Promise.all(reads)).map(({ y }) => [...y]), [[1, 100], [4, 400], [9, 900], [16, 1600]]);
  program.destroy();
});

Deno.test("a second run and a second compilation give the same bits", async () => {
  const graph = () => {
    const x = normal(constant(Uint32Array.of(1, 2, 3, 4)), { shape: [40, 33], stream: 0 });
    return { y: mean(exp(matmul(x, transpose(x)))), z: sum(mul(x, x), { axes: [0] }) };
  };
  const program = await compile(device, () => ({ outputs: graph() }));
  program.run();
  const first = await program.read();
  program.run();
  assertEquals(await program.read(), first);
  assertEquals(await evaluate(device, graph()), first);
  program.destroy();
});

Deno.test("a report counts what a program does, and destroy() frees what it holds", async () => {
  const before = device.bytes;
  const x = numbered([16, 12]);
  const program = await compile(device, () => ({ outputs: { y: matmul(x, transpose(x)), z: sum(exp(x)) } }));
  const { dispatches, copies, bytes, kernels, largestLiveSet } = program.report;
  assertEquals(dispatches, kernels.length);
  assertEquals(kernels.reduce((total, { multiplyAdds }) => total + multiplyAdds, 0), 16 * 16 * 12);
  assertEquals(program.commands.length, dispatches + copies);
  assertEquals(device.bytes - before, bytes);
  assert(bytes >= 4 * (16 * 12 + 16 * 16 + 1) && largestLiveSet <= bytes, `${bytes} bytes, ${largestLiveSet} live`);
  program.destroy();
  assertEquals(device.bytes, before);
});

Deno.test("buffers of intermediate values are used again", async () => {
  const size = 4096;
  const program = await compile(device, () => {
    let x = numbered([size]);
    for (let i = 0; i < 20; i++) x = mul(add(x, mean(exp(neg(x)))), 0.5); // every mean is a kernel
    return { outputs: { x } };
  });
  assert(program.report.bytes < 8 * 4 * size, `${program.report.bytes} bytes for vectors of ${4 * size}`);
  program.destroy();
});

Deno.test("a program runs on a device of its own, which gives everything back", async () => {
  const other = await openDevice();
  const { y } = await evaluate(other, { y: sum(numbered([100])) });
  assertEquals([...y], [5050]);
  assertEquals(other.bytes, 0);
  await other.destroy();
});
