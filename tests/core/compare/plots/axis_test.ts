/** Axes: round numbers, their labels, ranges. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { assert as check, double, property } from "fast-check";
import { rangeOf, scaleOf, tickLabels, ticks, usualRange } from "../../../../core/compare/plots/axis.ts";

const MOST_TICKS = 3; // times as many as were asked for, at most: a step is at most √10 too small

Deno.test("scaleOf() takes the ends of a range to the ends of the pixels", () => {
  const scale = scaleOf([-1, 3], [100, 20]);
  assertEquals([-1, 1, 3].map(scale.at), [100, 60, 20]);
});

Deno.test("ticks() are multiples of 1, 2 or 5 times a power of ten", () => {
  assertEquals(ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assertEquals(ticks(-4.4, 4.4, 4), [-4, -2, 0, 2, 4]);
  assertEquals(ticks(0, 3000, 6), [0, 500, 1000, 1500, 2000, 2500, 3000]);
  assertEquals(ticks(0.0012, 0.0019, 3), [0.0012, 0.0014, 0.0016, 0.0018]);
});

Deno.test("ticks() lie within any range, evenly, and are not too many", () => {
  const number = double({ min: -1e12, max: 1e12, noNaN: true });
  const length = double({ min: 1e-3, max: 1e12, noNaN: true });
  check(property(number, length, (low, width) => {
    const high = low + width;
    if (!(high - low > Math.abs(low) * 1e-6)) return; // digits of a double do not tell the ticks apart
    const found = ticks(low, high, 6);
    const slack = (high - low) * 1e-6;
    assert(found.length >= 1 && found.length <= MOST_TICKS * 6, `${found.length} ticks`);
    assert(found.every((x) => x >= low - slack && x <= high + slack));
    assert(found.every((x, i) => i === 0 || x > found[i - 1]));
  }));
});

Deno.test("ticks() refuses a range that is empty or not finite", () => {
  for (const [low, high] of [[1, 1], [2, 1], [NaN, 1], [0, Infinity], [-1e308, 1e308 * 1.5]]) {
    assertThrows(() => ticks(low, high, 5), RangeError, "expected two finite numbers in order");
  }
});

Deno.test("tickLabels() has as many decimals as the step needs, and powers of ten where those are shorter", () => {
  assertEquals(tickLabels([0, 0.5, 1]), ["0.0", "0.5", "1.0"]);
  assertEquals(tickLabels([-2, 0, 2]), ["−2", "0", "2"]);
  assertEquals(tickLabels([0, 100000, 200000]), ["0", "1e5", "2e5"]);
  assertEquals(tickLabels([0, 0.00002, 0.00004]), ["0", "2e-5", "4e-5"]);
  assertEquals(tickLabels([1000000, 1200000]), ["1.0e6", "1.2e6"]);
  assertEquals(tickLabels([]), []);
});

Deno.test("rangeOf() leaves room around the data, and around a single number", () => {
  assertEquals(rangeOf([0, 10]), [-0.5, 10.5]);
  assertEquals(rangeOf([5, 5]), [4.5, 5.5]);
  assertEquals(rangeOf([0.1 + 0.2, 0.3]).map((x) => Math.round(100 * x)), [27, 33]);
  assertEquals(rangeOf([0, 0]), [-0.05, 1.05]);
});

Deno.test("rangeOf() refuses what cannot be drawn", () => {
  assertThrows(() => rangeOf([]), RangeError, "Cannot draw 0 numbers");
  assertThrows(() => rangeOf([1, NaN]), RangeError, "Cannot draw NaN: expected a finite number");
  assertThrows(() => rangeOf([-1.7e308, 1.7e308]), RangeError, "expected a range that is a finite number");
});

Deno.test("usualRange() leaves out what would flatten the rest, and nothing else", () => {
  const even = Array.from({ length: 100 }, (_, i) => i);
  assertEquals(usualRange(even, 0.01), rangeOf(even));
  assertEquals(usualRange([...even.slice(0, 99), 1e6], 0.01), rangeOf(even.slice(1, 99)));
});
