/** Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), with exact products. */

const MULTIPLIERS = [0xD2511F53, 0xCD9E8D57];
const WEYL = [0x9E3779B9, 0xBB67AE85]; // what the key grows by each round: golden ratio, √3 - 1
const ROUNDS = 10;

function highWord(a: number, b: number): number {
  return Number((BigInt(a) * BigInt(b)) >> 32n);
}

/** Four random words from a counter of four words and a key of two. */
export function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    [c0, c1, c2, c3] = [
      (highWord(MULTIPLIERS[1], c2) ^ c1 ^ k0) >>> 0,
      Math.imul(MULTIPLIERS[1], c2) >>> 0,
      (highWord(MULTIPLIERS[0], c0) ^ c3 ^ k1) >>> 0,
      Math.imul(MULTIPLIERS[0], c0) >>> 0,
    ];
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Words of element `4i` to `4i + 3` of a draw: counter (i, stream, step, round), key (seed low, seed high). */
function words(i: number, stream: number, key: ArrayLike<number>): number[] {
  return philox([i, stream, key[2], key[3]], [key[0], key[1]]);
}

/** `size` numbers in [0, 1): the upper 24 bits of each word. */
export function uniformNumbers(size: number, stream: number, key: ArrayLike<number>): Float64Array {
  const numbers = new Float64Array(size);
  for (let i = 0; i < size; i += 4) {
    words(i / 4, stream, key).forEach((word, j) => {
      if (i + j < size) numbers[i + j] = (word >>> 8) / 2 ** 24;
    });
  }
  return numbers;
}

/** `size` normal numbers by Box-Muller from pairs of uniform ones, the first of a pair taken as (u + 2⁻²⁴) in (0, 1]. */
export function normalNumbers(size: number, stream: number, key: ArrayLike<number>): Float64Array {
  const even = Math.ceil(size / 2) * 2;
  const u = uniformNumbers(even, stream, key);
  const numbers = new Float64Array(even);
  for (let i = 0; i < even; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(u[i] + 2 ** -24));
    numbers[i] = radius * Math.cos(2 * Math.PI * u[i + 1]);
    numbers[i + 1] = radius * Math.sin(2 * Math.PI * u[i + 1]);
  }
  return numbers.subarray(0, size);
}
