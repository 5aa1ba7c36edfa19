/** Medians, spreads and turns. */

import { assertEquals, assertThrows } from "@std/assert";
import { inTurns, scaled, summarize } from "../../bench/measure.ts";
import { digits, spread, table } from "../../bench/table.ts";

Deno.test("summarize() finds the middle, the least and the largest of an odd number", () => {
  assertEquals(summarize([30, 10, 20]), { median: 20, least: 10, largest: 30, n: 3 });
});

Deno.test("summarize() takes the mean of the middle two of an even number", () => {
  assertEquals(summarize([4, 1, 2, 100]), { median: 3, least: 1, largest: 100, n: 4 });
});

Deno.test("summarize() refuses nothing at all", () => {
  assertThrows(() => summarize([]), RangeError, "Cannot summarise 0 measurements");
});

Deno.test("scaled() changes the unit, not the number of measurements", () => {
  assertEquals(scaled(summarize([1, 2, 3]), 1000), { median: 2000, least: 1000, largest: 3000, n: 3 });
});

Deno.test("inTurns() alternates between what it measures", async () => {
  const order: string[] = [];
  const measure = (name: string) => () => Promise.resolve(order.push(name));
  const { a, b } = await inTurns(3, { a: measure("a"), b: measure("b") });
  assertEquals(order, ["a", "b", "a", "b", "a", "b"]);
  assertEquals([a, b], [[1, 3, 5], [2, 4, 6]]);
});

Deno.test("table() aligns its columns", () => {
  assertEquals(table(["kernel", "ms"], [["a", "1.25"]]), "| kernel | ms   |\n| ------ | ---- |\n| a      | 1.25 |");
});

Deno.test("digits() keeps three digits and no exponent, spread() shows all three figures", () => {
  assertEquals([0.012345, 1.2345, 123.45, 123456, NaN].map(digits), ["0.0123", "1.23", "123", "123456", "-"]);
  assertEquals(spread(summarize([1, 2, 3])), "2.00 (1.00 to 3.00)");
});
