/** Random numbers for the host: data sets drawn by code, starting values of what is trained in float64. */

/** An endless row of random numbers. */
export interface Draws {
  /** Uniform in [0, 1), a multiple of 2⁻³². */
  uniform(): number;
  /** `N(0, 1)` (Box & Muller 1958), below 6.7 in size. */
  normal(): number;
  /** A whole number from 0 to `count - 1`, all alike. */
  below(count: number): number;
}

/**
 * Random numbers as a function of seed and stream: sfc32 (C. Doty-Humphrey, PractRand), begun with the words of both.
 * Deno computes logarithm and cosine in software, so the numbers are the same on every platform. (On the GPU,
 * `core/ops/random.ts` draws by a counter.)
 *
 * @param stream Streams of one seed are independent
 * @throws {RangeError} If the seed is no whole number from 0 to 2⁵³ - 1, or the stream from 0 to 2³² - 1
 *
 * @example
 * ```ts
 * import { draws } from "./draws.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [first, again, other] = [draws(7), draws(7), draws(7, 1)];
 * const number = first.normal();
 * assertEquals(again.normal(), number);
 * assertEquals(other.normal() === number, false);
 * ```
 */
export function draws(seed: number, stream = 0): Draws {
  checkWord("seed", seed, Number.MAX_SAFE_INTEGER);
  checkWord("stream", stream, 2 ** 32 - 1);
  let [a, b, c, counter] = [seed % 2 ** 32, Math.floor(seed / 2 ** 32), stream, 1];
  const uniform = () => {
    const sum = (a + b + counter++) | 0;
    a = b ^ b >>> 9;
    b = (c + (c << 3)) | 0;
    c = ((c << 21 | c >>> 11) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let round = 0; round < 16; round++) uniform(); // until every bit depends on seed and stream
  let second: number | undefined; // normal numbers come in pairs
  return {
    uniform,
    below: (count) => Math.floor(uniform() * count),
    normal() {
      if (second !== undefined) {
        const number = second;
        second = undefined;
        return number;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      second = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}

function checkWord(what: string, value: number, largest: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= largest) return;
  throw new RangeError(`Cannot draw with ${what} ${value}: expected a whole number from 0 to ${largest}`);
}
