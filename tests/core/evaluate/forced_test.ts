import { assertEquals } from "@std/assert";
import { shares } from "../../../core/evaluate/forced.ts";

Deno.test("shares() are in proportion, sum to the whole, and give what is left to the largest remainders", () => {
  assertEquals(shares(Float32Array.of(0.5, 0.25, 0.25), 8), [4, 2, 2]);
  assertEquals(shares(Float32Array.of(1, 1, 1), 8), [3, 3, 2]);
  assertEquals(shares(Float32Array.of(0.7, 0, 0.3), 2), [1, 0, 1]);
  assertEquals(shares(Float32Array.of(3, 1), 1), [1, 0]);
});
