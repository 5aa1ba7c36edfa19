/** `deno task evaluate`: a run or a file of samples in, numbers out. */

import { openDevice } from "../core/gpu/device.ts";
import { evaluationText } from "../core/evaluate/evaluation.ts";
import { Evaluator } from "../core/evaluate/evaluator.ts";
import { featureName } from "../core/evaluate/features.ts";
import type { EvaluationRequest } from "../core/evaluate/request.ts";
import { metricName } from "../core/metrics/evaluation.ts";
import { RUNS_FOLDER } from "../core/sampling/run.ts";
import { checkWritable, writeNamed } from "../core/sampling/write.ts";
import { cacheFolder } from "../datasets/cache.ts";
import type { Split } from "../datasets/dataset.ts";
import { DATASET_NAMES, datasetName } from "../datasets/registry.ts";
import { usualRuns } from "./called_from.ts";
import { doingDisplay } from "./doing.ts";
import { EVALUATION_FLAGS } from "./evaluation_flags.ts";
import { asUsage, type FlagValues, helpText, readFlags, usage, UsageError } from "./flags.ts";
import { loadingDisplay } from "./loading.ts";
import { type DataOfRun, dataOfRun, loadDataOfRun } from "./run_data.ts";
import { runTask } from "./run_task.ts";
import { writeTo } from "./terminal.ts";

const USAGE = `Scores what a run makes against its data set.

  ./hmog evaluate --run 0
  ./hmog evaluate --run 0 --metrics fid,prdc --features pixels --n 5000
  ./hmog evaluate --samples other.npy --dataset fashionmnist`;

const FLAGS = {
  run: {
    kind: "text",
    value: "RUN",
    meaning: `Folder of a run, its name or number in ${RUNS_FOLDER}/, or a checkpoint`,
  },
  samples: {
    kind: "text",
    value: "FILE",
    meaning: "A .npy file of samples instead: [n,h,w,c] or [n,c,h,w], float32 in [-1, 1] or uint8; points [n,2]",
  },
  dataset: { kind: "text", value: "NAME", meaning: `Data set: ${DATASET_NAMES.join(", ")} (that of the run)` },
  ...EVALUATION_FLAGS,
  n: { kind: "integer", meaning: "Samples, real and generated, at most as many as there are real ones (10000)" },
  forced: { kind: "switch", meaning: "Force every path into one leaf: how good leaves are alone" },
  seed: { kind: "integer", meaning: "The same seed draws the same samples (0)" },
  split: { kind: "text", value: "NAME", meaning: "Part of the data set that is compared with: test, train (test)" },
  size: { kind: "integer", meaning: "Side of the images in pixels (that of the run, or the set's own)" },
  channels: { kind: "integer", meaning: "1 for grey, 3 for colour (those of the run, or the set's own)" },
  "data-dir": { kind: "text", value: "DIR", meaning: "Folder with the files of the data set (where it is found)" },
  runs: { kind: "text", value: "DIR", meaning: `Folder of run folders (${RUNS_FOLDER})` },
  json: { kind: "text", value: "FILE", meaning: "The numbers and all that they depend on, JSON" },
} as const;

type Values = FlagValues<typeof FLAGS>;

async function main(args: readonly string[]): Promise<void> {
  const { help, ...flags } = readFlags(args, FLAGS);
  if (help) return console.log(helpText(USAGE, FLAGS));
  checkTogether(flags);
  const request = usage(() => requestOf(flags));
  const { run, dataset = "", runs = usualRuns(), size, json } = flags;
  const channels = flags.channels as 1 | 3 | undefined; // others are refused by the loader
  const data: DataOfRun = run === undefined
    ? { dataset, shape: { size, channels } }
    : await dataOfRun(run, { runs, dataset: flags.dataset, size, channels });
  if (json !== undefined) await checkWritable(json);
  const write = (text: string) => writeTo(Deno.stderr, text);
  const loading = { dataDir: flags["data-dir"], ...data.shape, ...loadingDisplay(Deno.stderr.isTerminal(), write) };
  const device = await openDevice();
  try {
    const evaluator = await Evaluator.create(device, {
      load: (split) => loadDataOfRun(data.dataset, { split, ...loading }, data.source),
      request,
      cache: cacheFolder(),
      onProgress: doingDisplay(Deno.stderr.isTerminal(), write),
      onWarning: (warning) => write(`${warning}\n`),
    }).catch(asUsage);
    const { samples = "" } = flags;
    const evaluation =
      await (run === undefined ? evaluator.evaluateSamples(samples) : evaluator.evaluateRun(run, { runs })).catch(
        asUsage,
      );
    console.log(evaluationText(evaluation));
    if (json !== undefined) await writeNamed(json, `${JSON.stringify(evaluation, null, 2)}\n`);
    await evaluator.destroy();
  } finally {
    await device.destroy();
  }
}

function checkTogether({ run, samples, dataset, forced }: Values): void {
  if (run === undefined && samples === undefined) {
    throw new UsageError("Cannot evaluate nothing: expected --run RUN, or --samples FILE with --dataset NAME");
  }
  if (run !== undefined && samples !== undefined) {
    throw new UsageError("Cannot evaluate --run and --samples at once: expected one of the two");
  }
  if (samples !== undefined && dataset === undefined) {
    throw new UsageError("Cannot evaluate --samples alone: expected --dataset NAME too");
  }
  if (samples !== undefined && forced) {
    throw new UsageError("Cannot force the paths of samples in a file: expected --run");
  }
}

/** @throws {RangeError} If a name is unknown or a number out of range */
function requestOf({ metrics, features, weights, n, seed, split, dataset, forced }: Values): EvaluationRequest {
  if (dataset !== undefined) datasetName(dataset);
  if (split !== undefined && split !== "train" && split !== "test") {
    throw new RangeError(`Cannot use split "${split}": expected train or test`);
  }
  if (n !== undefined && n < 1) throw new RangeError(`Cannot evaluate ${n} samples: expected at least 1`);
  if (seed !== undefined && seed < 0) throw new RangeError(`Cannot use seed ${seed}: expected a number of at least 0`);
  return {
    metrics: metrics?.split(",").map((name) => metricName(name.trim())),
    features: features === undefined ? undefined : featureName(features),
    weights,
    n,
    seed,
    forced,
    split: split as Split | undefined,
  };
}

if (import.meta.main) await runTask("evaluate", () => main(Deno.args));
