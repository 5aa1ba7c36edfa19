import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { disturb } from "../../core/assign/disturb.ts";
import { constant, zeros } from "../../core/ops/source.ts";
import type { Shape } from "../../core/shape.ts";
import { sizeOf } from "../../core/shape.ts";
import { evaluate64 } from "../reference/interpreter.ts";

const FLOAT64 = 1e-12;
const SIDE = 16; // shifts go up to one pixel

/** Numbers that are all the same. */
const all = (uniform: number, normal = 0) => ({
  uniform: (shape: Shape) => constant(new Float32Array(sizeOf(shape)).fill(uniform), shape),
  normal: (shape: Shape) => normal === 0 ? zeros(shape) : constant(new Float32Array(sizeOf(shape)).fill(normal), shape),
});

const ramp = constant(Float32Array.from({ length: SIDE * SIDE }, (_, i) => i / 1024 - 0.5), [1, SIDE, SIDE, 1]);
const at = (pixels: ArrayLike<number>, y: number, x: number) => pixels[y * SIDE + x];

Deno.test("disturb() leaves a corner of a picture as it is in the middle of all ranges", () => {
  const pixels = evaluate64(disturb(ramp, all(0.5)));
  assertEquals(at(pixels, 15, 15), Math.fround(255 / 1024 - 0.5)); // the hole is in the middle
  assertEquals(at(pixels, 8, 8), 0);
});

Deno.test("disturb() shifts by at most a sixteenth, repeats the border, and scales around black", () => {
  const pixels = evaluate64(disturb(ramp, all(0))); // down and right by one, contrast 0.2; the hole is at the upper left
  const seen = (y: number, x: number) => 0.2 * (Math.max(y - 1, 0) * SIDE + Math.max(x - 1, 0)) / 1024 + 0.2 * 0.5 - 1;
  for (const [y, x] of [[15, 15], [0, 15], [15, 0], [9, 12]]) {
    assertAlmostEquals(at(pixels, y, x), seen(y, x), 1e-6);
  }
});

Deno.test("disturb() adds noise and stays in range; points stay as they are", () => {
  const pixels = evaluate64(disturb(ramp, all(0.5, 1)));
  assertAlmostEquals(at(pixels, 15, 15), 255 / 1024 - 0.5 + 0.4, 1e-6);
  assert(evaluate64(disturb(ramp, all(0.99, 9))).every((pixel) => Math.abs(pixel) <= 1 + FLOAT64));
  const points = constant([5, -7], [1, 1, 1, 2]);
  assertEquals(disturb(points, all(0.9)), points);
});
