/** Ready comparisons: what to ask for by one name. */

import type { MetricName } from "../metrics/metric.ts";
import { oneOf } from "../nearest.ts";
import type { SharedRequest } from "./request.ts";

/** A comparison on each of some data sets. */
export interface Recipe {
  readonly datasets: readonly string[];
  readonly seeds: number;
  readonly shared: Omit<SharedRequest, "dataset">;
  readonly metrics: readonly MetricName[];
  /** Samples a run is scored with, and as many real ones. */
  readonly n: number;
}

/** The recipes by name; each compares all methods. */
export const RECIPES = {
  /** The toy problems of the paper: rounds of Gaussians, 8 in a ring and 25 in a grid. */
  toy: {
    datasets: ["ring8", "grid25"],
    seeds: 1,
    shared: { preset: "toy", iterations: 3000 },
    metrics: ["modes", "fid", "mmd", "tree"],
    n: 2500, // as many as VEEGAN counts modes with
  },
  /** FashionMNIST with the configuration for a CPU and the objective of the paper, which leaves madgan out. */
  "fashion-small": {
    datasets: ["fashionmnist"],
    seeds: 1,
    shared: { preset: "small", objective: "wgan-gp", iterations: 700 },
    metrics: ["fid", "kid", "prdc", "tree"],
    n: 2000,
  },
} as const satisfies Record<string, Recipe>;

/** The names of recipes. */
export const RECIPE_NAMES = Object.keys(RECIPES) as readonly (keyof typeof RECIPES)[];

/**
 * The recipe of a name.
 *
 * @throws {RangeError} If there is none; the message has the nearest known one
 */
export function recipeOf(name: string): Recipe {
  return RECIPES[oneOf("recipe", name, RECIPE_NAMES)];
}
