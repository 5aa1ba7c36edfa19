import { assert, assertEquals, assertThrows } from "@std/assert";
import { channelsOf, colourOf } from "../../core/palette.ts";
import type { Picture } from "../../core/png.ts";
import { samplePicture } from "../../core/sampling/sample_picture.ts";

/** Where dots are: pixels that are not paper, by colour, with the middle of each colour's. */
function dotsOf({ data, width }: Picture): Map<string, { x: number; y: number; pixels: number }> {
  const dots = new Map<string, { x: number; y: number; pixels: number }>();
  for (let i = 0; i < data.length / 3; i++) {
    const colour = data.subarray(3 * i, 3 * i + 3).join();
    if (colour === "255,255,255") continue;
    const { x, y, pixels } = dots.get(colour) ?? { x: 0, y: 0, pixels: 0 };
    dots.set(colour, { x: x + i % width, y: y + Math.floor(i / width), pixels: pixels + 1 });
  }
  dots.forEach((dot) => {
    dot.x /= dot.pixels;
    dot.y /= dot.pixels;
  });
  return dots;
}

const SHAPE = (n: number) => [n, 1, 1, 2];
const HALF_A_PIXEL = 0.5;

/** Middle of the pixel, in a picture of 512, where a number from -1.1 to 1.1 belongs. */
const pixelOf = (value: number) => (value / 1.1 + 1) * 256 - 0.5;

Deno.test("samplePicture() draws a point where it is: the first number to the right, the second upwards", () => {
  for (const [x, y] of [[0, 0], [1, 1], [-1, 0.5], [0.3, -0.7]]) {
    const picture = samplePicture(Float32Array.of(x, y), { shape: SHAPE(1) });
    assertEquals([picture.width, picture.height, picture.channels], [512, 512, 3]);
    const [dot, ...others] = dotsOf(picture).values();
    assertEquals(others, []);
    assert(dot.pixels >= 4 && dot.pixels <= 9, `${dot.pixels} pixels`);
    assert(Math.abs(dot.x - pixelOf(x)) <= HALF_A_PIXEL, `${dot.x} for ${x}`);
    assert(Math.abs(dot.y - pixelOf(-y)) <= HALF_A_PIXEL, `${dot.y} for ${y}`);
  }
});

Deno.test("samplePicture() gives every leaf a colour of its own, by the largest weight or as it is told", () => {
  const points = Float32Array.from({ length: 16 }, (_, i) => i % 2 ? 0 : i / 8 - 0.9);
  const weights = Float32Array.from({ length: 64 }, (_, i) => i % 8 === Math.floor(i / 8) ? 0.5 : 0.07);
  const byWeight = samplePicture(points, { shape: SHAPE(8), weights });
  const dots = dotsOf(byWeight);
  assertEquals(dots.size, 8);
  assertEquals(samplePicture(points, { shape: SHAPE(8), leaves: [0, 1, 2, 3, 4, 5, 6, 7] }), byWeight);
  assertEquals([...dots.keys()].sort(), Array.from({ length: 8 }, (_, i) => channelsOf(colourOf(i)).join()).sort());
  const [first, second] = [...dots.values()];
  assert(Math.min(first.x, second.x) >= 0);
  assertEquals(dotsOf(samplePicture(points, { shape: SHAPE(8) })).size, 1); // of nobody knows which leaf
});

Deno.test("samplePicture() leaves out what lies outside, and cuts dots at the border", () => {
  assertEquals(dotsOf(samplePicture(Float32Array.of(1.5, 0, 0, -30, NaN, 0), { shape: SHAPE(3) })).size, 0);
  const [dot] = dotsOf(samplePicture(Float32Array.of(1.1, 0), { shape: SHAPE(1) })).values();
  assert(dot.pixels >= 1 && dot.pixels < 6 && dot.x >= 510);
  const far = Float32Array.of(0, 1e16, -1e16, 0, Infinity, -Infinity, NaN, NaN, 3e38, -3e38);
  assertEquals(dotsOf(samplePicture(far, { shape: SHAPE(5) })).size, 0);
});

Deno.test("samplePicture() lays images out as a grid", () => {
  const { channels, width, height } = samplePicture(new Float32Array(4 * 8 * 8 * 3), { shape: [4, 8, 8, 3] });
  assertEquals(channels, 3);
  assert(width >= 16 && height >= 16);
});

Deno.test("samplePicture() takes columns and scale for images", () => {
  const { width, height } = samplePicture(new Float32Array(4 * 8 * 8), { shape: [4, 8, 8, 1], columns: 4, scale: 3 });
  assertEquals([width, height], [4 * 26 + 2, 26 + 2]);
});

Deno.test("samplePicture() refuses points of other than two numbers", () => {
  assertThrows(
    () => samplePicture(new Float32Array(6), { shape: [2, 1, 1, 3] }),
    RangeError,
    "Cannot draw 6 numbers as [2,1,1,3]: expected points of 2 numbers",
  );
});
