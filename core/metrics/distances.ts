/** Squared Euclidean distances of all pairs of rows, block by block on the GPU, never all of them at once. */

import type { Device } from "../gpu/device.ts";
import { type Block, forEachBlock, type Rows } from "./products.ts";
import { columnMeans, type Compared, type Matrix } from "./matrix.ts";

/** Half a unit in the last place of f32: what one rounding errs by, relatively. */
const ROUNDING = 2 ** -24;
/** Roundings besides those of the sum: centring both operands, twice each. */
const OTHER_ROUNDINGS = 8;
/** What a product may lose where f32 underflows, in each term, of the squared scale. */
const UNDERFLOW = 2 ** -124;
/** Dimensions after which an exact distance is compared with what it must not exceed. */
const STRIDE = 64;

/**
 * Rows whose distances are wanted.
 *
 * `|x − y|² = |x|² + |y|² − 2 x·y` loses the digits of small distances, so it only says which pairs matter: the GPU
 * computes `x·y/s²` in f32 for rows less a common centre, `s` the power of two that leaves no number above 1, with an
 * error below `(d + 8) 2⁻²⁴ (|x|² + |y|²)/2` whatever the order of summation (Higham, "Accuracy and stability of
 * numerical algorithms", 2002, 3.1), and what underflows. A pair whose bounds leave open on which side of a limit it
 * lies is computed again in float64 as `Σ (x − y)²`. What comes out is as if all of it had been done in float64:
 * duplicates are at 0, ties are ties, and the order of neighbours is the right one.
 */
export class Points implements Rows {
  /** Lower and upper bounds of `|x|²`, such that those of a pair are `x + y − 2 x·y`. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Squared lengths of the centred rows. */
  readonly norms: Float64Array;
  /** `s²`: what products of rows as they are written are to be multiplied by. */
  readonly unit: number;

  constructor(
    readonly matrix: Matrix,
    readonly frame: Frame,
    /** Equal rows have equal numbers here. */
    readonly classes: Uint32Array,
  ) {
    const { values, rows, columns } = matrix;
    const { centre, scale } = frame;
    this.unit = scale * scale;
    this.norms = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = 0; i < columns; i++) sum += Math.fround((values[row * columns + i] - centre[i]) / scale) ** 2;
      this.norms[row] = sum * this.unit;
    }
    const noise = (columns + OTHER_ROUNDINGS) * ROUNDING;
    const lost = columns * UNDERFLOW * this.unit;
    this.low = this.norms.map((norm) => norm * (1 - noise) - lost);
    this.high = this.norms.map((norm) => norm * (1 + noise) + lost);
  }

  get count(): number {
    return this.matrix.rows;
  }

  get dimensions(): number {
    return this.matrix.columns;
  }

  /** Writes a centred row, divided by the scale, with a stride. */
  write(row: number, target: Float32Array, at: number, stride: number): void {
    const { values, columns } = this.matrix;
    const { centre, scale } = this.frame;
    const factor = 1 / scale; // a power of two: as exact as the division
    for (let i = 0; i < columns; i++) target[at + i * stride] = (values[row * columns + i] - centre[i]) * factor;
  }
}

/** Where rows are seen from, and the power of two that they are divided by. */
interface Frame {
  readonly centre: Float64Array;
  readonly scale: number;
}

/** The frame in which no number of the matrices is above 1. */
function frameOf(matrices: readonly Matrix[], centre: Float64Array): Frame {
  let largest = 0;
  for (const { values, columns } of matrices) {
    for (let row = 0; row < values.length; row += columns) {
      for (let i = 0; i < columns; i++) largest = Math.max(largest, Math.abs(values[row + i] - centre[i]));
    }
  }
  return { centre, scale: largest === 0 ? 1 : 2 ** Math.ceil(Math.log2(largest)) };
}

/** Both sets less the mean of their means, for distances from one to the other. */
export function pointsOf({ real, fake }: Compared): { real: Points; fake: Points } {
  const [ofReal, ofFake] = [columnMeans(real), columnMeans(fake)];
  const centre = ofReal.map((mean, i) => (mean + ofFake[i]) / 2);
  const frame = frameOf([real, fake], centre);
  const [realClasses, fakeClasses] = duplicateClasses([real, fake]);
  return { real: new Points(real, frame, realClasses), fake: new Points(fake, frame, fakeClasses) };
}

/** A set less its own mean, for distances within it. */
function pointsOfOne(matrix: Matrix): Points {
  return new Points(matrix, frameOf([matrix], columnMeans(matrix)), duplicateClasses([matrix])[0]);
}

/**
 * `|x − y|²` in float64, 0 for equal rows.
 *
 * @returns Some number above `limit` if it is above
 */
export function exactDistance(a: Points, i: number, b: Points, j: number, limit = Infinity): number {
  if (a.classes[i] === b.classes[j]) return 0;
  const { values: x, columns } = a.matrix;
  const y = b.matrix.values;
  let [at, other, sum] = [i * columns, j * columns, 0];
  for (const end = at + columns; at < end;) {
    for (const next = Math.min(at + STRIDE, end); at < next; at++, other++) {
      const difference = x[at] - y[other];
      sum += difference * difference;
    }
    if (sum > limit) return sum;
  }
  return sum;
}

/** The nearest columns of every row. */
export interface Neighbours {
  readonly k: number;
  /** Squared distances `[rows, k]`, ascending. */
  readonly distances: Float64Array;
  /** `[rows]`: how many columns more are exactly as far as the `k`-th. */
  readonly ties: Uint32Array;
}

/** Squared distances to the `k`-th nearest, `[rows]`. */
export function radiiOf({ k, distances, ties }: Neighbours, nth = k): Float64Array {
  return Float64Array.from(ties, (_, row) => distances[row * k + nth - 1]);
}

/**
 * The `k` nearest rows of each row among the others of its set: a row is not its own neighbour, its duplicates are.
 *
 * @throws {RangeError} If there are not more than `k` rows
 * @throws {DeviceError} If the adapter was lost
 */
export async function neighboursWithin(device: Device, matrix: Matrix, k: number): Promise<Neighbours> {
  checkNeighbours(k, matrix.rows - 1);
  const points = pointsOfOne(matrix);
  const nearest = new Nearest(points.count, k);
  await forEachBlock(device, points, points, (block) => {
    nearest.offer(block, points, points, false);
    if (block.firstColumn !== block.firstRow) nearest.offer(block, points, points, true);
  });
  return nearest;
}

/**
 * The `k` nearest fake rows of every real one, and the other way round.
 *
 * @throws {RangeError} If one set has fewer than `k` rows
 * @throws {DeviceError} If the adapter was lost
 */
export async function neighboursBetween(
  device: Device,
  compared: Compared,
  k: number,
): Promise<{ fakeOfReal: Neighbours; realOfFake: Neighbours }> {
  checkNeighbours(k, Math.min(compared.real.rows, compared.fake.rows));
  const { real, fake } = pointsOf(compared);
  const [fakeOfReal, realOfFake] = [new Nearest(real.count, k), new Nearest(fake.count, k)];
  await forEachBlock(device, real, fake, (block) => {
    fakeOfReal.offer(block, real, fake, false);
    realOfFake.offer(block, real, fake, true);
  });
  return { fakeOfReal, realOfFake };
}

function checkNeighbours(k: number, most: number): void {
  if (Number.isInteger(k) && k >= 1 && k <= most) return;
  throw new RangeError(`Cannot find ${k} neighbours: ${most} rows to choose from, expected at least as many`);
}

/** The nearest columns found so far. */
class Nearest implements Neighbours {
  readonly distances: Float64Array;
  readonly ties: Uint32Array;

  constructor(rows: number, readonly k: number) {
    this.distances = new Float64Array(rows * k).fill(Infinity);
    this.ties = new Uint32Array(rows);
  }

  /** Looks at all pairs of a block; `swapped` looks for rows that are near to columns. */
  offer(block: Block, rowPoints: Points, columnPoints: Points, swapped: boolean): void {
    const { products, stride, firstRow, rows, firstColumn, columns } = block;
    const within = rowPoints === columnPoints;
    const [own, others] = swapped ? [columnPoints, rowPoints] : [rowPoints, columnPoints];
    const [first, count, firstOther, otherCount] = swapped
      ? [firstColumn, columns, firstRow, rows]
      : [firstRow, rows, firstColumn, columns];
    const [step, otherStep] = swapped ? [1, stride] : [stride, 1];
    const twice = 2 * own.unit;
    for (let i = 0; i < count; i++) {
      const row = first + i;
      const low = own.low[row];
      let worst = this.distances[(row + 1) * this.k - 1];
      for (let j = 0, at = i * step; j < otherCount; j++, at += otherStep) {
        const other = firstOther + j;
        if (low + others.low[other] - twice * products[at] > worst || within && row === other) continue;
        const distance = exactDistance(own, row, others, other, worst);
        if (distance <= worst) worst = this.#take(row, distance);
      }
    }
  }

  /** Puts a distance in its place; returns the largest one kept. */
  #take(row: number, distance: number): number {
    const { k, distances, ties } = this;
    const last = (row + 1) * k - 1;
    const dropped = distances[last];
    if (distance === dropped) {
      ties[row]++;
      return dropped;
    }
    let at = last;
    for (; at > row * k && distances[at - 1] > distance; at--) distances[at] = distances[at - 1];
    distances[at] = distance;
    ties[row] = distances[last] === dropped ? ties[row] + 1 : 0;
    return distances[last];
  }
}

/** Numbers that are equal for equal rows, in and among the matrices. */
function duplicateClasses(matrices: readonly Matrix[]): Uint32Array[] {
  const known = new Map<number, Uint32Array[]>(); // rows by their hash
  const numbers = new Map<Uint32Array, number>();
  return matrices.map(({ values, rows, columns }) =>
    Uint32Array.from({ length: rows }, (_, row) => {
      const words = new Uint32Array(values.buffer, values.byteOffset + row * columns * 4, columns);
      const hash = hashOf(words);
      const alike = known.get(hash) ?? [];
      const same = alike.find((other) => words.every((word, i) => word === other[i]));
      if (same !== undefined) return numbers.get(same)!;
      known.set(hash, [...alike, words]);
      numbers.set(words, numbers.size);
      return numbers.size - 1;
    })
  );
}

/** FNV-1a over words. */
function hashOf(words: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i] ^ words[i] >>> 15, 0x01000193);
  return hash;
}
