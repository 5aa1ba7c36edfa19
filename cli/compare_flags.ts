/** What `deno task compare` can be asked for. */

import { RECIPE_NAMES, recipeOf, RECIPES } from "../core/compare/recipes.ts";
import { ALL_METHODS, type CompareRequest, methodsOf } from "../core/compare/request.ts";
import { featureName } from "../core/evaluate/features.ts";
import type { EvaluationRequest } from "../core/evaluate/request.ts";
import { metricName } from "../core/metrics/evaluation.ts";
import { RUNS_FOLDER } from "../core/sampling/run.ts";
import { DATASET_NAMES } from "../datasets/registry.ts";
import { atHome } from "./called_from.ts";
import { EVALUATION_FLAGS } from "./evaluation_flags.ts";
import { type FlagValues, usage, UsageError } from "./flags.ts";
import { FLAGS as TRAIN_FLAGS, requestOf } from "./train_flags.ts";

const SEEDS = 3;
/** Samples a run is scored with, and real ones, where there are as many. */
export const USUAL_COUNT = 2500;
const FOLDER = `${RUNS_FOLDER}/compare`;

const { preset, leaves, depth, objective, gp, r1, r2, augment, localize, grow } = TRAIN_FLAGS;
const { iterations, batch, lr, size, channels } = TRAIN_FLAGS;

/** The flags of `compare`. */
export const FLAGS = {
  recipe: {
    kind: "text",
    value: "NAME",
    meaning: `A ready comparison: ${
      RECIPE_NAMES.map((name) => `${name} (${RECIPES[name].datasets.join(", ")})`).join(", ")
    }`,
  },
  dataset: { kind: "text", value: "NAME", meaning: `Data set: ${DATASET_NAMES.join(", ")}` },
  methods: {
    kind: "text",
    value: "LIST",
    meaning: `What is compared, joined by commas: ${ALL_METHODS.join(", ")} (all)`,
  },
  seeds: { kind: "integer", meaning: `Trainings of each method, with seeds 0, 1, … (${SEEDS})` },
  out: { kind: "text", value: "DIR", meaning: `Folder for all that is written (${FOLDER}/ and data set and preset)` },
  ...EVALUATION_FLAGS,
  n: { kind: "integer", meaning: `Samples, real and generated, that a run is scored with (${USUAL_COUNT})` },
  preset,
  leaves,
  depth,
  objective,
  gp,
  r1,
  r2,
  "critic-norm": TRAIN_FLAGS["critic-norm"],
  augment,
  "gate-temperature": TRAIN_FLAGS["gate-temperature"],
  localize,
  grow,
  iterations,
  batch,
  lr,
  size,
  channels,
  "data-dir": TRAIN_FLAGS["data-dir"],
  "no-tune": TRAIN_FLAGS["no-tune"],
  quiet: TRAIN_FLAGS.quiet,
} as const;

/** How it is called. */
export const USAGE =
  `Trains methods alike, scores them, and writes a table and pictures. The same call goes on where one was stopped.

  ./hmog compare --recipe toy
  ./hmog compare --dataset ring8 --methods gan,mog,hmog --seeds 3 --iterations 2000 --objective non-saturating --r1 0.1`;

/** Flags that go with a recipe; everything else it says itself. */
const WITH_RECIPE = ["recipe", "methods", "seeds", "iterations", "out", "data-dir", "no-tune", "quiet"];

/** What was given. */
export type Values = FlagValues<typeof FLAGS>;

/** One comparison. */
export interface Plan {
  readonly request: CompareRequest;
  readonly evaluation: EvaluationRequest;
  readonly folder: string;
}

/**
 * The comparisons that flags ask for: one, or those of a recipe.
 *
 * @throws {UsageError} If a name is unknown or flags do not go together
 */
export function plansOf(flags: Values): Plan[] {
  const { recipe, methods = "all", seeds, iterations, out } = flags;
  const chosen = usage(() => methodsOf(methods));
  if (recipe !== undefined) {
    const { datasets, shared, metrics, n, ...usual } = usage(() => recipeOf(recipe));
    const other = Object.keys(flags).find((name) => !WITH_RECIPE.includes(name));
    if (other !== undefined) {
      throw new UsageError(
        `Cannot use --${other} with --recipe: a recipe says that itself, expected only ${
          WITH_RECIPE.slice(1).map((name) => `--${name}`).join(", ")
        }`,
      );
    }
    return datasets.map((dataset) => ({
      request: {
        methods: chosen,
        seeds: seeds ?? usual.seeds,
        shared: { ...shared, dataset, iterations: iterations ?? shared.iterations },
      },
      evaluation: { metrics, n },
      folder: `${out ?? atHome(`${FOLDER}/${recipe}`)}/${dataset}`,
    }));
  }
  const { dataset } = flags;
  if (dataset === undefined) {
    throw new UsageError(
      `Cannot compare without data: expected --dataset NAME (${DATASET_NAMES.join(", ")}) or --recipe NAME (${
        RECIPE_NAMES.join(", ")
      })`,
    );
  }
  const shared = requestOf(flags);
  return [{
    request: { methods: chosen, seeds: seeds ?? SEEDS, shared },
    evaluation: usage(() => evaluationOf(flags)),
    folder: out ?? atHome(`${FOLDER}/${dataset}-${shared.preset ?? "auto"}`),
  }];
}

/** @throws {RangeError} If a name is unknown or a number out of range */
function evaluationOf({ metrics, features, weights, n }: Values): EvaluationRequest {
  if (n !== undefined && n < 1) throw new RangeError(`Cannot score ${n} samples: expected at least 1`);
  return {
    metrics: metrics?.split(",").map((name) => metricName(name.trim())),
    features: features === undefined ? undefined : featureName(features),
    weights,
    n,
  };
}
