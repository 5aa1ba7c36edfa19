/** Updates of many variables by one kernel. */

import { assert, assertEquals } from "@std/assert";
import {
  compile,
  createState,
  type HostArray,
  type ProgramReport,
  type StepResult,
} from "../../../core/compile/program.ts";
import { DeviceError, openDevice } from "../../../core/gpu/device.ts";
import { add, copy, mul, square, sub, toFloat } from "../../../core/ops/elementwise.ts";
import { matmul } from "../../../core/ops/matmul.ts";
import { broadcastTo, pad, reshape, slice, transpose } from "../../../core/ops/movement.ts";
import { sum } from "../../../core/ops/reduce.ts";
import { constant, fill } from "../../../core/ops/source.ts";
import { type Shape, sizeOf } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { adam, initialMoments } from "../../../core/nn/adam.ts";
import { assertClose, device } from "../../gpu.ts";
import { wholeNumbers } from "../../random_graphs.ts";

type Leaves = Record<string, Tensor>;

/** Sizes that fill vectors of four and those that do not, one of a single element. */
const SHAPES: Record<string, Shape> = { a: [3, 5], b: [1], c: [4, 4], d: [70], e: [2, 3] };
const ADAM = { learningRate: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-8 };
const MOMENTS = ["first", "second", "largest"].map((moment) => `moments/${moment}`);
/** The same formula in other kernels: a few roundings of f32. */
const TOLERANCE = 1e-6;

const leaves = (seed: number): Leaves =>
  Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape], i) => [name, constant(wholeNumbers(sizeOf(shape), seed + i), shape)]),
  );

/** Gradients that come from kernels of several kinds. */
function gradientsOf({ a, c, d, e }: Leaves): Leaves {
  return {
    a: square(a),
    b: reshape(sum(a), [1]),
    c: matmul(c, c),
    d: sub(d, sum(e)),
    e: reshape(sum(mul(reshape(e, [6, 1]), reshape(d, [1, 70])), { axes: [1] }), [2, 3]),
  };
}

async function train(
  together: readonly string[],
  gradients: (parameters: Leaves) => Leaves,
): Promise<{ report: ProgramReport; values: Record<string, HostArray>[] }> {
  const parameters = leaves(0);
  const state = await createState(device, { parameters, moments: initialMoments(parameters) }, { together });
  const program = await compile(device, ({ parameters, moments }) => ({
    state: adam(parameters, gradients(parameters), moments, ADAM),
  }), { state });
  const values = [];
  for (let step = 0; step < 3; step++) {
    program.run();
    values.push((await state.read() as { parameters: Record<string, HostArray> }).parameters);
  }
  program.destroy();
  state.destroy();
  return { report: program.report, values };
}

Deno.test("adam() of all parameters gives what it gives apart where they lie together", async () => {
  const before = device.bytes;
  const apart = await train([], gradientsOf);
  const joined = await train(["parameters", ...MOMENTS], gradientsOf);
  for (const [step, values] of joined.values.entries()) {
    for (const name of Object.keys(SHAPES)) {
      assertClose(values[name], Float64Array.from(apart.values[step][name]), TOLERANCE, `${name} after step ${step}`);
    }
  }
  assert(!joined.values[0].a.every((value, i) => value === joined.values[2].a[i]), "nothing is learned");
  assertEquals(device.bytes, before);
});

Deno.test("adam() of parameters that lie together is two kernels, behind one that lays their gradients out", async () => {
  const given = leaves(100); // constants, so that all kernels there are belong to the optimiser
  const apart = await train([], () => given);
  const joined = await train(["parameters", ...MOMENTS], () => given);
  const ofWeights = 1; // and of the numbers for all parameters that follow from them
  assertEquals(apart.report.dispatches, ofWeights + Object.keys(SHAPES).length);
  assertEquals(joined.report.dispatches, ofWeights + 1 + 1);
});

/** The state after one step, what else the step gave, and the kernels that took; the leaves of `x` share a buffer. */
async function after(
  start: Record<string, Leaves>,
  step: (state: Record<string, Leaves>) => StepResult,
  together: readonly string[] = ["x"],
) {
  const before = device.bytes;
  const state = await createState(device, start, { together });
  const program = await compile(device, step, { state });
  program.run();
  const [given, values] = [await program.read(), await state.read() as Record<string, Record<string, HostArray>>];
  program.destroy();
  state.destroy();
  assertEquals(device.bytes, before);
  const lists = (arrays: Record<string, HostArray>) =>
    Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, [...array]]));
  return {
    state: Object.fromEntries(Object.entries(values).map(([name, arrays]) => [name, lists(arrays)])),
    outputs: lists(given),
    dispatches: program.report.dispatches,
  };
}

/** The same for a step that changes leaves of `x`, which begin as those of `leaves()`. */
async function changed(step: (x: Leaves) => Leaves) {
  const { state: { x }, dispatches } = await after({ x: leaves(0) }, ({ x }) => ({ state: { x: step(x) } }));
  return { x, dispatches };
}

const begin = (name: string) => [...leaves(0)[name].attributes.data as Float32Array];

Deno.test("a step that changes some leaves of a shared buffer leaves the others alone", async () => {
  const { x, dispatches } = await changed(({ a, c, d, e }) => ({
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
  const addToEach = (numberFor: (name: string) => number) => (x: Leaves) =>
    Object.fromEntries(Object.entries(x).map(([name, value]) => [name, add(value, numberFor(name))]));
  const same = await changed(addToEach(() => 1));
  const other = await changed(addToEach((name) => name === "d" ? 2 : 1));
  for (const name of Object.keys(SHAPES)) {
    assertEquals(same.x[name], begin(name).map((value) => value + 1));
    assertEquals(other.x[name], begin(name).map((value) => value + (name === "d" ? 2 : 1)));
  }
  assertEquals([same.dispatches, other.dispatches], [1, 5]);
});

Deno.test("leaves of a shared buffer replace one another, and are computed from one another", async () => {
  const { x } = await changed(({ a, b, c, d, e }) => ({
    a: mul(a, b),
    b: reshape(sum(d), [1]),
    c: add(c, b),
    d: sub(d, copy(b)),
    e: mul(e, sum(a)),
  }));
  const total = (name: string) => begin(name).reduce((sum, value) => sum + value, 0);
  const [b] = begin("b");
  assertEquals(x.a, begin("a").map((value) => value * b));
  assertEquals(x.b, [total("d")]);
  assertEquals(x.c, begin("c").map((value) => value + b));
  assertEquals(x.d, begin("d").map((value) => value - b));
  assertEquals(x.e, begin("e").map((value) => value * total("a")));
});

// What is nearly the same for two leaves of a buffer.

const A = [1, 2, 3, 4, 5, 6, 7, 8];
const B = [10, 20, 30, 40, 50, 60, 70, 80];
const pair = (): Leaves => ({ a: constant(A), b: constant(B) });

/** Where the elements of a vector of eight come from in the transposition of its two rows. */
const TURNED = [0, 4, 1, 5, 2, 6, 3, 7];
const turned = (x: Tensor) => reshape(transpose(reshape(x, [2, 4])), [8]);

Deno.test("numbers with zeros around them are for a part of each leaf, be it the same part or another one", async () => {
  const before = pad(fill(2, [4]), { before: [0], after: [4] });
  const behind = pad(fill(2, [4]), { before: [4], after: [0] });
  const scaled = await after(
    { x: pair() },
    ({ x: { a, b } }) => ({ state: { x: { a: mul(a, before), b: mul(b, before) } } }),
  );
  const moved = await after(
    { x: pair() },
    ({ x: { a, b } }) => ({ state: { x: { a: add(a, before), b: add(b, behind) } } }),
  );
  assertEquals(scaled.state.x, { a: A.map((v, i) => i < 4 ? 2 * v : 0), b: B.map((v, i) => i < 4 ? 2 * v : 0) });
  assertEquals(moved.state.x, { a: A.map((v, i) => i < 4 ? 2 + v : v), b: B.map((v, i) => i < 4 ? v : 2 + v) });
});

Deno.test("one element of a vector, sliced from its broadcast, is a number for all leaves", async () => {
  const rows = broadcastTo(constant([3, 5, 7]), [8, 3]);
  const five = reshape(slice(rows, { start: [0, 1], shape: [8, 1] }), [8]);
  const { state, dispatches } = await after({ x: pair() }, ({ x: { a, b } }) => ({
    state: { x: { a: mul(a, five), b: mul(b, five) } },
  }));
  assertEquals(state.x, { a: A.map((v) => 5 * v), b: B.map((v) => 5 * v) });
  assertEquals(dispatches, 1);
});

const scaled = (x: Tensor, k: number) => mul(sum(reshape(x, [8, 1]), { axes: [1] }), k);

for (
  const [kind, gradient, order] of [
    ["a view", (x: Tensor, k: number) => ({ kept: turned(scaled(x, k)), used: copy(turned(scaled(x, k))) }), TURNED],
    ["a copy", (x: Tensor, k: number) => {
      const kept = copy(scaled(x, k));
      return { kept, used: kept };
    }, [...A.keys()]],
  ] as const
) {
  const descended = (x: Leaves) => {
    const [a, b] = [gradient(x.a, 2), gradient(x.b, 3)];
    return { gradients: { a: a.kept, b: b.kept }, x: { a: sub(x.a, a.used), b: sub(x.b, b.used) } };
  };
  const expected = { a: order.map((i) => 2 * A[i]), b: order.map((i) => 3 * B[i]) };
  const less = { a: A.map((v, i) => v - expected.a[i]), b: B.map((v, i) => v - expected.b[i]) };

  Deno.test(`a gradient that is ${kind} is an output and updates its leaf`, async () => {
    const { state, outputs } = await after({ x: pair() }, ({ x }) => {
      const { gradients, x: next } = descended(x);
      return { state: { x: next }, outputs: gradients };
    });
    assertEquals([outputs, state.x], [expected, less]);
  });

  Deno.test(`a gradient that is ${kind} is the new value of another leaf and updates its own`, async () => {
    const { state } = await after({ x: pair(), last: { a: constant(B) } }, ({ x }) => {
      const { gradients, x: next } = descended(x);
      return { state: { x: next, last: { a: gradients.a } } };
    });
    assertEquals([state.last.a, state.x], [expected.a, less]);
  });
}

Deno.test("whole numbers are copied as such before leaves of a shared buffer are computed from them", async () => {
  const counts = [A, B].map((list) => constant(Uint32Array.from(list)));
  const { state } = await after({ x: pair() }, ({ x: { a, b } }) => ({
    state: { x: { a: add(a, toFloat(copy(counts[0]))), b: add(b, toFloat(copy(counts[1]))) } },
  }));
  assertEquals(state.x, { a: A.map((v) => 2 * v), b: B.map((v) => 2 * v) });
});

Deno.test("leaves of a shared buffer swap places, and one becomes a view of itself", async () => {
  const swapped = await after({ x: pair() }, ({ x: { a, b } }) => ({ state: { x: { a: b, b: a } } }));
  assertEquals(swapped.state.x, { a: B, b: A });
  const viewed = await after({ x: pair() }, ({ x: { a, b } }) => ({ state: { x: { a: turned(a), b: add(b, 1) } } }));
  assertEquals(viewed.state.x, { a: TURNED.map((i) => A[i]), b: B.map((v) => v + 1) });
});

Deno.test("a leaf is computed from the new value of another leaf of the buffer", async () => {
  const { state } = await after({ x: { a: constant(A), b: constant([1, 1, 1, 1]) } }, ({ x }) => {
    const a = mul(x.a, 2);
    return { state: { x: { a, b: add(x.b, slice(a, { start: [4], shape: [4] })) } } };
  });
  assertEquals(state.x, { a: A.map((v) => 2 * v), b: [11, 13, 15, 17] });
});

Deno.test("a buffer with more leaves than the one it is replaced with keeps those that no step changes", async () => {
  const { state } = await after({ p: pair(), m: { ...pair(), c: constant(A) } }, ({ p, m }) => ({
    state: { p: { a: add(p.a, m.a), b: add(p.b, m.b) }, m: { a: mul(m.a, 2), b: mul(m.b, 2) } },
  }), ["p", "m"]);
  const doubled = { a: A.map((v) => 2 * v), b: B.map((v) => 2 * v) };
  assertEquals(state, { p: doubled, m: { ...doubled, c: A } });
});

Deno.test("what runs later reads the new values of leaves that are replaced together", async () => {
  const { state, outputs } = await after({ x: pair(), q: { sum: constant([7]), a: constant(B) } }, ({ x, q }) => {
    const next = { a: mul(x.a, q.sum), b: mul(x.b, q.sum) };
    return {
      state: { x: next, q: { sum: reshape(sum(x.a), [1]), a: add(q.a, next.a) } },
      outputs: { total: sum(mul(next.a, next.b)), old: sum(mul(x.a, x.b)) },
    };
  });
  const old = A.reduce((total, a, i) => total + a * B[i], 0);
  assertEquals(state.x, { a: A.map((v) => 7 * v), b: B.map((v) => 7 * v) });
  assertEquals(state.q, { sum: [36], a: B.map((v, i) => v + 7 * A[i]) });
  assertEquals(outputs, { total: [49 * old], old: [old] });
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
  for (const name of Object.keys(SHAPES)) assertEquals([...x[name]], begin(name).map((value) => value + 1));
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
