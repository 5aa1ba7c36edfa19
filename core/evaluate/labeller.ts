/** What names the labels of generated pictures: the classifier of their data set, or, for points, the nearest real one. */

import type { Device } from "../gpu/device.ts";
import { isPoint } from "../models/presets.ts";
import type { Labeller } from "../reading/reading.ts";
import { classifierFeatures } from "./classifier_features.ts";
import type { EvaluationProgress } from "./progress.ts";
import type { OnWarning } from "./kept.ts";
import { type EvaluatedSet, nearestLabels } from "./real.ts";
import { imageOf, isLabelled, type Split } from "./request.ts";

/** A labeller with what there is to say of it. */
export interface LabelSource {
  readonly label: Labeller;
  /** In the order of the labeller's columns. */
  readonly labelNames: readonly string[];
  /** How the labels came about, such as `classifier, accuracy 92.60 % on 10000 test images`. */
  readonly note: string;
  /** Gives the memory back. */
  destroy(): void;
}

/** What a labeller is made from. */
export interface LabelOptions {
  /** A part of the data set. */
  readonly load: (split: Split) => Promise<EvaluatedSet>;
  /** The folder where the classifier is kept; nowhere if there is none. */
  readonly cache: string | null;
  readonly onProgress?: (progress: EvaluationProgress) => void;
  /** Hears why the classifier could not be kept. */
  readonly onWarning?: OnWarning;
}

/**
 * A labeller for what a model makes that was trained on a data set: the classifier that `evaluate` uses, read from the cache
 * or trained; points are of the class of the nearest real one.
 *
 * @throws {RangeError} If the set has no labels, or less than two of them
 * @throws {DeviceError} If the GPU cannot hold the classifier
 * @throws What `load` throws
 */
export async function labellerOf(
  device: Device,
  { load, cache, onProgress, onWarning }: LabelOptions,
): Promise<LabelSource> {
  const train = await load("train");
  if (!isLabelled(train)) {
    throw new RangeError(`Cannot label pictures as in ${train.name}: it has no labels, expected a set of classes`);
  }
  const labelNames = train.classNames;
  if (isPoint(imageOf(train))) {
    const real = { images: train.images, labels: Uint32Array.from(train.labels!) };
    const label: Labeller = (points) => Promise.resolve(oneHot(nearestLabels(points, real), labelNames.length));
    return { label, labelNames, note: "class of the nearest real point", destroy: () => {} };
  }
  const classifier = await classifierFeatures(device, {
    train,
    test: await load("test"),
    cache,
    onWarning,
    onProgress: ({ step, steps }) => onProgress?.({ doing: "Training a classifier", done: step, total: steps }),
  });
  return {
    label: async (images, shape) => (await classifier.extract({ images, shape })).probabilities!.values,
    labelNames,
    note: `classifier, ${classifier.note}`,
    destroy: () => classifier.destroy(),
  };
}

/** `[n, classes]`, a 1 in every row. */
function oneHot(labels: Uint32Array, classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => rows[i * classes + label] = 1);
  return rows;
}
