/** Models and recognisers that have learned nothing, but can be told apart from grey. */

import { createState } from "../../core/compile/program.ts";
import { isHostArray } from "../../core/compile/state.ts";
import type { Device } from "../../core/gpu/device.ts";
import { isTensor } from "../../core/grad.ts";
import { initializer } from "../../core/nn/init.ts";
import { pathNetwork } from "../../core/recognition/path_network.ts";
import type { RecogniserSource } from "../../core/recognition/recogniser.ts";
import type { RecognisedModel } from "../../core/recognition/recogniser_file.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leavesOf } from "../../core/tree.ts";
import type { Change } from "../sampling/tiny_run.ts";

const CONTRAST = 8;

/** Makes pictures that differ: those of an untrained generator are all but grey. */
export const vivid: Change = (tensors) => {
  for (const [path, { shape, data }] of Object.entries(tensors)) {
    if (/body.*weight/.test(path)) tensors[path] = { shape, data: Float32Array.from(data, (x) => CONTRAST * x) };
  }
};

/** A recogniser of a model with its starting values. */
export async function untrainedRecogniser(device: Device, of: RecognisedModel): Promise<RecogniserSource> {
  const parameters = pathNetwork(of.model).parameters(initializer(5));
  const state = await createState(device, parameters);
  const values = new Map(leavesOf(await state.read(), isHostArray));
  state.destroy();
  const leaves = leavesOf<Tensor>(parameters, isTensor);
  const weights = leaves.map(([path, { shape }]) => [path, { shape, data: values.get(path)! }]);
  return { ...of, seed: 5, steps: 0, weights: Object.fromEntries(weights) };
}
