/** The generator of a checkpoint: its options, its graph, its weights. */

import { isTensor } from "../grad.ts";
import { type Generator, generator, type GeneratorParameters } from "../models/generator.ts";
import type { ModelOptions } from "../models/presets.ts";
import { depthAt, type Schedule, valueAt } from "../models/schedule.ts";
import { initializer } from "../nn/init.ts";
import { constant } from "../ops/source.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mapTree } from "../tree.ts";
import { type Checkpoint, RunError } from "./run.ts";

/** A generator with the weights it was trained to. */
export interface TrainedGenerator {
  /** Those of the run, with the depth that the tree had at the iteration of the checkpoint. */
  readonly options: ModelOptions;
  readonly generator: Generator;
  /** Constants. */
  readonly parameters: GeneratorParameters;
  /** Of the gates, at the iteration of the checkpoint. */
  readonly temperature: number;
}

const CONSTANT: Schedule = { from: 1, to: 1, over: 1 };

/** Which weights: the moving average over the last iterations (`ema`), which makes better pictures, or the newest (`live`). */
export type WeightsName = "ema" | "live";

const PLACES: Record<WeightsName, string> = { ema: "ema", live: "generator" }; // in a checkpoint

/**
 * The generator in a checkpoint.
 *
 * @throws {RunError} If the checkpoint has no model options, or its tensors are those of another model
 */
export function trainedGenerator(
  { path, iteration, options: run, tensors }: Checkpoint,
  weights: WeightsName = "ema",
): TrainedGenerator {
  const refuse = (found: string, expected: string): never => {
    throw new RunError(`Cannot use checkpoint ${path}: found ${found}, expected ${expected}`);
  };
  const model = run.model as ModelOptions;
  const splits = run.grow as readonly number[] | undefined;
  const options = model && { ...model, depth: depthAt({ depth: model.depth, splits }, iteration) };
  const network = build(options, refuse);
  const parameters = mapTree<Tensor, Tensor>(network.parameters(initializer(0)), isTensor, ({ shape }, place) => {
    const name = `${PLACES[weights]}/${place}`;
    const stored = tensors[name] ?? refuse(`no tensor ${name}`, "that of the model in its options");
    if (!(stored.data instanceof Float32Array)) return refuse(`${name} of type U32`, "F32, as all weights are");
    if (sameShape(stored.shape, shape)) return constant(stored.data, shape);
    return refuse(`${name} of shape [${stored.shape}]`, `[${shape}], that of the model in its options`);
  });
  const temperature = valueAt(run.gateTemperature as Schedule ?? CONSTANT, iteration);
  return { options, generator: network, parameters: parameters as GeneratorParameters, temperature };
}

/** `generator(options)`, where the options come from a file and may be anything. */
function build(options: ModelOptions, refuse: (found: string, expected: string) => never): Generator {
  try {
    return generator(options);
  } catch (error) {
    const reason = options === undefined || error instanceof TypeError
      ? "none or incomplete ones"
      : (error as Error).message;
    return refuse(`model options that cannot be used (${reason})`, "those of the run that wrote it");
  }
}
