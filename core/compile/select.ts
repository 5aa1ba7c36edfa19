/** Which of the variants of every kernel a program runs, with their pipelines. */

import type { Device } from "../gpu/device.ts";
import type { Pipeline } from "../gpu/pipelines.ts";
import type { KernelText, Variants } from "./write.ts";

/** A kernel with the variant that was chosen. */
export interface SelectedKernel extends Pipeline {
  readonly text: KernelText;
}

/**
 * Compiles the first variant of each kernel that this adapter takes; each one that it refuses is warned of once.
 *
 * @throws {SyntaxError} If it takes none
 */
export function selectKernels(device: Device, kernels: readonly Variants[]): Promise<SelectedKernel[]> {
  return Promise.all(kernels.map((variants) => firstThatCompiles(device, variants)));
}

async function firstThatCompiles(device: Device, [variant, ...others]: Variants): Promise<SelectedKernel> {
  const text = variant();
  const bindings = text.bindings.map(({ access }) => access);
  const compiled = device.pipelines.get({ ...text, bindings });
  if (others.length === 0) return { text, ...await compiled };
  try {
    return { text, ...await compiled };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    device.warn(`${error.message}; going on with another variant`);
    return await firstThatCompiles(device, others);
  }
}
