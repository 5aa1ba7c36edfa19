/**
 * Where measured choices of kernels are kept: in the user's cache for all runs, and in the folder of each run, since a
 * run that is gone on with must use the kernels it began with: another one rounds differently.
 */

import type { Device } from "../gpu/device.ts";
import { hashOf } from "../gpu/hash.ts";
import { type Choices, type ChoiceStore, Tuner } from "../gpu/tuning.ts";
import { writeWhole } from "../sampling/write.ts";
import type { TrainOptions } from "./options.ts";
import { writeRunFile } from "./run_folder.ts";

/** What a file holds: choices for each adapter by its identity. */
interface TuningFile {
  format: typeof FORMAT;
  adapters: Record<string, Choices>;
}

const FORMAT = "hmog tuning 1";
const RUN_FILE = "tuning.json";

/** Iterations of a run, at least, so that kernels are measured for it, and ms to spend on that. */
const WORTH = {
  software: { iterations: 200, budget: 10_000 }, // an iteration of `small` takes 0.5 s; the rule is nearly always right
  gpu: { iterations: 50, budget: 20_000 },
};

/** How many ms measuring kernels may take for a run: none for a short one, which only uses what is known. */
export function tuningBudget({ iterations }: Pick<TrainOptions, "iterations">, { traits }: Device): number {
  const worth = traits.software ? WORTH.software : WORTH.gpu;
  return iterations < worth.iterations ? 0 : worth.budget;
}

/**
 * The choices for a device in a folder, one file for each adapter. A file that is damaged or of something else is
 * warned of and replaced; a folder that cannot be written is no error.
 *
 * @param folder Of the user's cache, such as `~/.cache/hmog`; null keeps nothing
 */
export function tuningCache(folder: string | null, device: Device): ChoiceStore {
  const path = async () => `${folder}/tuning/${await hashOf(device.identity)}.json`;
  const read = async () => folder === null ? {} : await readChoices(await path(), device) ?? {};
  return {
    read,
    write: async (choices) => {
      if (folder === null || Object.keys(choices).length === 0) return;
      try {
        await Deno.mkdir(`${folder}/tuning`, { recursive: true });
        await writeWhole(await path(), textOf(device, { ...await read(), ...choices })); // others may have written
      } catch {
        // The next run measures again.
      }
    },
  };
}

/** Chooses as the run in `folder` did; null if it did not choose, so that the rule does, and on another adapter. */
export async function tunerOfRun(folder: string, device: Device): Promise<Tuner | null> {
  const fixed = await readChoices(`${folder}/${RUN_FILE}`, device);
  return fixed && new Tuner(device, { fixed });
}

/**
 * Writes into a run what was chosen for it.
 *
 * @throws {RunError} If it cannot be written
 */
export async function writeTuning(folder: string, device: Device): Promise<void> {
  if (device.tuner) await writeRunFile(`${folder}/${RUN_FILE}`, textOf(device, device.tuner.choices));
}

function textOf({ identity }: Device, choices: Choices): string {
  const sorted = Object.fromEntries(Object.entries(choices).sort(([a], [b]) => a < b ? -1 : 1)); // as decided by chance
  const file: TuningFile = { format: FORMAT, adapters: { [identity]: sorted } };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** The choices in a file for this device's adapter; null if there is none or it cannot be used. */
async function readChoices(path: string, device: Device): Promise<Choices | null> {
  const text = await Deno.readTextFile(path).catch(() => null);
  if (text === null) return null;
  const file = parsed(text);
  if (file?.format === FORMAT && typeof file.adapters === "object") return file.adapters[device.identity] ?? null;
  device.warn(`Cannot use ${path}: found no choices of kernels, expected those measured before; measuring again`);
  return null;
}

function parsed(text: string): TuningFile | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
