import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { imageGrid } from "../../core/sampling/grid.ts";

Deno.test("imageGrid() maps -1, 0, 1 to 0, 128, 255, clamps the rest and shows NaN black", () => {
  const images = Float32Array.of(-1, 0, 1, -7, 7, NaN);
  const { data } = imageGrid(images, { shape: [1, 1, 6, 1], padding: 0 });
  assertEquals([...data], [0, 128, 255, 0, 255, 0]);
});

Deno.test("imageGrid() lays pictures out row by row with padding and leaves missing ones black", () => {
  const { width, height, data } = imageGrid(Float32Array.of(1, 1, 1), { shape: [3, 1, 1, 1], columns: 2, padding: 1 });
  assertEquals([width, height], [5, 5]);
  assertEquals([...data], [
    ...[0, 0, 0, 0, 0],
    ...[0, 255, 0, 255, 0],
    ...[0, 0, 0, 0, 0],
    ...[0, 255, 0, 0, 0],
    ...[0, 0, 0, 0, 0],
  ]);
});

Deno.test("imageGrid() repeats pixels by the scale and keeps channels together", () => {
  const red = Float32Array.of(1, -1, -1);
  const { width, height, channels, data } = imageGrid(red, { shape: [1, 1, 1, 3], scale: 2, padding: 0 });
  assertEquals([width, height, channels], [2, 2, 3]);
  assertEquals([...data], [255, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0]);
});

Deno.test("imageGrid() rounds every pixel as round(127.5 (x + 1)) does", () => {
  const images = Float32Array.from({ length: 4096 }, (_, i) => (i / 4095) * 2.2 - 1.1);
  const { data } = imageGrid(images, { shape: [1, 1, 4096, 1], padding: 0 });
  assertEquals([...data], Array.from(images, (x) => Math.round(127.5 * (Math.min(Math.max(x, -1), 1) + 1))));
});

Deno.test("imageGrid() scales every picture of a grid alike", () => {
  const [small, large] = [1, 3].map((scale) =>
    imageGrid(Float32Array.of(-1, -0.5, 0, 0.5, 1, 0.2, 0.4, 0.6), {
      shape: [2, 2, 2, 1],
      columns: 2,
      scale,
      padding: 1,
    })
  );
  assertEquals([large.width, large.height], [2 * 6 + 3, 6 + 2]);
  for (let i = 0; i < 2; i++) {
    for (let y = 0; y < 6; y++) {
      for (let x = 0; x < 6; x++) {
        const at = small.data[(1 + Math.floor(y / 3)) * small.width + 1 + i * 3 + Math.floor(x / 3)];
        assertEquals(large.data[(1 + y) * large.width + 1 + i * 7 + x], at);
      }
    }
  }
});

Deno.test("imageGrid() makes 64 pictures a square of 8 by 8", () => {
  const { width, height } = imageGrid(new Float32Array(64 * 4), { shape: [64, 2, 2, 1] });
  assertEquals([width, height], [8 * 4 + 2, 8 * 4 + 2]);
});

Deno.test("imageGrid() refuses shapes and layouts that do not fit", () => {
  const refusal = (shape: number[], scale = 1) =>
    assertThrows(() => imageGrid(new Float32Array(8), { shape, scale }), RangeError).message;
  assertStringIncludes(refusal([1, 2, 2, 1]), "Cannot lay out 8 numbers as [1,2,2,1]");
  assertStringIncludes(refusal([2, 2, 1, 2]), "1 or 3 channels");
  assertStringIncludes(refusal([8, 1, 1, 1], 0.5), "scale 0.5");
});
