/** Trains a small network with a compiled step: what the classifier and the recogniser have in common. */

import type { HostArray, Program, State } from "../compile/program.ts";
import { isHostArray } from "../compile/state.ts";
import { isTensor, type Tensors } from "../grad.ts";
import type { StoredTensor } from "../safetensors.ts";
import type { Tensor } from "../tensor.ts";
import { leavesOf } from "../tree.ts";

/** How a step is repeated. */
export interface FitOptions {
  readonly steps: number;
  /** What is trained, for errors. */
  readonly what: string;
  /** Steps that are enqueued before one is waited for. */
  readonly reportEvery: number;
  /** What a step gets, beside its rate `[1]`, which falls from 1 to 0 in a straight line. */
  readonly inputs?: (step: number) => Readonly<Record<string, HostArray>>;
  readonly onProgress: (progress: { step: number; steps: number; loss: number }) => void;
}

/**
 * Runs a program with the input `rate` and the output `loss [1]` so often; gives it back in the end.
 *
 * @throws {Error} If a loss that was looked at is no finite number
 * @throws {DeviceError} If the GPU is lost
 */
export async function fit(
  program: Program,
  { steps, what, reportEvery, inputs = () => ({}), onProgress }: FitOptions,
): Promise<void> {
  let reported = Promise.resolve();
  try {
    for (let step = 0; step < steps; step++) {
      program.run({ ...inputs(step), rate: Float32Array.of(1 - step / steps) });
      if (step % reportEvery !== 0 && step !== steps - 1) continue;
      await reported; // the one before
      reported = program.read().then(({ loss: [loss] }) => {
        if (!Number.isFinite(loss)) {
          throw new Error(`Cannot train the ${what}: its loss is ${loss} at step ${step}, expected a finite number`);
        }
        onProgress({ step: step + 1, steps, loss });
      });
      reported.catch(() => {}); // it may fail before it is waited for
    }
    await reported;
  } finally {
    program.destroy();
  }
}

/** The `parameters` of a state, by their path in `start`. */
export async function fitted<S extends { parameters: Tensors }>(
  state: State<S & Tensors>,
  start: Tensors,
): Promise<Record<string, StoredTensor>> {
  const values = new Map(leavesOf(await state.read(), isHostArray));
  return Object.fromEntries(
    leavesOf<Tensor>(start, isTensor).map(([path, { shape }]) => [
      path,
      { shape, data: values.get(`parameters/${path}`)! },
    ]),
  );
}
