/** How well two labelings of the same samples agree. */

/** Agreement of a labeling with classes. */
export interface Agreement {
  /** Share of samples whose class is the most common one of their part, 0 to 1; 1 for parts of one sample each, too. */
  readonly purity: number;
  /** `I / ((H(classes) + H(parts))/2)`, 0 to 1. */
  readonly nmi: number;
  /** Adjusted Rand index: 1 for equal partitions, around 0 for independent ones, possibly below. */
  readonly ari: number;
  /** `I(class; part)` in nats. */
  readonly mutualInformation: number;
}

/**
 * Purity, normalised mutual information, adjusted Rand index and mutual information of a partition and classes, as
 * scikit-learn has them: NMI with the arithmetic mean of the entropies (`normalized_mutual_info_score`'s default since
 * 0.22), ARI after Hubert & Arabie ("Comparing partitions", Journal of Classification 2, 1985). If there is one part and one
 * class NMI and ARI are 1; if only one of them is one, both are 0. What the labels are called does not matter.
 *
 * @throws {RangeError} If the numbers of samples differ or are 0
 *
 * @example
 * ```ts
 * import { agreement } from "./partition.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { purity, nmi, ari } = agreement({ classes: [0, 0, 1, 1], parts: [7, 7, 3, 3] });
 * assertEquals([purity, nmi, ari], [1, 1, 1]);
 * ```
 */
export function agreement({ classes, parts }: { classes: ArrayLike<number>; parts: ArrayLike<number> }): Agreement {
  const n = classes.length;
  if (n === 0 || parts.length !== n) {
    throw new RangeError(`Cannot compare ${n} classes with ${parts.length} parts: expected as many, at least one`);
  }
  const [ofClass, ofPart, ofBoth] = [new Counts(), new Counts(), new Counts()];
  const largest = new Map<number, number>(); // of each part: samples of its most common class
  const key = pairKey(classes);
  for (let i = 0; i < n; i++) {
    ofClass.add(classes[i]);
    ofPart.add(parts[i]);
    const both = ofBoth.add(key(classes[i], parts[i]));
    largest.set(parts[i], Math.max(largest.get(parts[i]) ?? 0, both));
  }
  const [hClass, hPart, hBoth] = [ofClass, ofPart, ofBoth].map((counts) => counts.entropy(n));
  const mutualInformation = Math.max(0, hClass + hPart - hBoth);
  const trivial = ofClass.size === 1 && ofPart.size === 1;
  return {
    purity: [...largest.values()].reduce((a, b) => a + b, 0) / n,
    nmi: trivial ? 1 : mutualInformation <= Number.EPSILON ? 0 : 2 * mutualInformation / (hClass + hPart),
    ari: adjustedRand(ofBoth.pairs(), ofClass.pairs(), ofPart.pairs(), n),
    mutualInformation,
  };
}

/** A number for each pair of a class and a part. */
function pairKey(classes: ArrayLike<number>): (c: number, part: number) => number {
  const numbers = new Map<number, number>();
  for (let i = 0; i < classes.length; i++) if (!numbers.has(classes[i])) numbers.set(classes[i], numbers.size);
  return (c, part) => part * numbers.size + numbers.get(c)!;
}

/** Pairs of samples together in both, above what is expected of partitions with these sizes, to the most possible. */
function adjustedRand(both: number, ofClass: number, ofPart: number, n: number): number {
  if (both === ofClass && both === ofPart) return 1;
  const expected = ofClass * ofPart / (n * (n - 1) / 2);
  return (both - expected) / ((ofClass + ofPart) / 2 - expected);
}

/** How often what was seen. */
class Counts {
  readonly #counts = new Map<number, number>();

  get size(): number {
    return this.#counts.size;
  }

  add(label: number): number {
    const count = (this.#counts.get(label) ?? 0) + 1;
    this.#counts.set(label, count);
    return count;
  }

  entropy(n: number): number {
    let sum = 0;
    for (const count of this.#counts.values()) sum -= count / n * Math.log(count / n);
    return sum;
  }

  /** Pairs with the same label. */
  pairs(): number {
    let sum = 0;
    for (const count of this.#counts.values()) sum += count * (count - 1) / 2;
    return sum;
  }
}
