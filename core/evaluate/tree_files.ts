/** What a run's tree has learned, as files: a page, a figure, numbers. */

import { type Device, DeviceError } from "../gpu/device.ts";
import { isPoint } from "../models/presets.ts";
import { readTree } from "../reading/reading.ts";
import { treeFigure } from "../reading/report/figure.ts";
import { MOST_SECTIONS, treePage } from "../reading/report/page.ts";
import { TREE_FILE, treeReport } from "../reading/report/tree_report.ts";
import { readSplits } from "../reading/splits.ts";
import { folderOf, RUNS_FOLDER } from "../sampling/run.ts";
import { openSampler, type Sampler } from "../sampling/sampler.ts";
import { checkWritable, orRunError, writeWhole } from "../sampling/write.ts";
import type { EvaluationProgress } from "./progress.ts";
import { labellerOf, type LabelOptions, type LabelSource } from "./labeller.ts";
import type { EvaluatedSet } from "./real.ts";
import type { Split } from "./request.ts";

/** The part of a data set that is wanted, in the format of the pictures that a run makes. */
export interface WantedSet {
  readonly split: Split;
  /** Side in pixels, and channels; not for points. */
  readonly size?: number;
  readonly channels?: 1 | 3;
}

/** Where labels come from. */
export interface TreeLabels {
  /** The run's data set by its name. */
  readonly load: (dataset: string, wanted: WantedSet) => Promise<EvaluatedSet>;
  /** The folder where the classifier is kept; nowhere if there is none. */
  readonly cache: string | null;
  /** Whether there is no report without them; otherwise it says why there are none. */
  readonly required: boolean;
}

/** How a tree is reported. */
export interface TreeFilesOptions {
  /** The folder to write to; `tree` in that of the run unless given. */
  readonly out?: string;
  /** Samples, 2 to 16384; 2048 unless given. */
  readonly samples?: number;
  /** 0 unless given. */
  readonly seed?: number;
  /** No labels unless given. */
  readonly labels?: TreeLabels;
  /** The folder of runs. */
  readonly runs?: string;
  /** Hears of what takes long: a classifier that is trained, and the splits. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
}

/**
 * Reads the newest checkpoint of a run (or a checkpoint file) and writes `tree.html`, `tree.json` and `tree.svg`.
 *
 * @returns One line for every file written, one where there are no labels, and one where the classifier could not be kept
 * @throws {RunError} If the run cannot be used, or a file not be written
 * @throws {RangeError} If a number is out of range, or labels are required of a set that has none
 * @throws {DeviceError} If the GPU is lost
 * @throws What `labels.load` throws, if labels are required
 */
export async function writeTreeFiles(device: Device, run: string, options: TreeFilesOptions = {}): Promise<string[]> {
  const { samples, seed, labels, runs = RUNS_FOLDER, onProgress } = options;
  const sampler = await openSampler(device, run, { runs });
  let source: Awaited<ReturnType<typeof labelsOf>> | undefined;
  const warnings: string[] = [];
  try {
    const out = options.out ?? `${folderOf(sampler.source.path)}/tree`;
    await makeFolder(out); // before the work, which takes minutes
    source = await labelsOf(device, sampler, labels, {
      onProgress,
      onWarning: (warning) => warnings.push(warning),
    });
    const labelling = { label: source.label, labelNames: source.labelNames };
    const reading = await readTree(sampler, { samples, seed, ...labelling });
    const splits = await readSplits(sampler, {
      seed,
      nodes: MOST_SECTIONS,
      ...labelling,
      onProgress: (done, total) => onProgress?.({ doing: "Reading splits", done, total }),
    });
    const context = { options: sampler.source.options, labelNote: source.note };
    await writeWhole(`${out}/tree.html`, await treePage(reading, splits, context));
    await writeWhole(`${out}/${TREE_FILE}`, `${JSON.stringify(treeReport(reading, splits, context), null, 1)}\n`);
    await writeWhole(`${out}/tree.svg`, await treeFigure(reading));
    return [
      `Wrote ${out}/tree.html: the report, from ${reading.samples} samples of ${sampler.source.path}`,
      `Wrote ${out}/${TREE_FILE}: its numbers`,
      `Wrote ${out}/tree.svg: the tree`,
      ...source.label === undefined && labels !== undefined ? [`Labels: ${source.note}`] : [],
      ...warnings,
    ];
  } finally {
    source?.destroy?.();
    await sampler.close();
  }
}

/** Makes the folder that the files go to, and finds out whether they can. */
async function makeFolder(out: string): Promise<void> {
  await orRunError("make folder", out, () => Deno.mkdir(out, { recursive: true }));
  for (const name of ["tree.html", TREE_FILE, "tree.svg"]) await checkWritable(`${out}/${name}`);
}

/** Labels, or the reason why there are none. */
async function labelsOf(
  device: Device,
  { source, options: { image } }: Sampler,
  labels: TreeLabels | undefined,
  hearing: Pick<LabelOptions, "onProgress" | "onWarning">,
): Promise<Partial<LabelSource> & Pick<LabelSource, "note">> {
  if (labels === undefined) return { note: "none were asked for" };
  const { cache, required } = labels;
  const format = isPoint(image) ? {} : { size: image[0], channels: image[2] as 1 | 3 };
  try {
    const dataset = source.options.dataset;
    if (typeof dataset !== "string") {
      throw new RangeError(`Cannot label what ${source.path} makes: it names no data set, expected one in its options`);
    }
    const load = (split: Split) => labels.load(dataset, { split, ...format });
    return await labellerOf(device, { load, cache, ...hearing });
  } catch (error) {
    if (required || error instanceof DeviceError || !(error instanceof Error)) throw error;
    return { note: `none (${error.message})` };
  }
}
