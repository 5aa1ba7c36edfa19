/** A recogniser as a file of its run. */

import { decodeSafetensors, encodeSafetensors } from "../safetensors.ts";
import { RunError } from "../sampling/run.ts";
import { orRunError, writeWhole } from "../sampling/write.ts";
import type { RecogniserSource } from "./recogniser.ts";

/** The file in a run folder. */
export const RECOGNISER_FILE = "recogniser.safetensors";

const FORMAT = { format: "hmog-recogniser", version: "1" };

/** Whose paths are to be recognised. */
export type RecognisedModel = Pick<RecogniserSource, "run" | "iteration" | "model">;

/** The file beside a checkpoint. */
export function recogniserBeside(checkpoint: string): string {
  return `${checkpoint.split("/").slice(0, -1).join("/") || "."}/${RECOGNISER_FILE}`;
}

/**
 * Writes a recogniser.
 *
 * @throws {RunError} If the file cannot be written; what was there before stays
 */
export async function writeRecogniser(
  path: string,
  { run, iteration, model, weights }: RecogniserSource,
): Promise<void> {
  const metadata = { ...FORMAT, run, iteration: String(iteration), options: JSON.stringify(model) };
  await writeWhole(path, encodeSafetensors({ tensors: weights, metadata }));
}

/**
 * Reads the recogniser of a model.
 *
 * @returns Nothing if there is no such file
 * @throws {RunError} If it cannot be read, is no recogniser, or is that of another model: of another run, another checkpoint
 *   of this run, or with other options
 */
export async function readRecogniser(path: string, wanted: RecognisedModel): Promise<RecogniserSource | undefined> {
  const bytes = await orRunError("read", path, () =>
    Deno.readFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }));
  if (bytes === undefined) return undefined;
  const { tensors, metadata } = decoded(path, bytes);
  const refuse = (found: string, expected: string): never => {
    throw new RunError(`Cannot use recogniser ${path}: found ${found}, expected ${expected}`);
  };
  const { format, version, run, iteration, options } = metadata;
  if (format !== FORMAT.format || version !== FORMAT.version) {
    refuse(`format ${format} of version ${version}`, `${FORMAT.format} of version ${FORMAT.version}`);
  }
  if (run !== wanted.run) refuse(`that of run ${run}`, `that of ${wanted.run}`);
  if (Number(iteration) !== wanted.iteration) {
    refuse(`that of iteration ${iteration}`, `that of iteration ${wanted.iteration}`);
  }
  if (options !== JSON.stringify(wanted.model)) refuse("that of a model with other options", "those of the run");
  return { ...wanted, weights: tensors };
}

function decoded(path: string, bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof decodeSafetensors> {
  try {
    return decodeSafetensors(bytes);
  } catch (error) {
    const message = error instanceof Error ? error.message.replace(/^Cannot read safetensors: /, "") : String(error);
    throw new RunError(`Cannot read recogniser ${path}: ${message}`, { cause: error });
  }
}
