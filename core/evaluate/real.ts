/** The real pictures that generated ones are compared with. */

import type { Modes } from "../metrics/metric.ts";
import { permutation } from "../train/batches.ts";
import { sizeOf } from "../shape.ts";
import type { NamedSet } from "./classifier_features.ts";
import type { PictureSet } from "./features.ts";

/** A part of a data set as it is evaluated against. */
export interface EvaluatedSet extends NamedSet {
  /** Where toy data come from. */
  readonly modes?: Modes;
}

/** Some pictures of a set, with their classes where they are known. */
export interface RealPictures extends PictureSet {
  readonly labels: Uint32Array | null;
}

/**
 * `n` pictures of a set in random order, for sets may be sorted by class and some metrics take consecutive parts.
 *
 * @throws {RangeError} If `n` is no whole number from 1 to the size of the set
 */
export function chosenFrom(data: NamedSet, { n, seed }: { n: number; seed: number }): RealPictures {
  const { images, shape: [count, ...image], labels, name } = data;
  if (!Number.isSafeInteger(n) || n < 1 || n > count) {
    throw new RangeError(`Cannot compare with ${n} of ${name}: expected a whole number from 1 to ${count}, its size`);
  }
  const size = sizeOf(image);
  const chosen = permutation(count, orderOf({ n, seed }, count), 0).subarray(0, n);
  const pictures = images instanceof Uint8Array ? new Uint8Array(n * size) : new Float32Array(n * size);
  chosen.forEach((index, i) => pictures.set(images.subarray(index * size, (index + 1) * size), i * size));
  return { images: pictures, shape: [n, ...image], labels: labels && chosen.map((index) => labels[index]) };
}

/** The seed of the order that pictures are chosen in: that of the request, but always 0 for a whole set. */
export function orderOf({ n, seed }: { n: number; seed: number }, count: number): number {
  return n === count ? 0 : seed;
}

/**
 * The class of the nearest real point for each point: what labels generated points, which no classifier sees.
 *
 * @param points `[n, dimensions]`
 * @param real Points with their labels, `[m, dimensions]`
 *
 * @example
 * ```ts
 * import { nearestLabels } from "./real.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const real = { images: Float32Array.of(-1, 0, 1, 0), labels: Uint32Array.of(4, 7) };
 * assertEquals([...nearestLabels(Float32Array.of(0.9, 0.2), real)], [7]);
 * ```
 */
export function nearestLabels(
  points: Float32Array,
  { images, labels }: { images: PictureSet["images"]; labels: Uint32Array },
): Uint32Array {
  const dimensions = images.length / labels.length;
  return Uint32Array.from({ length: points.length / dimensions }, (_, point) => {
    let [nearest, least] = [0, Infinity];
    for (let other = 0; other < labels.length; other++) {
      let distance = 0;
      for (let i = 0; i < dimensions; i++) {
        distance += (points[point * dimensions + i] - images[other * dimensions + i]) ** 2;
      }
      if (distance < least) [nearest, least] = [other, distance];
    }
    return labels[nearest];
  });
}
