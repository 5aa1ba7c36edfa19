/** Kernels that take a row through a chain of reductions and elementwise values. */

import { assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { compile } from "../../../core/compile/program.ts";
import type { Device } from "../../../core/gpu/device.ts";
import { vjp } from "../../../core/grad.ts";
import { logLevelWeights } from "../../../core/models/soft_tree.ts";
import { layerNorm } from "../../../core/nn/norm.ts";
import { add, exp, leakyRelu, maximum, minimum, mul, neg, sqrt, square, sub } from "../../../core/ops/elementwise.ts";
import { broadcastTo, concat, pad, reshape, slice, transpose } from "../../../core/ops/movement.ts";
import { max, sum } from "../../../core/ops/reduce.ts";
import { constant } from "../../../core/ops/source.ts";
import { type Shape, sizeOf } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { asHardware, assertGpuAgrees, device } from "../../gpu.ts";
import { type Pick, picker, seedsOfGraphs, wholeNumbers } from "../../random_graphs.ts";
import { evaluate64, type Value } from "../../reference/interpreter.ts";

const ROWS = 12; // enough for a software adapter to join them
const LIMIT = 30; // values stay whole numbers that f32 holds exactly
const LONGEST = 400;
const EXACT = 0;
/** A normalisation and its gradients: a few hundred terms, then quotients of such sums. */
const NORM_TOLERANCE = 1e-5;

const ADAPTERS: [string, Device][] = [["a CPU", device], ["a graphics card", asHardware]];

/** What stays in its row, whatever it does there. */
const OPERATIONS: ((x: Tensor, y: Tensor, pick: Pick) => Tensor)[] = [
  (x) => neg(x),
  (x) => leakyRelu(x, { negativeSlope: 2 }),
  (x, y) => add(x, fitted(y, x.shape)),
  (x, y) => sub(fitted(y, x.shape), x),
  (x, y) => mul(x, fitted(y, x.shape)),
  (x, _, pick) => add(x, constant(wholeNumbers(sizeOf(x.shape.slice(1)), pick(9)), x.shape.slice(1))),
  (x, _, pick) => sum(x, { axes: innerAxes(x).filter(() => pick(2)), keepDims: true }),
  (x) => sum(x, { axes: innerAxes(x), keepDims: true }),
  (x, _, pick) => max(x, { axes: innerAxes(x).filter(() => pick(2)), keepDims: true }),
  (x) => reshape(x, [ROWS, -1]),
  (x) => transpose(x, [0, ...innerAxes(x).reverse()]),
  (x, y) => concat([reshape(x, [ROWS, -1]), reshape(y, [ROWS, -1])], 1),
  (x, _, pick) => pad(x, { before: x.shape.map((_, axis) => axis && pick(3)), after: x.shape.map(() => 0) }),
  (x, _, pick) => {
    const start = x.shape.map((length, axis) => axis && pick(Math.min(length, 3)));
    return slice(x, { start, shape: x.shape.map((length, axis) => length - start[axis]) });
  },
];

const innerAxes = (x: Tensor) => x.shape.map((_, axis) => axis).slice(1);

/** `y` with the shape of another value: its rows cut or repeated. */
function fitted(y: Tensor, shape: Shape): Tensor {
  const row = sizeOf(shape) / ROWS;
  const flat = reshape(y, [ROWS, -1]);
  const cut = slice(flat, { start: [0, 0], shape: [ROWS, flat.shape[1] >= row ? row : 1] });
  return reshape(broadcastTo(cut, [ROWS, row]), shape);
}

function rowGraph(seeds: readonly number[]): Tensor[] {
  const pool = [[ROWS, 8], [ROWS, 3, 4], [ROWS, 1], [ROWS]].map((shape, i) =>
    constant(wholeNumbers(sizeOf(shape), i), shape)
  );
  const values = new Map<Tensor, Value>(pool.map((x) => [x, Float64Array.from(x.attributes.data as Float32Array)]));
  for (const seed of seeds) {
    const pick = picker(seed);
    const operand = () => pool[pick(3) ? pool.length - 1 : pick(pool.length)];
    const y = OPERATIONS[pick(OPERATIONS.length)](operand(), operand(), pick);
    if (y.size > ROWS * LONGEST || y.shape.length > 4) continue;
    const bounded = evaluate64(y, values).some((value) => Math.abs(value) > LIMIT)
      ? maximum(minimum(y, LIMIT), -LIMIT)
      : y;
    values.set(bounded, evaluate64(bounded, values));
    pool.push(bounded);
  }
  return pool.filter((_, i) => i % 4 === 0 || i === pool.length - 1);
}

for (const [name, on] of ADAPTERS) {
  Deno.test(`chains that stay in their row give what their graph says, with kernels for ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(seedsOfGraphs(14), (seeds) => assertGpuAgrees(rowGraph(seeds), EXACT, on)),
      { numRuns: 25 },
    );
  });
}

function waves(shape: Shape, seed: number): Tensor {
  return constant(Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * 0.7 + seed)), shape);
}

/** Layer normalisation, its gradient in `x`, and the gradients of the square of that. */
function normalised(shape: Shape): { forward: Tensor; backward: Tensor; twice: Tensor[] } {
  const x = waves(shape, 0);
  const norm = { scale: waves(shape.slice(1), 1), shift: waves(shape.slice(1), 2) };
  const forward = leakyRelu(layerNorm(norm, x), { negativeSlope: 0.2 });
  const [backward] = vjp(sum(mul(forward, waves(shape, 3))), [x]);
  return { forward, backward, twice: vjp(sum(square(backward)), [x]) };
}

async function dispatchesOf(on: Device, outputs: Record<string, Tensor>): Promise<number> {
  const program = await compile(on, () => ({ outputs }));
  program.destroy();
  return program.report.dispatches;
}

for (const [name, on] of ADAPTERS) {
  // The second one is large enough to go through textures on a CPU, the third has rows that are no multiple of four.
  for (const shape of [[16, 4, 4, 8], [32, 16, 16, 8], [32, 5, 7]]) {
    Deno.test(`layerNorm() of [${shape}] with its gradients is exact and a kernel each, for ${name}`, async () => {
      const { forward, backward, twice } = normalised(shape);
      await assertGpuAgrees([forward, backward, ...twice], NORM_TOLERANCE, on);
      assertLessOrEqual(await dispatchesOf(on, { forward }), 1);
      assertLessOrEqual(await dispatchesOf(on, { backward }), 1);
      assertLessOrEqual(await dispatchesOf(on, { twice: twice[0] }), 1);
    });
  }

  Deno.test(`path weights of a tree with their gradient, and norms of a penalty, are few kernels for ${name}`, async () => {
    const logits = waves([64, 31], 0);
    const weights = exp(reshape(logLevelWeights(logits, 5), [64, 32]));
    const [gradient] = vjp(sum(mul(weights, waves([64, 32], 1))), [logits]);
    await assertGpuAgrees([weights, gradient], NORM_TOLERANCE, on);
    assertLessOrEqual(await dispatchesOf(on, { weights }), 1);
    assertLessOrEqual(await dispatchesOf(on, { gradient }), 2);

    const images = waves([64, 8, 8, 3], 2);
    const norm = sqrt(add(sum(square(images), { axes: [1, 2, 3] }), 1e-12));
    const penalty = sum(square(sub(norm, 1)));
    await assertGpuAgrees([penalty, ...vjp(penalty, [images])], NORM_TOLERANCE, on);
    assertLessOrEqual(await dispatchesOf(on, { penalty }), 2);
  });
}
