/** The data set that a run was trained on: which one, where it lay, and the format of its pictures. */

import { isAbsolute, resolve } from "@std/path";
import { isPoint, type ModelOptions } from "../core/models/presets.ts";
import { findCheckpoint, folderOf, readCheckpoint, readOptions } from "../core/sampling/run.ts";
import type { LoadOptions } from "../datasets/dataset.ts";
import { type Dataset, datasetName, loadDataset } from "../datasets/registry.ts";
import { atHome } from "./called_from.ts";
import { usage } from "./flags.ts";

/** What is asked for in place of what the run says. */
export interface GivenData extends Pick<LoadOptions, "size" | "channels"> {
  readonly runs: string;
  readonly dataset?: string;
}

/** A data set as a run has it. */
export interface DataOfRun {
  readonly dataset: string;
  readonly shape: Pick<LoadOptions, "size" | "channels">;
  /** Where it lay, if that is known. */
  readonly source?: string;
}

/**
 * The name of a data set and how it is loaded: as the run has them unless given.
 *
 * @throws {RunError} If there is no such run
 * @throws {UsageError} If its data set is unknown
 */
export async function dataOfRun(run: string, { runs, dataset, size, channels }: GivenData): Promise<DataOfRun> {
  const { options, path } = await readCheckpoint(await findCheckpoint(run, runs));
  const { image = [1, 1, 2] } = options.model as Partial<ModelOptions>;
  return {
    dataset: dataset ?? usage(() => datasetName(String(options.dataset))),
    shape: isPoint(image) ? { size, channels } : { size: size ?? image[0], channels: channels ?? image[2] as 1 | 3 },
    source: dataset === undefined || dataset === options.dataset ? await sourceOf(path) : undefined,
  };
}

/** Where the data lay that the run of a checkpoint was begun with; undefined where that is not known. */
export async function sourceOf(checkpoint: string): Promise<string | undefined> {
  return sourceIn(await readOptions(folderOf(checkpoint)).catch(() => ({}))); // it may lie alone
}

/** The same in what is written beside the options of a run. */
export function sourceIn(record: Readonly<Record<string, unknown>>): string | undefined {
  const { source } = (record.data ?? {}) as { source?: unknown };
  if (typeof source !== "string") return undefined;
  return isAbsolute(source) ? source : atHome(source); // of runs from before whole paths were written
}

/**
 * Loads the data set of a run: without `dataDir` from where it lay when the run was begun, and from the usual places if it
 * is there no more.
 *
 * @throws {RangeError} If it is `folder`, which has no usual place
 * @throws What `loadDataset` throws
 */
export async function loadDataOfRun(name: string, options: LoadOptions, source: string | undefined): Promise<Dataset> {
  if (options.dataDir !== undefined || source === undefined) return await loadDataset(name, options);
  if (await isThere(source)) {
    try {
      return await loadDataset(name, { ...options, dataDir: source });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound) || name === "folder") throw error;
    }
  } else if (name === "folder") {
    throw new RangeError(
      `Cannot load data set folder: the run was trained with ${source}, which is not there any more, expected ` +
        `--data-dir with the same pictures`,
    );
  }
  return await loadDataset(name, options).catch((error) => {
    if (error instanceof Deno.errors.NotFound) error.message += `; the run was trained with those in ${source}`;
    throw error;
  });
}

/** The data with the whole path of where they lie, for the record of a run. */
export async function placed<D extends { readonly source: string }>(data: D): Promise<D> {
  return await isThere(data.source) ? { ...data, source: resolve(data.source) } : data; // else they are drawn by code
}

const isThere = (path: string): Promise<boolean> => Deno.stat(path).then(() => true, () => false);
