/** Golden values (tests/golden/models.json, made by models.py with PyTorch in float64) as tensors, and their comparison. */

import { assert, assertEquals } from "@std/assert";
import { evaluate } from "../../core/compile/program.ts";
import { Device, openDevice } from "../../core/gpu/device.ts";
import { isTensor } from "../../core/grad.ts";
import { constant } from "../../core/ops/source.ts";
import type { AdapterTraits, Tensor } from "../../core/tensor.ts";
import { leavesOf, mapTree, type Tree } from "../../core/tree.ts";
import { evaluateAll64 } from "../reference/interpreter.ts";
import file from "../golden/models.json" with { type: "json" };

/** A tensor in the file. */
export interface Golden {
  shape: number[];
  data: number[];
}

/** The file. */
export const golden = file;

const isGolden = (value: unknown): value is Golden => Array.isArray((value as Golden).data);

/** The same tree of constants. */
export function constants<T>(tree: T): Constants<T> {
  return mapTree(tree as Tree<Golden>, isGolden, ({ shape, data }) => constant(data, shape)) as Constants<T>;
}

type Constants<T> = T extends Golden ? Tensor : { [K in keyof T]: Constants<T[K]> };

/** A computed tree beside the one it should be. */
export interface Claim {
  computed: Tree<Tensor>;
  expected: Tree<Golden>;
}

// Both sides are float64 and start from the same numbers; the file has nine digits.
const FLOAT64_TOLERANCE = 1e-8;
// Sums of some hundred products in float32, each rounded by 6e-8, and exp, sqrt and division, which WGSL lets be off by
// several units in the last place; llvmpipe stays below 2e-6.
const FLOAT32_TOLERANCE = 1e-5;

const SMALLEST_SCALE = 0.1; // some gradients are exactly 0: differences of numbers around 1

/** The claims hold in float64 (the mathematics) and on the GPU (the kernels); errors are relative to the largest element. */
export async function assertGolden(claims: Record<string, Claim>): Promise<void> {
  const { expected, tensors } = assertGolden64(claims);
  compare(expected, await onGpu(tensors), FLOAT32_TOLERANCE, "GPU");
  compare(expected, await onGpu(tensors, { software: false }), FLOAT32_TOLERANCE, "GPU, kernels of a graphics card");
}

/** The claims hold in float64 alone: for graphs of which another test has all the kernels. */
export function assertGolden64(
  claims: Record<string, Claim>,
): { expected: [path: string, golden: Golden][]; tensors: Tensor[] } {
  const expected = leavesOf(mapClaims(claims, (claim) => claim.expected), isGolden);
  const computed = leavesOf(mapClaims(claims, (claim) => claim.computed), isTensor);
  assertEquals(computed.map(([path, { shape }]) => [path, shape]), expected.map(([path, { shape }]) => [path, shape]));
  const tensors = computed.map(([, tensor]) => tensor);
  compare(expected, evaluateAll64(tensors), FLOAT64_TOLERANCE, "float64");
  return { expected, tensors };
}

/** Values of tensors, computed on the GPU in one go, with kernels as for an adapter with these traits. */
export async function onGpu(tensors: readonly Tensor[], traits: Partial<AdapterTraits> = {}): Promise<Float32Array[]> {
  const device = await openDevice();
  const alike = new Device(device.gpu, { ...device.traits, ...traits }, device.description);
  const values = await evaluate(alike, Object.fromEntries(tensors.map((tensor, i) => [`${i}`, tensor])));
  device.destroy();
  return tensors.map((_, i) => values[i] as Float32Array);
}

function mapClaims<T>(claims: Record<string, Claim>, f: (claim: Claim) => Tree<T>): Tree<T> {
  return Object.fromEntries(Object.entries(claims).map(([name, claim]) => [name, f(claim)]));
}

function compare(
  expected: [path: string, golden: Golden][],
  values: readonly ArrayLike<number>[],
  tolerance: number,
  where: string,
): void {
  expected.forEach(([path, { data }], tensor) => {
    const scale = Math.max(...data.map(Math.abs), SMALLEST_SCALE);
    data.forEach((wanted, i) => {
      const error = Math.abs(values[tensor][i] - wanted) / scale;
      assert(error <= tolerance, `${path}[${i}] on ${where}: ${values[tensor][i]}, expected ${wanted} (${error})`);
    });
  });
}
