/** What is compared: which methods, how often, and what all of them have in common. */

import { presetFor } from "../models/presets.ts";
import { keyWords } from "../ops/random.ts";
import { checkBatch } from "../train/batches.ts";
import { METHOD_NAMES, type MethodName, methodName, METHODS } from "../train/methods.ts";
import {
  resolveOptions,
  type TrainContext,
  type TrainOptions,
  type TrainRequest,
  usualObjective,
} from "../train/options.ts";

/** What the trainings of a comparison have in common. */
export type SharedRequest = Omit<TrainRequest, "method" | "seed">;

/** What a comparison consists of. */
export interface CompareRequest {
  readonly methods: readonly MethodName[];
  /** Trainings of each method, with seeds 0, 1, …. */
  readonly seeds: number;
  readonly shared: SharedRequest;
}

/** One training of a comparison, or why there is none. */
export type Cell =
  & { readonly method: MethodName; readonly seed: number }
  & ({ readonly options: TrainOptions } | { readonly refused: string });

const MOST_SEEDS = 1000;
const SAMPLES_IN_A_CELL = 4; // grids of samples, to look at

/** Every method once; another name of one of them is left out. */
export const ALL_METHODS: readonly MethodName[] = METHOD_NAMES.filter((name) => name !== "dcgan");

/**
 * The methods of `all` or of a list such as `hmog,gan`, each once; of two names of one method the first counts.
 *
 * @throws {RangeError} If one is unknown; the message has the nearest known one
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { methodsOf } from "./request.ts";
 *
 * assertEquals(methodsOf("hmog, gan,hmog,dcgan"), ["hmog", "gan"]);
 * ```
 */
export function methodsOf(text: string): readonly MethodName[] {
  if (text.trim() === "all") return ALL_METHODS;
  const names = text.split(",").map((name) => methodName(name.trim()));
  return names.filter((name, i) => names.findIndex((other) => METHODS[other] === METHODS[name]) === i);
}

/**
 * The trainings of a comparison: all methods with the first seed, all with the second, and so on, so that one that is
 * stopped early has compared what it can.
 *
 * @returns A cell for each; `refused` where a method does not go with what is shared, such as its objective
 * @throws {RangeError} If the number of seeds is out of range, or no method goes with what is shared
 */
export function cellsOf({ methods, seeds, shared }: CompareRequest, context: TrainContext): Cell[] {
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > MOST_SEEDS) {
    throw new RangeError(`Cannot compare with ${seeds} seeds: expected a whole number from 1 to ${MOST_SEEDS}`);
  }
  const cells = Array.from(
    { length: seeds },
    (_, seed) => methods.map((method): Cell => ({ method, seed, ...optionsOf(shared, { method, seed }, context) })),
  ).flat();
  const refusals = cells.flatMap((cell) => "refused" in cell ? [cell.refused] : []);
  if (refusals.length === cells.length) throw new RangeError(refusals[0]);
  return cells;
}

function optionsOf(
  shared: SharedRequest,
  own: { method: MethodName; seed: number },
  context: TrainContext,
): { options: TrainOptions } | { refused: string } {
  keyWords(own.seed);
  try {
    const preset = presetFor(shared.preset ?? "auto", context).name;
    const { objective = usualObjective(preset) } = shared; // for all methods alike
    const { options } = resolveOptions({ ...shared, ...own, objective }, context);
    checkBatch(context.count, options.batch);
    const { iterations } = options;
    // One checkpoint at the end, as the last is all that is evaluated; what is saved by time resumes a training.
    return { options: { ...options, sampleEvery: Math.ceil(iterations / SAMPLES_IN_A_CELL), saveEvery: iterations } };
  } catch (error) {
    if (error instanceof RangeError) return { refused: error.message };
    throw error;
  }
}
