/** The classifier of a data set as an extractor of features: trained when it is first needed, then kept. */

import { crc32 } from "../crc32.ts";
import type { Device } from "../gpu/device.ts";
import { isTensor } from "../grad.ts";
import { softmax } from "../models/mixture.ts";
import { initializer } from "../nn/init.ts";
import { constant } from "../ops/source.ts";
import { decodeSafetensors, type Safetensors } from "../safetensors.ts";
import type { Matrix } from "../metrics/matrix.ts";
import type { TrainingImages } from "../train/images.ts";
import { sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { leavesOf, mapTree } from "../tree.ts";
import { classifier, type ClassifierParameters, type ClassifierShape } from "./classifier.ts";
import {
  classifierShape,
  type ClassifierTraining,
  type ClassifierWeights,
  type LabelledImages,
  trainClassifier,
} from "./classifier_training.ts";
import { type FeatureNetwork, type Features, NetworkFeatures } from "./features.ts";
import { keep, type OnWarning } from "./kept.ts";

/** A part of a data set, known by its fingerprint. */
export interface NamedSet extends TrainingImages {
  readonly name: string;
  /** Class of each picture, where they are known. */
  readonly labels: ArrayLike<number> | null;
  readonly classNames: readonly string[];
  readonly fingerprint: string;
}

/** A classifier and how often it is right. */
export interface TrainedClassifier {
  readonly shape: ClassifierShape;
  readonly weights: ClassifierWeights;
  /** Part of the test pictures whose class it names, and how many these were. */
  readonly accuracy: number;
  readonly tested: number;
}

/** What a classifier is made from and where it is kept. */
export interface ClassifierSource extends ClassifierTraining {
  readonly train: NamedSet;
  /** Pictures it never sees: its accuracy is measured on them. */
  readonly test: NamedSet;
  /** The folder where it is kept; nowhere if there is none. */
  readonly cache: string | null;
  /** Hears why it could not be kept. */
  readonly onWarning?: OnWarning;
}

const VERSION = "1"; // of network and training; another one has another file
const BATCH = 256;

/**
 * Features (128 numbers, the last hidden layer) and class probabilities from the classifier of a data set. It is read from
 * the cache, or trained and kept there under the fingerprint of its data.
 *
 * @throws {RangeError} If the data have no labels
 * @throws {DeviceError} If the GPU cannot hold the pictures
 * @throws The signal's reason, if it aborts
 */
export async function classifierFeatures(
  device: Device,
  source: ClassifierSource,
): Promise<NetworkFeatures<ClassifierParameters>> {
  return await NetworkFeatures.create(device, networkOf(await trainedClassifier(device, source)), { batch: BATCH });
}

/** The classifier of `classifierFeatures` itself. */
export async function trainedClassifier(device: Device, source: ClassifierSource): Promise<TrainedClassifier> {
  const { cache, onWarning, signal } = source;
  const [train, test] = [labelled(source.train), labelled(source.test)];
  const path = cache === null
    ? null
    : `${cache}/classifiers/${train.name}-${train.fingerprint.slice(0, 16)}-v${VERSION}.safetensors`;
  const kept = path === null ? undefined : await readClassifier(path, { train, test });
  if (kept !== undefined) return kept;
  const shape = classifierShape(train);
  const untested = { shape, weights: await trainClassifier(device, train, source), accuracy: 0, tested: test.shape[0] };
  const extractor = await NetworkFeatures.create(device, networkOf(untested), { batch: BATCH });
  try {
    const accuracy = accuracyOf(await extractor.extract(test, { signal }), test.labels);
    const trained = { ...untested, accuracy };
    if (path !== null) await keep(path, fileOf(trained, { train, test }), onWarning);
    return trained;
  } finally {
    extractor.destroy();
  }
}

/** @throws {RangeError} If there is nothing to tell apart */
function labelled(data: NamedSet): NamedSet & LabelledImages {
  const { name, labels, classNames } = data;
  if (labels !== null && classNames.length >= 2) return { ...data, labels };
  const found = labels === null ? "no labels" : `labels of ${classNames.length} class`;
  throw new RangeError(`Cannot train a classifier on ${name}: it has ${found}, expected features pixels or inception`);
}

/** The class that each picture is taken for: that of the largest probability. */
export function classesOf({ values, rows, columns }: Matrix): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, row) => {
    const own = values.subarray(row * columns, (row + 1) * columns);
    return own.reduce((best, probability, index) => probability > own[best] ? index : best, 0);
  });
}

function accuracyOf({ probabilities }: Features, labels: ArrayLike<number>): number {
  const classes = classesOf(probabilities!);
  return classes.filter((label, i) => label === labels[i]).length / classes.length;
}

/** The classifier as a network that makes features. */
function networkOf({ shape, weights, accuracy, tested }: TrainedClassifier): FeatureNetwork<ClassifierParameters> {
  const { parameters, apply } = classifier(shape);
  return {
    name: "classifier",
    key: `classifier-${checksumOf(weights)}`,
    note: `accuracy ${(100 * accuracy).toFixed(2)} % on ${tested} test images`,
    image: shape.image,
    parameters: mapTree<Tensor, Tensor>(parameters(initializer(0)), isTensor, ({ shape }, path) => {
      return constant(weights[path].data, shape);
    }) as ClassifierParameters,
    apply: (parameters, x) => {
      const { features, logits } = apply(parameters, x);
      return { features, probabilities: softmax(logits) };
    },
  };
}

function checksumOf(weights: ClassifierWeights): string {
  const crc = Object.values(weights).reduce((crc, { data }) => {
    return crc32(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength), crc);
  }, 0);
  return crc.toString(16).padStart(8, "0");
}

interface Parts {
  train: NamedSet & LabelledImages;
  test: NamedSet & LabelledImages;
}

/** A classifier in a file; none if it is missing, damaged or another one. */
async function readClassifier(path: string, { train, test }: Parts): Promise<TrainedClassifier | undefined> {
  const file = await Deno.readFile(path).then(decodeSafetensors).catch(() => undefined);
  if (file?.metadata.train !== train.fingerprint || file.metadata.test !== test.fingerprint) return undefined;
  const shape = classifierShape(train);
  const wanted = leavesOf<Tensor>(classifier(shape).parameters(initializer(0)), isTensor);
  if (wanted.some(([name, { shape }]) => !sameShape(file.tensors[name]?.shape ?? [], shape))) return undefined;
  return {
    shape,
    weights: file.tensors,
    accuracy: Number(file.metadata.accuracy),
    tested: Number(file.metadata.tested),
  };
}

/** A classifier as a file. */
function fileOf({ weights, accuracy, tested }: TrainedClassifier, { train, test }: Parts): Safetensors {
  const metadata = {
    format: "hmog-classifier",
    version: VERSION,
    train: train.fingerprint,
    test: test.fingerprint,
    accuracy: String(accuracy),
    tested: String(tested),
  };
  return { tensors: weights, metadata };
}
