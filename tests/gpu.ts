/** Graphs on the GPU against the float64 interpreter. */

import { assert } from "@std/assert";
import { evaluate, type HostArray } from "../core/compile/program.ts";
import { Device, openDevice } from "../core/gpu/device.ts";
import type { Tensor } from "../core/tensor.ts";
import { evaluateAll64, type Value } from "./reference/interpreter.ts";

/** One device for all tests of a file; without an adapter its error says what to install. */
export const device: Device = await openDevice();

/** The same adapter, with kernels as for a graphics card. */
export const asHardware: Device = new Device(device.gpu, { ...device.traits, software: false }, "as a graphics card");

/**
 * Largest error against the largest number of a tensor. f32 rounds to 6e-8, WGSL allows functions such as `exp` a few
 * units more, and sums of a few hundred terms collect some dozen of these.
 */
export const F32_TOLERANCE = 2e-6;

/** Evaluates all tensors in one program and compares each with float64. */
export async function assertGpuAgrees(
  tensors: readonly Tensor[],
  tolerance = F32_TOLERANCE,
  on: Device = device,
): Promise<void> {
  const names = tensors.map((_, i) => `${i}`);
  const found = await evaluate(on, Object.fromEntries(tensors.map((tensor, i) => [names[i], tensor])));
  evaluateAll64(tensors).forEach((expected, i) =>
    assertClose(found[names[i]], expected, tolerance, describe(tensors[i], i))
  );
}

/** Every element within `tolerance` of the largest expected one; whole numbers equal. */
export function assertClose(found: HostArray, expected: Value, tolerance: number, what: string): void {
  assert(found.length === expected.length, `${what}: found ${found.length} numbers, expected ${expected.length}`);
  let scale = 0;
  for (const x of expected) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
  const allowed = expected instanceof Uint32Array ? 0 : tolerance * scale;
  const wrong = [...expected.keys()].filter((i) => {
    const [a, b] = [found[i], expected[i]];
    return !(Object.is(a, b) || a === b || Math.abs(a - b) <= allowed);
  });
  if (wrong.length === 0) return;
  const examples = wrong.slice(0, 5).map((i) => `[${i}] ${found[i]} for ${expected[i]}`).join(", ");
  throw new Error(
    `${what}: ${wrong.length} of ${expected.length} elements differ by more than ${allowed}: ${examples}`,
  );
}

/** Shape and formula of a tensor, three operations deep. */
function describe(tensor: Tensor, number: number): string {
  const formula = (x: Tensor, depth: number): string =>
    `${x.op.name}${
      x.inputs.length === 0 ? "" : depth === 0 ? "(…)" : `(${x.inputs.map((i) => formula(i, depth - 1))})`
    }`;
  return `value ${number}, [${tensor.shape}] ${formula(tensor, 3)}`;
}
