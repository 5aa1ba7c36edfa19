/** Updates of many variables by one kernel. */

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { compile, createState, type HostArray, type Program } from "../../../core/compile/program.ts";
import { DeviceError, openDevice } from "../../../core/gpu/device.ts";
import type { Tensors } from "../../../core/grad.ts";
import { add, copy, mul, square, sub } from "../../../core/ops/elementwise.ts";
import { matmul } from "../../../core/ops/matmul.ts";
import { reshape } from "../../../core/ops/movement.ts";
import { sum } from "../../../core/ops/reduce.ts";
import { constant } from "../../../core/ops/source.ts";
import { type Shape, sizeOf } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { adam, initialMoments } from "../../../core/train/adam.ts";
import { assertClose, device } from "../../gpu.ts";
import { wholeNumbers } from "../../random_graphs.ts";

/** Sizes that fill vectors of four and those that do not, one of a single element. */
const SHAPES: Record<string, Shape> = { a: [3, 5], b: [1], c: [4, 4], d: [70], e: [2, 3] };
const ADAM = { learningRate: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 };
/** The same formula in other kernels: a few roundings of f32. */
const TOLERANCE = 1e-6;

const leaves = (seed: number): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape], i) => [name, constant(wholeNumbers(sizeOf(shape), seed + i), shape)]),
  );

/** Gradients that come from kernels of several kinds. */
function gradientsOf({ a, c, d, e }: Record<string, Tensor>): Record<string, Tensor> {
  return {
    a: square(a),
    b: reshape(sum(a), [1]),
    c: matmul(c, c),
    d: sub(d, sum(e)),
    e: reshape(sum(mul(reshape(e, [6, 1]), reshape(d, [1, 70])), { axes: [1] }), [2, 3]),
  };
}

async function train(together: readonly string[]): Promise<{ program: Program; values: Record<string, HostArray>[] }> {
  const parameters = leaves(0);
  const state = await createState(device, { parameters, moments: initialMoments(parameters) }, { together });
  const program = await compile(device, ({ parameters, moments }) => ({
    state: adam(parameters, gradientsOf(parameters), moments, ADAM),
  }), { state });
  const values = [];
  for (let step = 0; step < 3; step++) {
    program.run();
    values.push((await state.read() as { parameters: Record<string, HostArray> }).parameters);
  }
  program.destroy();
  state.destroy();
  return { program, values };
}

Deno.test("adam() of all parameters is two kernels where they lie together, and gives what it gives apart", async () => {
  const before = device.bytes;
  const apart = await train([]);
  const joined = await train(["parameters", "moments/first", "moments/second", "moments/largest"]);
  for (const [step, values] of joined.values.entries()) {
    for (const name of Object.keys(SHAPES)) {
      assertClose(values[name], Float64Array.from(apart.values[step][name]), TOLERANCE, `${name} after step ${step}`);
    }
  }
  assert(!joined.values[0].a.every((value, i) => value === joined.values[2].a[i]), "nothing is learned");
  const updates = (program: Program) =>
    program.report.kernels.filter(({ label }) => label.includes("maximum") || label.includes("where"));
  assertLessOrEqual(updates(joined.program).length, 2);
  assertEquals(device.bytes, before);
});

/** The state after a step that changes some leaves of a buffer, and the kernels that took. */
async function after(step: (state: Record<string, Tensor>) => Tensors) {
  const state = await createState(device, { x: leaves(0) }, { together: ["x"] });
  const program = await compile(device, ({ x }) => ({ state: { x: step(x) } }), { state });
  program.run();
  const { x } = await state.read() as { x: Record<string, Float32Array> };
  program.destroy();
  state.destroy();
  return { x, dispatches: program.report.dispatches };
}

const begin = (name: string) => leaves(0)[name].attributes.data as Float32Array;

Deno.test("a step that changes some leaves of a shared buffer leaves the others alone", async () => {
  const { x, dispatches } = await after(({ a, c, d, e }) => ({
    a: mul(a, 2),
    c: mul(c, 2),
    d: mul(d, 2),
    e: mul(e, 2),
  }));
  for (const name of ["a", "c", "d", "e"]) assertEquals(x[name], begin(name).map((value) => 2 * value));
  assertEquals(x.b, begin("b"));
  assertEquals(dispatches, 4);
});

Deno.test("a step changes all leaves of a shared buffer at once only where it does the same to all", async () => {
  const same = await after((x) => Object.fromEntries(Object.entries(x).map(([name, value]) => [name, add(value, 1)])));
  const other = await after((x) =>
    Object.fromEntries(Object.entries(x).map(([name, value]) => [name, add(value, name === "d" ? 2 : 1)]))
  );
  for (const name of Object.keys(SHAPES)) {
    assertEquals(same.x[name], begin(name).map((value) => value + 1));
    assertEquals(other.x[name], begin(name).map((value) => value + (name === "d" ? 2 : 1)));
  }
  assertEquals([same.dispatches, other.dispatches], [1, 5]);
});

Deno.test("leaves of a shared buffer replace one another, and are computed from one another", async () => {
  const { x } = await after(({ a, b, c, d, e }) => ({
    a: mul(a, b),
    b: reshape(sum(d), [1]),
    c: add(c, b),
    d: sub(d, copy(b)),
    e: mul(e, sum(a)),
  }));
  const total = (name: string) => begin(name).reduce((sum, value) => sum + value, 0);
  const [b] = begin("b");
  assertEquals(x.a, begin("a").map((value) => value * b));
  assertEquals(x.b, Float32Array.of(total("d")));
  assertEquals(x.c, begin("c").map((value) => value + b));
  assertEquals(x.d, begin("d").map((value) => value - b));
  assertEquals(x.e, begin("e").map((value) => value * total("a")));
});

Deno.test("a shared buffer is several where the adapter binds no larger ones, and a leaf that is too large is named", async () => {
  const small = await openDevice();
  Object.defineProperty(small, "maxBufferBytes", { value: 1024 }); // WebGPU promises more
  const before = small.bytes;
  const state = await createState(small, { x: leaves(0) }, { together: ["x"] });
  const program = await compile(small, ({ x }) => ({
    state: { x: Object.fromEntries(Object.entries(x).map(([name, value]) => [name, add(value, 1)])) },
  }), { state });
  program.run();
  const { x } = await state.read() as { x: Record<string, Float32Array> };
  for (const name of Object.keys(SHAPES)) assertEquals(x[name], begin(name).map((value) => value + 1));
  program.destroy();
  state.destroy();
  let message = "";
  await createState(small, { x: { huge: constant(new Float32Array(300)) } }, { together: ["x"] }).catch((error) => {
    assert(error instanceof DeviceError);
    message = error.message;
  });
  assertEquals(message, "Cannot allocate x/huge: 1280 bytes, expected at most 1024, the adapter's limit");
  assertEquals(small.bytes, before);
  await small.destroy();
});
