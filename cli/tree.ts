/** `deno task tree`: a run in, a report of what its tree has learned out. */

import { writeTreeFiles } from "../core/evaluate/tree_files.ts";
import { openDevice } from "../core/gpu/device.ts";
import { findCheckpoint } from "../core/sampling/run.ts";
import { cacheFolder } from "../datasets/cache.ts";
import type { LoadOptions } from "../datasets/dataset.ts";
import { usualRuns } from "./called_from.ts";
import { asUsage, helpText, readFlags } from "./flags.ts";
import { loadingDisplay } from "./loading.ts";
import { doingDisplay } from "./doing.ts";
import { loadDataOfRun, sourceOf } from "./run_data.ts";
import { runTask } from "./run_task.ts";
import { writeTo } from "./terminal.ts";
import { TREE_FLAGS, treeRequest } from "./tree_flags.ts";

const USAGE = `Reports what the tree of a run has learned: a page, its numbers and a figure.

  ./hmog tree --run 0
  ./hmog tree --run 0 --out report --n 8192 --labels off`;

async function main(args: readonly string[]): Promise<void> {
  const { help, ...flags } = readFlags(args, TREE_FLAGS);
  if (help) return console.log(helpText(USAGE, TREE_FLAGS));
  const { run, labels, ...request } = treeRequest(flags);
  const write = (text: string) => writeTo(Deno.stderr, text);
  const loading = { dataDir: flags["data-dir"], ...loadingDisplay(Deno.stderr.isTerminal(), write) };
  const { runs = usualRuns() } = flags;
  const source = await sourceOf((await findCheckpoint(run, runs)).path);
  const device = await openDevice();
  try {
    const lines = await writeTreeFiles(device, run, {
      ...request,
      out: flags.out,
      runs,
      labels: labels === "off" ? undefined : {
        load: (name, wanted) =>
          loadDataOfRun(name, { ...wanted, ...labels === "on" ? loading : atHand(loading) }, source),
        cache: cacheFolder(),
        required: labels === "on",
      },
      onProgress: doingDisplay(Deno.stderr.isTerminal(), write),
    }).catch(asUsage);
    console.log(lines.join("\n"));
  } finally {
    await device.destroy();
  }
}

/** The same, but nothing is downloaded. */
function atHand(loading: LoadOptions): LoadOptions {
  const controller = new AbortController();
  const reason = new Error("the data set is not on this machine; --labels on downloads it");
  return {
    ...loading,
    signal: controller.signal,
    onProgress: (progress) => progress.kind === "download" ? controller.abort(reason) : loading.onProgress?.(progress),
  };
}

if (import.meta.main) await runTask("tree", () => main(Deno.args));
