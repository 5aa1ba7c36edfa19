/** Memory of programs that are compiled together: shared, given back, and never in each other's way. */

import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import {
  compileTogether,
  createState,
  type HostArray,
  type Program,
  type State,
  trace,
} from "../../../core/compile/program.ts";
import { Device, openDevice } from "../../../core/gpu/device.ts";
import { add, copy, neg, sub } from "../../../core/ops/elementwise.ts";
import { matmul } from "../../../core/ops/matmul.ts";
import { constant } from "../../../core/ops/source.ts";
import { type Shape, sizeOf } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { assertClose } from "../../gpu.ts";
import { type Pick, picker, seedsOfGraphs, wholeNumbers } from "../../random_graphs.ts";
import { evaluateAll64, type Value } from "../../reference/interpreter.ts";
import { bounded, fitted, rowGraph, someOf } from "../../row_graphs.ts";

const EXACT = 0;
const SEED = 1; // so that what fails once fails again
/** Side of a matrix that a software adapter reads through a texture. */
const SIDE = 256;

const matrix = () => constant(wholeNumbers(SIDE * SIDE, 0), [SIDE, SIDE]);

Deno.test("compileTogether() frees what it allocated when it fails", async () => {
  const own = await openDevice();
  const state = await createState(own, { w: matrix() });
  state.destroy();
  assertEquals(own.bytes, 0);
  const { w } = state.tensors;
  const traced = [
    trace(() => ({ outputs: { y: matmul(matrix(), w) } })),
    trace(() => ({ outputs: { y: matmul(w, matrix()) } })),
  ];
  await assertRejects(() => compileTogether(own, traced), TypeError, "Cannot compile with variable w");
  assertEquals(own.bytes, 0);
  await own.destroy();
});

Deno.test("destroy() of a program frees once, however often, and leaves what another one shares", async () => {
  const own = await openDevice();
  const [first, second] = await compileTogether(own, [
    trace(() => ({ outputs: { y: matmul(neg(copy(matrix())), matrix()) } })),
    trace(() => ({ outputs: { y: matmul(matrix(), neg(copy(matrix()))) } })),
  ]);
  second.run();
  const { y } = await second.read();
  first.destroy();
  const { bytes } = own;
  first.destroy();
  assertEquals(own.bytes, bytes);
  second.run();
  assertEquals((await second.read()).y, y);
  second.destroy();
  second.destroy();
  assertEquals(own.bytes, 0);
  own.check();
  await own.destroy();
});

/** Graphs of a sort: how long rows are, in leaves and at most, and how many graphs there is time for. */
interface Sort {
  rows: number;
  shapes: readonly Shape[];
  longest: number;
  numRuns: number;
}

const SORTS: readonly Sort[] = [
  // Few rows of few numbers, so that many of them are tried.
  { rows: 12, shapes: [[12, 8], [12, 3, 4], [12, 1], [12], [12, 12], [12, 100]], longest: 400, numRuns: 20 },
  // Rows and columns are equally many, and the longest values live in textures on a CPU.
  { rows: 64, shapes: [[64, 8], [64, 3, 4], [64, 1], [64], [64, 64], [64, 512]], longest: 1200, numRuns: 14 },
];

/** Two programs on one state. */
interface Pair {
  /** Seeds of the operations of the program that changes the state, and of the one that only looks. */
  changing: number[];
  looking: number[];
  /** Seed of how leaves change. */
  updates: number;
  /** Whether the leaves share a buffer. */
  together: boolean;
}

const pairs: fc.Arbitrary<Pair> = fc.record({
  changing: seedsOfGraphs(16),
  looking: seedsOfGraphs(8),
  updates: fc.nat(),
  together: fc.boolean(),
});

type Leaves = Record<string, Tensor>;

/** New values for leaves: one more, more or less by another value (be it new), another value itself, or the old one. */
function updatesOf(leaves: Leaves, values: readonly Tensor[], pick: Pick): Leaves {
  const pool = [...values];
  const some = (shape: Shape) => fitted(pool[pick(pool.length)], shape);
  const ways: ((leaf: Tensor) => Tensor)[] = [
    (leaf) => bounded(add(leaf, 1)),
    (leaf) => bounded(add(leaf, some(leaf.shape))),
    (leaf) => bounded(sub(leaf, copy(some(leaf.shape)))),
    (leaf) => some(leaf.shape),
    (leaf) => leaf,
  ];
  return Object.fromEntries(
    Object.entries(leaves).map(([name, leaf]) => {
      const next = ways[pick(ways.length)](leaf);
      pool.push(next);
      return [name, next];
    }),
  );
}

const named = (values: readonly Tensor[]) => Object.fromEntries(values.map((value, i) => [`${i}`, value]));

/** Runs the program and compares what it gives. */
async function assertGives(
  program: Program,
  outputs: readonly Tensor[],
  values: ReadonlyMap<Tensor, Value>,
  what: string,
) {
  program.run();
  const found = await program.read();
  evaluateAll64(outputs, values).forEach((expected, i) =>
    assertClose(found[i], expected, EXACT, `${what}, output ${i}`)
  );
}

async function assertHolds(state: State<{ x: Leaves }>, values: ReadonlyMap<Tensor, Value>, what: string) {
  const { x } = await state.read() as { x: Record<string, HostArray> };
  for (const [name, leaf] of Object.entries(state.tensors.x)) {
    assertClose(x[name], values.get(leaf)!, EXACT, `${what}, leaf ${name}`);
  }
}

/** Runs both programs in turn, writes into the state, runs them again; everything is as the float64 loops say. */
async function assertPairAgrees(
  { changing, looking, updates, together }: Pair,
  { rows, shapes, longest }: Sort,
  on: Device,
) {
  const before = on.bytes;
  const numbers = (i: number) => wholeNumbers(sizeOf(shapes[i]), i);
  const start = Object.fromEntries(shapes.map((shape, i) => [`l${i}`, constant(numbers(i), shape)]));
  const state = await createState(on, { x: start }, { together: together ? ["x"] : [] });
  const leaves = Object.values(state.tensors.x);
  const graph = { leaves, rows, longest, across: true };
  const pool = rowGraph(changing, graph);
  const next = updatesOf(state.tensors.x, [...leaves, ...pool], picker(updates));
  const [changed, seen] = [someOf(pool), someOf(rowGraph(looking, graph))];
  const programs = await compileTogether(on, [
    trace(() => ({ state: { x: next }, outputs: named(changed) }), { state }),
    trace(() => ({ outputs: named(seen) })),
  ]);
  let values = new Map<Tensor, Value>(leaves.map((leaf, i) => [leaf, Float64Array.from(numbers(i))]));
  for (const round of ["first", "second"]) {
    await assertGives(programs[1], seen, values, `looking, ${round} run`);
    await assertGives(programs[0], changed, values, `changing, ${round} run`);
    const results = evaluateAll64(Object.values(next), values);
    values = new Map(leaves.map((leaf, i) => [leaf, results[i]]));
    await assertHolds(state, values, `after the ${round} run`);
    const last = leaves.length - 1; // the one that may have a copy in a texture
    const written = wholeNumbers(leaves[last].size, last + 1);
    state.write({ x: { [`l${last}`]: written } });
    values.set(leaves[last], Float64Array.from(written));
  }
  for (const program of together ? programs : programs.toReversed()) program.destroy();
  state.destroy();
  assertEquals(on.bytes, before);
}

for (const [name, traits] of [["a CPU", {}], ["a graphics card", { software: false }]] as const) {
  for (const sort of SORTS) {
    Deno.test(`compileTogether() of programs on a state with ${sort.rows} rows gives what their graphs say, for ${name}`, async () => {
      const own = await openDevice();
      const on = new Device(own.gpu, { ...own.traits, ...traits }, own.description);
      await fc.assert(fc.asyncProperty(pairs, (pair) => assertPairAgrees(pair, sort, on)), {
        seed: SEED,
        numRuns: sort.numRuns,
        endOnFailure: true, // a device that has failed fails with every smaller graph, too
      });
      on.check();
      await own.destroy();
    });
  }
}
