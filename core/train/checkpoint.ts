/** Checkpoints: the whole state of a run in one safetensors file, from which training goes on bit for bit. */

import type { HostArray } from "../compile/program.ts";
import { encodeSafetensors, type StoredTensor } from "../safetensors.ts";
import { type Checkpoint, CHECKPOINT_FORMAT, type CheckpointKind, checkpointName, RunError } from "../sampling/run.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { leavesOf, type Tree } from "../tree.ts";
import type { TrainOptions } from "./options.ts";
import { writeRunFile } from "./run_folder.ts";
import { NonFiniteError } from "./trainer.ts";

/** Options a resumed run may have changed; all others decide what the state means or how it goes on. */
const CHANGEABLE = ["iterations", "sampleEvery", "saveEvery"];

const isArray = (value: unknown): value is HostArray => ArrayBuffer.isView(value);

/**
 * Writes the state after `iteration` iterations, under a temporary name first.
 *
 * @param leaves Tensors of the state by path
 * @param values Their values, read after that iteration
 * @returns The path of the file
 * @throws {NonFiniteError} If a value is no finite number: such a state is never written
 * @throws {RunError} If the file cannot be written
 */
export async function writeCheckpoint(
  folder: string,
  iteration: number,
  { kind = "checkpoint", options, leaves, values }: {
    kind?: CheckpointKind;
    options: TrainOptions;
    leaves: readonly (readonly [path: string, leaf: Tensor])[];
    values: Tree<HostArray>;
  },
): Promise<string> {
  const data = new Map(leavesOf<HostArray>(values, isArray));
  const tensors: Record<string, StoredTensor> = {};
  for (const [path, { shape }] of leaves) {
    tensors[path] = { shape, data: data.get(path)! };
    const wrong = nonFinite(data.get(path)!);
    if (wrong !== undefined) throw new NonFiniteError(iteration, `an element of ${path}`, wrong);
  }
  const metadata = { ...CHECKPOINT_FORMAT, iteration: String(iteration), options: JSON.stringify(options) };
  const path = `${folder}/${checkpointName(iteration, kind)}`;
  await writeRunFile(path, encodeSafetensors({ tensors, metadata }));
  return path;
}

/** The first element that is no finite number, if there is one. */
function nonFinite(data: HostArray): number | undefined {
  for (let i = 0; i < data.length; i++) if (data[i] - data[i] !== 0) return data[i];
}

/**
 * The values of a checkpoint for a state with these tensors.
 *
 * @throws {RunError} If one of them is missing or of another shape or type
 */
export function valuesOf(
  { path: file, tensors }: Checkpoint,
  leaves: readonly (readonly [path: string, leaf: Tensor])[],
): Record<string, HostArray> {
  return Object.fromEntries(leaves.map(([path, { shape, dtype }]) => {
    const stored = tensors[path];
    const expected = `${dtype} [${shape}], as the options of the run say`;
    if (stored === undefined) {
      throw new RunError(`Cannot resume from ${file}: it has no tensor ${path}, expected ${expected}`);
    }
    const found = stored.data instanceof Uint32Array ? "u32" : "f32";
    if (found === dtype && sameShape(stored.shape, shape)) return [path, stored.data];
    throw new RunError(
      `Cannot resume from ${file}, a checkpoint of another configuration: ` +
        `${path} is ${found} [${stored.shape}], expected ${expected}`,
    );
  }));
}

/**
 * Checks that a checkpoint was made with the options of its run, but for those that may change on the way.
 *
 * @throws {RunError} If it was not; names the first difference
 */
export function checkConfiguration(checkpoint: Checkpoint, options: TrainOptions): void {
  const found = new Map(leavesOf<unknown>(checkpoint.options, isPlain));
  const expected = new Map(leavesOf<unknown>(options, isPlain));
  for (const path of new Set([...found.keys(), ...expected.keys()])) {
    if (CHANGEABLE.includes(path) || Object.is(found.get(path), expected.get(path))) continue;
    throw new RunError(
      `Cannot resume from ${checkpoint.path}, a checkpoint of another configuration: it was made with ` +
        `${path} ${text(found.get(path))}, expected ${text(expected.get(path))} as in the options of the run`,
    );
  }
}

const isPlain = (value: unknown): value is unknown => typeof value !== "object" || value === null;

const text = (value: unknown): string => value === undefined ? "unknown" : String(value);
