import { assertEquals } from "@std/assert";
import { decimal, largestShares, listed, nameOf, percent, splitSentence } from "../../../core/reading/report/words.ts";
import type { SplitReading } from "../../../core/reading/splits.ts";

const NAMES = ["boot", "coat", "dress", "shirt"];

/** A split with label shares and nothing else. */
function split(left: number[], right: number[]): SplitReading {
  const none = new Float32Array(0);
  const side = (labels: number[]) => ({ mean: none, pictures: none, leaves: [], labels });
  const labelDistance = left.reduce((sum, share, i) => sum + Math.abs(share - right[i]), 0) / 2;
  return {
    node: 0,
    samples: 8,
    mode: "region",
    difference: none,
    flipDistance: 0.5,
    otherDistance: 0.5,
    effect: 1,
    left: side(left),
    right: side(right),
    labelDistance,
  };
}

Deno.test("percent(), decimal(), listed() and nameOf() write as people read", () => {
  assertEquals([0, 0.004, 0.0994, 0.0996, 0.125, 1].map(percent), ["0 %", "0.4 %", "9.9 %", "10 %", "13 %", "100 %"]);
  assertEquals([decimal(null), decimal(0.456)], ["–", "0.46"]);
  assertEquals([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listed), ["", "a", "a and b", "a, b and c"]);
  assertEquals([nameOf({ node: 4, leaf: null }), nameOf({ node: 9, leaf: 2 })], ["node 4", "leaf 2"]);
});

Deno.test("largestShares() sorts, cuts off, and keeps the order of equal ones", () => {
  const labels = (shares: number[], options = {}) => largestShares(shares, options).map(({ label }) => label);
  assertEquals(labels([0.2, 0.5, 0.2, 0.1]), [1, 0, 2, 3]);
  assertEquals(labels([0.2, 0.5, 0.2, 0.1], { least: 0.2, most: 2 }), [1, 0]);
});

Deno.test("splitSentence() names for each side what it has more of than the other, with the sum of the shares", () => {
  const told = splitSentence(split([0.6, 0.3, 0.1, 0], [0.1, 0.3, 0.2, 0.4]), NAMES);
  assertEquals(told, "left: boot (60 %); right: shirt and dress (60 %)");
  const alike = splitSentence(split([0.5, 0.3, 0.2, 0], [0.48, 0.32, 0.2, 0]), NAMES);
  assertEquals(alike, "left: boot, coat and dress (100 %); right: boot, coat and dress (100 %)");
  assertEquals(splitSentence({ ...split([1, 0, 0, 0], [0, 1, 0, 0]), labelDistance: null }, NAMES), null);
});
