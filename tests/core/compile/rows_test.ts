/** Kernels that take a row through a chain of reductions and elementwise values. */

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { plan } from "../../../core/compile/plan.ts";
import { compile } from "../../../core/compile/program.ts";
import type { Device } from "../../../core/gpu/device.ts";
import { vjp } from "../../../core/grad.ts";
import { logLevelWeights } from "../../../core/models/soft_tree.ts";
import { layerNorm } from "../../../core/nn/norm.ts";
import {
  add,
  addU32,
  copy,
  exp,
  leakyRelu,
  mul,
  neg,
  sqrt,
  square,
  sub,
  toFloat,
} from "../../../core/ops/elementwise.ts";
import { broadcastTo, reshape, transpose } from "../../../core/ops/movement.ts";
import { max, sum } from "../../../core/ops/reduce.ts";
import { constant } from "../../../core/ops/source.ts";
import { type Shape, sizeOf } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { asHardware, assertGpuAgrees, device } from "../../gpu.ts";
import { seedsOfGraphs, wholeNumbers } from "../../random_graphs.ts";
import { evaluate64 } from "../../reference/interpreter.ts";
import { rowGraph, someOf } from "../../row_graphs.ts";

const ROWS = 12; // enough for a software adapter to join them
const LONGEST = 400;
const SEED = 1; // so that what fails once fails again
/** Of whole numbers that f32 adds exactly. */
const EXACT = 0;
/** A normalisation and its gradients: a few hundred terms, then quotients of such sums. */
const NORM_TOLERANCE = 1e-5;
/** Whole numbers that grow beyond 2²⁴, where f32 rounds each term. */
const LARGE_SUMS = 1e-6;

/** Elements of a value that a software adapter keeps in a texture, at least. */
const FILLS_TEXTURE = 2 ** 14;

const ADAPTERS: [string, Device][] = [["a CPU", device], ["a graphics card", asHardware]];

const numbers = (shape: Shape, seed: number) => constant(wholeNumbers(sizeOf(shape), seed), shape);

function chains(seeds: readonly number[]): Tensor[] {
  const leaves = [[ROWS, 8], [ROWS, 3, 4], [ROWS, 1], [ROWS]].map((shape, i) => numbers(shape, i));
  const values = new Map(leaves.map((x) => [x, evaluate64(x)]));
  return someOf([...leaves, ...rowGraph(seeds, { leaves, rows: ROWS, longest: LONGEST, values })]);
}

for (const [name, on] of ADAPTERS) {
  Deno.test(`chains that stay in their row give what their graph says, with kernels for ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(seedsOfGraphs(14), (seeds) => assertGpuAgrees(chains(seeds), EXACT, on)),
      { numRuns: 25, seed: SEED },
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

/** One number for each index of an axis, everywhere else the same. */
const along = (axis: number, values: Tensor, shape: Shape) =>
  broadcastTo(reshape(values, shape.map((length, i) => i === axis ? length : 1)), shape);

/** Texts of the kernels, in every variant. */
const textsOf = (outputs: readonly Tensor[], on: Device) =>
  plan(outputs, [], on.traits).kernels.flatMap((variants) => variants.map((variant) => variant()));

/** How a kernel would store one component of a vector: two invocations that do this to one vector lose a number. */
const COMPONENT = /out\d+\[.*\]\[.*\] = /;

for (const [name, on] of ADAPTERS) {
  Deno.test(`a vector is indexed by row and by column, which are equally many, for ${name}`, async () => {
    const shape = [64, 16, 64];
    const v = numbers([64], 2);
    const byRow = along(0, v, shape);
    const byColumn = along(2, v, shape);
    const y = add(mul(numbers(shape, 1), byRow), byColumn);
    const totals = sum(y, { axes: [1, 2] });
    const centred = sub(y, along(0, totals, shape));
    const largest = max(mul(centred, byRow), { axes: [1, 2] });
    const columns = sum(mul(centred, add(byColumn, along(0, largest, shape))), { axes: [1], keepDims: true });
    const rest = sub(broadcastTo(columns, shape), y);
    const across = add(centred, along(2, totals, shape)); // the totals of other rows
    await assertGpuAgrees([across, totals, largest, columns, rest, sum(rest, { axes: [1, 2] })], LARGE_SUMS, on);
  });

  Deno.test(`one number a row for so many rows that they fill a texture is read by row, for ${name}`, async () => {
    const tail = (z: Tensor) => {
      const largest = max(z, { axes: [1], keepDims: true });
      return sum(square(sub(z, broadcastTo(largest, z.shape))), { axes: [1] });
    };
    const rows = FILLS_TEXTURE;
    const reduced = sum(numbers([5, rows], 1), { axes: [0] });
    const computed = copy(add(numbers([2 * rows], 1), numbers([2 * rows], 2)));
    const moved = transpose(reshape(computed, [2, rows]));
    const turned = mul(numbers([2 * rows, 4], 3), along(0, reshape(moved, [2 * rows]), [2 * rows, 4]));
    await assertGpuAgrees([tail(mul(numbers([rows, 8], 3), along(0, reduced, [rows, 8])))], EXACT, on);
    await assertGpuAgrees([tail(mul(turned, along(0, computed, [2 * rows, 4])))], EXACT, on);
  });

  Deno.test(`sums over the innermost axis are stored whole, for ${name}`, async () => {
    const shape = [32, 64, 12];
    const x = numbers(shape, 1);
    const a = sum(x, { axes: [2] });
    const b = sub(a, broadcastTo(max(a, { axes: [1], keepDims: true }), a.shape));
    const c = sum(mul(x, broadcastTo(reshape(b, [32, 64, 1]), shape)), { axes: [2], keepDims: true });
    const outputs = [b, c, sum(c, { axes: [1, 2] })];
    await assertGpuAgrees(outputs, EXACT, on);
    const texts = textsOf(outputs, on);
    assert(texts.some(({ label }) => label.endsWith("by rows")), "no kernel is joined");
    assertEquals(texts.filter(({ code }) => COMPONENT.test(code)).map(({ label }) => label), []);
  });

  Deno.test(`whole numbers, one a row, are among the values of joined kernels for ${name}`, async () => {
    const counts = addU32(constant(Uint32Array.from({ length: 64 }, (_, i) => i * 7 % 13)), 3);
    const z = add(numbers([64, 64], 1), along(0, toFloat(copy(counts)), [64, 64]));
    const largest = max(z, { axes: [1], keepDims: true });
    const gaps = sum(sub(z, broadcastTo(largest, z.shape)), { axes: [1] });
    await assertGpuAgrees([counts, gaps, add(z, toFloat(counts))], EXACT, on);
  });

  Deno.test(`the largest of nothing but -Infinity is -Infinity in joined kernels for ${name}`, async () => {
    for (const length of [5, 12, 300]) { // no vectors, a vector for some lanes, several rounds of all
      const x = constant(new Float32Array(32 * length).fill(-Infinity), [32, length]);
      const largest = max(x, { axes: [1], keepDims: true });
      await assertGpuAgrees([largest, max(sub(neg(x), broadcastTo(largest, x.shape)), { axes: [1] })], EXACT, on);
    }
  });
}
