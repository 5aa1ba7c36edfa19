/** Samples of a run as files: the grid as PNG, the paths as JSON, the tree that they go through as PNG. */

import { openDevice } from "../gpu/device.ts";
import { encodePng } from "../png.ts";
import { readTree } from "../reading/reading.ts";
import { treeFigure } from "../reading/report/figure.ts";
import type { WeightsName } from "../sampling/model.ts";
import { RUNS_FOLDER } from "../sampling/run.ts";
import { samplePicture } from "../sampling/sample_picture.ts";
import { openSampler, type Sample, type Sampler, type SampleRequest } from "../sampling/sampler.ts";
import { checkWritable, writeNamed } from "../sampling/write.ts";
import type { EvaluationProgress } from "./progress.ts";

/** The files to write. */
export interface SampleFiles {
  /** Path of the grid. */
  readonly out: string;
  /** Path of the samples' paths. */
  readonly json?: string;
  /** The whole tree as one picture, and what turns SVG into a PNG file. */
  readonly tree?: { readonly path: string; readonly rasterize: (svg: string) => Uint8Array };
}

/** How samples are drawn to files. */
export interface DrawOptions {
  /** The folder of runs. */
  readonly runs?: string;
  /** `ema` unless given. */
  readonly weights?: WeightsName;
  /** Gets one line for every file, as soon as it is written. */
  readonly report?: (line: string) => void;
  /** Hears of what takes long: the tree. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
}

/**
 * Draws samples of a run and writes them.
 *
 * @throws {RunError} If the run cannot be used, or a file not be written; what was there before stays
 * @throws {RangeError} If the request is out of range
 */
export async function drawToFiles(
  run: string,
  request: SampleRequest,
  { out, json, tree }: SampleFiles,
  { runs = RUNS_FOLDER, weights = "ema", report = () => {}, onProgress = () => {} }: DrawOptions = {},
): Promise<void> {
  for (const file of [out, json, tree?.path]) if (file !== undefined) await checkWritable(file);
  const device = await openDevice();
  try {
    const sampler = await openSampler(device, run, { runs, weights });
    try {
      const { seed, shape, images, samples } = await sampler.sample(request);
      await writeNamed(out, await encodePng(samplePicture(images, { shape, leaves: samples.map(({ leaf }) => leaf) })));
      const pictures = `${shape[0]} picture${shape[0] === 1 ? "" : "s"}`;
      report(`Wrote ${out}: ${pictures} of seed ${seed} from ${sampler.source.path}`);
      if (json !== undefined) {
        await writeNamed(json, linesOf(seed, samples));
        report(`Wrote ${json}: their paths`);
      }
      if (tree !== undefined) {
        await writeNamed(tree.path, tree.rasterize(await figureOf(sampler, seed, onProgress)));
        report(`Wrote ${tree.path}: every node of the tree with its share and samples that stand for it`);
      }
    } finally {
      await sampler.close();
    }
  } finally {
    await device.destroy();
  }
}

const LOOK_EVERY = 500; // ms, at how many samples are there

/** The tree as a drawing, from samples of the prior: drawing from every region by rejection takes minutes where they are many. */
async function figureOf(
  sampler: Sampler,
  seed: number,
  onProgress: (progress: EvaluationProgress) => void,
): Promise<string> {
  const reading = readTree(sampler, { seed });
  const total = sampler.waiting;
  const told = (done: number) => onProgress({ doing: "Reading the tree", done, total });
  const timer = setInterval(() => told(Math.max(0, total - 1 - sampler.waiting)), LOOK_EVERY);
  try {
    return await treeFigure(await reading);
  } finally {
    clearInterval(timer);
    told(total);
  }
}

/** `{ seed, samples }` as JSON, a line for every sample. */
function linesOf(seed: number, samples: readonly Sample[]): string {
  return `{"seed":${seed},"samples":[\n${samples.map((sample) => JSON.stringify(sample)).join(",\n")}\n]}\n`;
}
