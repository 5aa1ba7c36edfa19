import { assertAlmostEquals, assertEquals } from "@std/assert";
import { constant } from "../../core/ops/source.ts";
import { feedOf, imagesOf, realImages } from "../../core/train/images.ts";
import { evaluate64 } from "../reference/interpreter.ts";

/** 2/255 is a constant in f32. */
const TOLERANCE = 1e-6;

/** Three images of 2x1x3: rows of 6 bytes, which no words fill. */
const DATA = { images: Uint8Array.from({ length: 18 }, (_, i) => i * 15), shape: [3, 2, 1, 3] } as const;

Deno.test("imagesOf() takes the images of the indices, pixels in [-1, 1], also where rows fill no words", () => {
  const images = imagesOf(DATA)({ indices: constant(Uint32Array.of(2, 0)) });
  assertEquals(images.shape, [2, 2, 1, 3]);
  const expected = [...DATA.images.subarray(12), ...DATA.images.subarray(0, 6)];
  evaluate64(images).forEach((pixel, i) => assertAlmostEquals(pixel, expected[i] / 127.5 - 1, TOLERANCE));
});

Deno.test("imagesOf() reads the same from bytes that lie anywhere in memory", () => {
  const images = new Uint8Array(9).subarray(1);
  images.set([0, 51, 102, 153, 204, 255, 1, 2]);
  for (const bytes of [images, images.slice()]) {
    const batch = imagesOf({ images: bytes, shape: [2, 2, 2, 1] })({ indices: constant(Uint32Array.of(1)) });
    assertAlmostEquals(evaluate64(batch)[1], 1, TOLERANCE);
  }
});

Deno.test("imagesOf() numbers are taken exactly as they are, by index", () => {
  const images = Float32Array.of(0.1, -3, 2 ** -140, 7e30, Math.PI, -0);
  const batch = imagesOf({ images, shape: [3, 1, 1, 2] })({ indices: constant(Uint32Array.of(2, 0, 2, 1)) });
  assertEquals(batch.shape, [4, 1, 1, 2]);
  assertEquals(
    Float32Array.from(evaluate64(batch)),
    Float32Array.of(...[2, 0, 2, 1].flatMap((i) => [...images.subarray(2 * i, 2 * i + 2)])),
  );
});

Deno.test("realImages() gives points as they are", () => {
  const points = Float32Array.of(0.25, -3, 1.5, 2);
  const { images, shape } = realImages({ images: points, shape: [2, 1, 1, 2] }, { n: 1, seed: 3 });
  assertEquals(shape, [1, 1, 1, 2]);
  assertEquals([[0.25, -3], [1.5, 2]].some((point) => point.every((x, i) => x === images[i])), true);
});

Deno.test("realImages() takes different images, at most as many as there are", () => {
  const { images, shape } = realImages(DATA, { n: 64, seed: 1 });
  assertEquals([shape, images.length], [[3, 2, 1, 3], 18]);
  const firsts = [0, 6, 12].map((at) => Math.round((images[at] + 1) * 127.5));
  assertEquals(firsts.sort((a, b) => a - b), [0, 90, 180]);
});

Deno.test("feedOf() gives indices where the images fit into a buffer, else the images' own bytes: the same pixels", () => {
  const images = Uint8Array.from({ length: 5 * 6 }, (_, i) => 8 * i); // rows of 6 bytes fill no words
  const data = { images, shape: [5, 1, 2, 3] } as const;
  const numbers = Uint32Array.of(4, 0, 4);
  const [resident, streamed] = [40, 39].map((largest) => feedOf(data, { batch: 3, largest })); // 5 rows of 8 bytes
  assertEquals(resident.inputs, { indices: { shape: [3], dtype: "u32" } });
  assertEquals(streamed.inputs, { rows: { shape: [3, 2], dtype: "u32" } });
  const { rows } = streamed.values(numbers);
  const [fromTable, fromRows] = [
    imagesOf(data)({ indices: constant(resident.values(numbers).indices) }),
    imagesOf(data)({ rows: constant(rows, [3, 2]) }),
  ].map((pixels) => [...evaluate64(pixels)]);
  assertEquals(fromRows, fromTable);
  fromRows.slice(6, 12).forEach((pixel, i) => assertAlmostEquals(pixel, images[i] / 127.5 - 1, TOLERANCE));
});
