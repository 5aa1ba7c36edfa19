/** Two-sample test by nearest neighbours: can generated and real pictures be told apart by who is next to them? */

import type { Device } from "../gpu/device.ts";
import { type Neighbours, neighboursBetween, neighboursWithin } from "./distances.ts";
import { checkCompared, type Compared, firstRows } from "./matrix.ts";
import type { Within } from "./prdc.ts";

/** Which neighbours vote. */
export interface TwoSampleOptions {
  /** Numbers of neighbours that vote, odd, default 1 and 5. */
  readonly ks?: readonly number[];
  /** At least as many neighbours of every row in its own set, if they are known and the sets equally large. */
  readonly within?: Within;
}

/** Share of rows that are taken for what they are, leaving each out in turn. */
export interface TwoSample {
  readonly k: number;
  /** Of all rows: 0.5 if the sets cannot be told apart, 1 if they are apart, below 0.5 if fakes are copies. */
  readonly accuracy: number;
  /** Of the real rows: low where fakes lie between them. */
  readonly real: number;
  /** Of the fake rows: high where they lie close together (collapse). */
  readonly fake: number;
}

/**
 * Accuracy of a `k`-nearest-neighbour classifier, leave one out, on the union of equally many real and fake rows
 * (Lopez-Paz & Oquab, "Revisiting classifier two-sample tests", ICLR 2017; Xu et al., "An empirical study on evaluation
 * metrics of generative adversarial networks", 2018). Of sets that are not equally large the first rows are used.
 *
 * Neighbours that are equally far as the `k`-th share the votes that are left: a row counts with the probability that it
 * is recognised when ties are broken at random. So if the fakes are copies of the real pictures, each of them has its
 * copy at distance 0 and the accuracy with `k = 1` is 0; if all pictures are equal it is that of guessing,
 * `(n - 1)/(2n - 1)`.
 *
 * @throws {ShapeError} If the dimensions differ
 * @throws {RangeError} If a `k` is even, a set has not more than `k` pictures, or a number that is not finite
 * @throws {DeviceError} If the adapter was lost
 */
export async function twoSampleTest(
  device: Device,
  compared: Compared,
  { ks = [1, 5], within }: TwoSampleOptions = {},
): Promise<TwoSample[]> {
  const wrong = ks.find((k) => !(Number.isInteger(k) && k > 0 && k % 2 === 1));
  if (wrong !== undefined) throw new RangeError(`Cannot let ${wrong} neighbours vote: expected an odd number`);
  const k = Math.max(...ks);
  checkCompared(compared, { metric: `the two-sample test with ${k} neighbours`, atLeast: k + 1 });
  const rows = Math.min(compared.real.rows, compared.fake.rows);
  const [real, fake] = [firstRows(compared.real, rows), firstRows(compared.fake, rows)];
  const known = compared.real.rows === compared.fake.rows ? within : undefined;
  const ofReal = known?.real ?? await neighboursWithin(device, real, k);
  const ofFake = known?.fake ?? await neighboursWithin(device, fake, k);
  const { fakeOfReal, realOfFake } = await neighboursBetween(device, { real, fake }, k);
  return ks.map((k) => {
    const [onReal, onFake] = [recognised(ofReal, fakeOfReal, k), recognised(ofFake, realOfFake, k)];
    return { k, accuracy: (onReal + onFake) / 2, real: onReal, fake: onFake };
  });
}

/** Mean probability that most of `k` neighbours are of the own kind. */
function recognised(own: Neighbours, other: Neighbours, k: number): number {
  let sum = 0;
  for (let row = 0; row < own.ties.length; row++) {
    const radius = kthOf(own, other, row, k);
    const [a, b] = [around(own, row, radius), around(other, row, radius)];
    sum += majority({ sure: a.nearer, votes: k - a.nearer - b.nearer, tied: a.tied, tiedOthers: b.tied, k });
  }
  return sum / own.ties.length;
}

/** The `k`-th smallest distance of a row in both lists. */
function kthOf(own: Neighbours, other: Neighbours, row: number, k: number): number {
  let [i, j, distance] = [row * own.k, row * other.k, 0];
  for (let count = 0; count < k; count++) {
    distance = own.distances[i] <= other.distances[j] ? own.distances[i++] : other.distances[j++];
  }
  return distance;
}

/** How many neighbours are nearer than a distance, and exactly at it. */
function around({ k, distances, ties }: Neighbours, row: number, radius: number): { nearer: number; tied: number } {
  const list = distances.subarray(row * k, (row + 1) * k);
  const nearer = list.reduce((count, distance) => count + Number(distance < radius), 0);
  const tied = list.reduce((count, distance) => count + Number(distance === radius), 0);
  return { nearer, tied: tied + (list[k - 1] === radius ? ties[row] : 0) };
}

interface Vote {
  /** Votes for the own kind that are certain. */
  readonly sure: number;
  /** Votes that are left for those tied. */
  readonly votes: number;
  readonly tied: number;
  readonly tiedOthers: number;
  readonly k: number;
}

/** Probability that more than `k/2` are of the own kind if the votes left go to tied neighbours at random. */
function majority({ sure, votes, tied, tiedOthers, k }: Vote): number {
  const all = choose(tied + tiedOthers, votes);
  let probability = 0;
  for (let own = 0; own <= votes; own++) {
    if (sure + own > k / 2) probability += choose(tied, own) * choose(tiedOthers, votes - own) / all;
  }
  return probability;
}

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 0; i < k; i++) ways *= (n - i) / (i + 1);
  return Math.max(0, ways);
}
