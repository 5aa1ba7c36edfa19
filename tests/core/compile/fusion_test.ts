/** What is fused, shared and reused gives what the graph says. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compile, createState, evaluate, type HostArray } from "../../../core/compile/program.ts";
import type { AdapterTraits } from "../../../core/adapter.ts";
import { plan } from "../../../core/compile/plan.ts";
import { add, exp, greater, log, mul, neg, sub } from "../../../core/ops/elementwise.ts";
import { matmul } from "../../../core/ops/matmul.ts";
import { broadcastTo, concat, reshape, transpose } from "../../../core/ops/movement.ts";
import { max, mean, sum } from "../../../core/ops/reduce.ts";
import { constant, fill } from "../../../core/ops/source.ts";
import { type Shape, sizeOf } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { assertClose, assertGpuAgrees, device } from "../../gpu.ts";
import { buildGraph, fitted, type Graph, LEAVES, picker, seedsOfGraphs, wholeNumbers } from "../../random_graphs.ts";
import { type Bindings, evaluateAll64, type Value } from "../../reference/interpreter.ts";

/** Values of random graphs are whole numbers that f32 holds exactly. */
const EXACT = 0;

/** Random graphs of each property: one takes 0.1 to 0.2 s, most of it for compiling its pipelines. */
const GRAPHS = 40;

/** A million f32 additions, in partial sums of at most some thousand terms. */
const LONG_SUM_TOLERANCE = 1e-5;

function numbered(shape: Shape): Tensor {
  return constant(Float32Array.from({ length: sizeOf(shape) }, (_, i) => i + 1), shape);
}

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

Deno.test("a kernel binds no more buffers than a small adapter has", () => {
  const traits: AdapterTraits = { ...device.traits, maxStorageBuffers: 8 };
  const halved = (list: readonly Tensor[]): Tensor => {
    const middle = list.length >> 1;
    return middle === 0 ? list[0] : add(halved(list.slice(0, middle)), halved(list.slice(middle)));
  };
  for (const shape of [[], [1], [100]]) {
    const operands = Array.from({ length: 40 }, () => numbered(shape));
    const totals = [halved(operands), operands.reduce((a, b) => add(a, b)), sum(halved(operands))];
    for (const { label, bindings } of plan(totals, [], traits).kernels.map(([best]) => best())) {
      assert(bindings.length <= traits.maxStorageBuffers, `${label} binds ${bindings.length} buffers`);
    }
  }
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

Deno.test("matmul() adds up more products than an invocation may loop over on a software adapter", async () => {
  const k = 4 * 65535 + 7;
  const a = Float32Array.from({ length: 2 * k }, (_, i) => i % 3 - 1);
  const b = Float32Array.from({ length: k * 2 }, (_, i) => i % 5 - 2);
  const expected = [0, 1, 2, 3].map((i) => {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += a[(i >> 1) * k + j] * b[2 * j + i % 2];
    return sum;
  });
  const { c } = await evaluate(device, { c: matmul(constant(a, [2, k]), constant(b, [k, 2])) });
  assertEquals([...c], expected); // whole numbers: f32 is exact
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
