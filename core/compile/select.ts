/** Which of the variants of every kernel a program runs, with their pipelines. */

import type { Device } from "../gpu/device.ts";
import type { Pipeline } from "../gpu/pipelines.ts";
import type { Candidate, Tuner } from "../gpu/tuning.ts";
import type { KernelText, Variants } from "./write.ts";

/** A kernel with the variant that was chosen. */
export interface SelectedKernel extends Pipeline {
  readonly text: KernelText;
}

/**
 * Compiles one variant of each kernel: the one that the device's tuner chooses, else the best by rule. Where the adapter
 * refuses it, the next one by rule is taken, with one warning.
 *
 * @throws {SyntaxError} If it refuses all
 * @throws {DeviceError} If it was lost
 */
export async function selectKernels(device: Device, kernels: readonly Variants[]): Promise<SelectedKernel[]> {
  const { tuner } = device;
  const ordered = tuner ? await Promise.all(kernels.map((variants) => chosenFirst(tuner, variants))) : kernels;
  return await Promise.all(ordered.map((variants) => firstThatCompiles(device, variants)));
}

async function chosenFirst(tuner: Tuner, variants: Variants): Promise<Variants> {
  if (variants.length === 1) return variants;
  const texts = variants.map((variant) => variant()).filter(({ kernel }) => !kernel!.lastResort);
  if (texts.length === 1) return variants;
  const choice = await tuner.choose({
    candidates: texts.map(candidateOf),
    // What is fused behind a product hardly changes which variant is best: one measurement serves all its epilogues.
    identity: texts.map(({ kernel }) => kernel),
    multiplyAdds: texts[0].multiplyAdds,
  });
  return [variants[choice], ...variants.filter((_, i) => i !== choice)];
}

const candidateOf = (text: KernelText): Candidate => ({
  ...text,
  bindings: text.bindings.map(({ node, access }) => ({ access, of: node, bytes: node.size * 4 })),
});

async function firstThatCompiles(device: Device, [variant, ...others]: Variants): Promise<SelectedKernel> {
  const text = variant();
  const bindings = text.bindings.map(({ access }) => access);
  const compiled = device.pipelines.get({ ...text, bindings });
  try {
    return { text, ...await compiled };
  } catch (error) {
    device.check(); // on a lost adapter nothing compiles
    if (others.length === 0 || !(error instanceof SyntaxError)) throw error;
    device.warn(`${error.message}; going on with another variant`);
    return await firstThatCompiles(device, others);
  }
}
