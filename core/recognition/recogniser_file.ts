/** A recogniser as a file of its run. */

import type { Device } from "../gpu/device.ts";
import { decodeSafetensors, encodeSafetensors } from "../safetensors.ts";
import { folderOf, RunError } from "../sampling/run.ts";
import { readIfThere } from "../sampling/read.ts";
import { writeWhole } from "../sampling/write.ts";
import { ShapeError } from "../shape.ts";
import { Recogniser, type RecogniserSource } from "./recogniser.ts";

/** The file in a run folder. */
export const RECOGNISER_FILE = "recogniser.safetensors";

const FORMAT = { format: "hmog-recogniser", version: "2" }; // 1 had no word on its training

/** Whose paths are to be recognised. */
export type RecognisedModel = Pick<RecogniserSource, "run" | "iteration" | "model">;

/** The file beside a checkpoint. */
export const recogniserBeside = (checkpoint: string): string => `${folderOf(checkpoint)}/${RECOGNISER_FILE}`;

/**
 * Writes a recogniser.
 *
 * @throws {RunError} If the file cannot be written; what was there before stays
 */
export async function writeRecogniser(
  path: string,
  { run, iteration, model, seed, steps, weights }: RecogniserSource,
): Promise<void> {
  const numbers = { iteration: String(iteration), seed: String(seed), steps: String(steps) };
  const metadata = { ...FORMAT, run, ...numbers, options: JSON.stringify(model) };
  await writeWhole(path, encodeSafetensors({ tensors: weights, metadata }));
}

/**
 * Reads the recogniser of a model.
 *
 * @returns Nothing if there is no such file, or it is that of another model: of another run, another checkpoint of this run,
 *   or with other options
 * @throws {RunError} If it cannot be read, or is no recogniser
 */
export async function readRecogniser(path: string, wanted: RecognisedModel): Promise<RecogniserSource | undefined> {
  const bytes = await readIfThere(path, Deno.readFile);
  if (bytes === undefined) return undefined;
  const { tensors, metadata } = decoded(path, bytes);
  const { format, version, run, iteration, seed, steps, options } = metadata;
  if (format !== FORMAT.format || version !== FORMAT.version) {
    throw new RunError(
      `Cannot use recogniser ${path}: found format ${format} of version ${version}, expected ${FORMAT.format} of version ` +
        FORMAT.version,
    );
  }
  const ofModel = run === wanted.run && Number(iteration) === wanted.iteration &&
    options === JSON.stringify(wanted.model);
  return ofModel ? { ...wanted, seed: Number(seed), steps: Number(steps), weights: tensors } : undefined;
}

/**
 * Reads the recogniser of a model and brings it to the GPU.
 *
 * @returns Nothing where `readRecogniser` gives nothing
 * @throws {RunError} If it cannot be read, is no recogniser, or its weights are not those of the model's path network
 * @throws {DeviceError} If the GPU cannot hold it
 */
export async function openRecogniser(
  device: Device,
  path: string,
  wanted: RecognisedModel,
): Promise<Recogniser | undefined> {
  const source = await readRecogniser(path, wanted);
  return source && await Recogniser.create(device, source).catch((error) => {
    if (!(error instanceof ShapeError)) throw error;
    const found = error.message.replace(/^Cannot use /, "found ");
    throw new RunError(`Cannot use recogniser ${path}: ${found}`, { cause: error });
  });
}

function decoded(path: string, bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof decodeSafetensors> {
  try {
    return decodeSafetensors(bytes);
  } catch (error) {
    const message = error instanceof Error ? error.message.replace(/^Cannot read safetensors: /, "") : String(error);
    throw new RunError(`Cannot read recogniser ${path}: ${message}`, { cause: error });
  }
}
