/** Samples of a run as files: the grid as PNG, the paths as JSON. */

import { openDevice } from "../gpu/device.ts";
import { encodePng } from "../png.ts";
import type { WeightsName } from "./model.ts";
import { samplePicture } from "./sample_picture.ts";
import { RUNS_FOLDER } from "./run.ts";
import { treePicture } from "./tree_picture.ts";
import { openSampler, type Sample, type SampleRequest } from "./sampler.ts";
import { checkWritable, writeNamed } from "./write.ts";

/** Paths of the files to write. */
export interface SampleFiles {
  out: string;
  json?: string;
  /** The whole tree as one picture. */
  tree?: string;
}

/**
 * Draws samples of a run and writes them.
 *
 * @returns One line for every file written
 * @throws {RunError} If the run cannot be used, or a file not be written; what was there before stays
 * @throws {RangeError} If the request is out of range
 */
export async function drawToFiles(
  run: string,
  request: SampleRequest,
  { out, json, tree }: SampleFiles,
  { runs = RUNS_FOLDER, weights = "ema" as WeightsName } = {},
): Promise<string[]> {
  for (const file of [out, json, tree]) if (file !== undefined) await checkWritable(file);
  const device = await openDevice();
  try {
    const sampler = await openSampler(device, run, { runs, weights });
    try {
      const { seed, shape, images, samples } = await sampler.sample(request);
      await writeNamed(out, await encodePng(samplePicture(images, { shape, leaves: samples.map(({ leaf }) => leaf) })));
      const lines = [
        `Wrote ${out}: ${shape[0]} picture${shape[0] === 1 ? "" : "s"} of seed ${seed} from ${sampler.source.path}`,
      ];
      if (json !== undefined) {
        await writeNamed(json, linesOf(seed, samples));
        lines.push(`Wrote ${json}: their paths`);
      }
      if (tree !== undefined) {
        await writeNamed(tree, await encodePng(await treePicture(sampler, { seed })));
        lines.push(`Wrote ${tree}: every node of the tree with pictures from its region`);
      }
      return lines;
    } finally {
      await sampler.close();
    }
  } finally {
    await device.destroy();
  }
}

/** `{ seed, samples }` as JSON, a line for every sample. */
function linesOf(seed: number, samples: readonly Sample[]): string {
  return `{"seed":${seed},"samples":[\n${samples.map((sample) => JSON.stringify(sample)).join(",\n")}\n]}\n`;
}
