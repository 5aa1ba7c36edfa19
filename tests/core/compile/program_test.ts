/** Programs: state, inputs, runs, reports. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  compile,
  compileTogether,
  createState,
  evaluate,
  type HostArray,
  type Program,
  type State,
  trace,
} from "../../../core/compile/program.ts";
import { openDevice } from "../../../core/gpu/device.ts";
import { Submission } from "../../../core/gpu/executor.ts";
import { add, addU32, exp, mul, neg, sub, toFloat } from "../../../core/ops/elementwise.ts";
import { matmul } from "../../../core/ops/matmul.ts";
import { concat, slice, transpose } from "../../../core/ops/movement.ts";
import { normal, randomKey, stepKey } from "../../../core/ops/random.ts";
import { mean, sum } from "../../../core/ops/reduce.ts";
import { constant, fill, input, zeros } from "../../../core/ops/source.ts";
import { type Shape, ShapeError, sizeOf } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { device } from "../../gpu.ts";

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

Deno.test("a step adds random numbers to a part of the state whose size is no multiple of four", async () => {
  const key = randomKey(3);
  const [{ w }, { z }] = await Promise.all([
    stepped({ w: numbered([5]) }, ({ w }) => ({ w: add(w, normal(key, { shape: [5], stream: 0 })) })),
    evaluate(device, { z: add(numbered([5]), normal(key, { shape: [5], stream: 0 })) }),
  ]);
  assertEquals(w, [...z]);
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
  assertEquals(state.bytes, 32); // in whole vectors of four
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

Deno.test("compile() frees what it allocated when it fails", async () => {
  const before = device.bytes;
  const foreign = input({ name: "other", shape: [3] });
  await assertRejects(
    () => compile(device, (_, { x }) => ({ outputs: { y: add(x, foreign) } }), { inputs: { x: { shape: [3] } } }),
    TypeError,
  );
  await assertRejects(() => createState(device, { w: add(foreign, 1) }), TypeError);
  assertEquals(device.bytes, before);
});

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

Deno.test("programs that share textures of variables see every change of them, whoever made it", async () => {
  const shape = [128, 128]; // large enough for a texture on a CPU
  const state = await createState(device, { w: fill(1, shape), n: fill(1, shape) });
  const [grow, look] = await compileTogether(device, [
    trace(({ w, n }) => ({ state: { w: add(w, 1) }, outputs: { y: sum(matmul(w, n), { axes: [0] }) } }), { state }),
    trace(({ w, n }) => ({ outputs: { y: sum(matmul(w, n), { axes: [0] }) } }), { state }),
  ]);
  const elsewhere = await compile(device, ({ n }) => ({ state: { n: mul(n, 2) } }), { state });
  const seen = async (program: Program) => {
    program.run();
    return (await program.read()).y[0] / 128 ** 2;
  };
  assertEquals([await seen(look), await seen(grow), await seen(look), await seen(look)], [1, 1, 2, 2]);
  elsewhere.run();
  assertEquals([await seen(look), await seen(grow), await seen(grow), await seen(look)], [4, 4, 6, 8]);
  state.write({ w: new Float32Array(128 ** 2).fill(5) });
  assertEquals([await seen(look), await seen(look)], [10, 10]);
  for (const program of [grow, look, elsewhere]) program.destroy();
  state.destroy();
});

Deno.test("runs in one submission get inputs of their own, and give what they give apart", async () => {
  const before = device.bytes;
  const state = await createState(device, { total: zeros([3]), runs: constant(Uint32Array.of(0)) });
  const [collect, double] = await compileTogether(device, [
    trace(({ total, runs }, { x }) => ({
      state: { total: add(mul(total, 10), x), runs: addU32(runs, 1) },
      outputs: { x: neg(x) },
    }), { state, inputs: { x: { shape: [3] } } }),
    trace(({ total }) => ({ state: { total: mul(total, 2) } }), { state }),
  ]);
  for (const first of [1, 5]) { // the second submission uses the memory of the first again
    const submission = new Submission(device);
    for (const number of [0, 1, 2]) collect.addTo(submission, { x: Float32Array.of(first, number, 7) });
    double.addTo(submission);
    assertThrows(() => collect.addTo(submission, {}), RangeError, "Cannot run with nothing for x: expected f32 [3]");
    submission.send();
  }
  const one = [222, 24, 1554]; // twice 111, 012 and 777
  const two = [2 * (1000 * one[0] + 555), 2 * (1000 * one[1] + 12), 2 * (1000 * one[2] + 777)];
  assertEquals(await state.read(), { total: Float32Array.from(two), runs: Uint32Array.of(6) });
  assertEquals(await collect.read(), { x: Float32Array.of(-5, -2, -7) });
  for (const program of [collect, double]) program.destroy();
  state.destroy();
  assertEquals(device.bytes, before);
});
