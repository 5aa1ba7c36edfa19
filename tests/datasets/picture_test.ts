import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeBase64 } from "./base64.ts";
import { loadDecoder } from "../../datasets/decode.ts";
import { imageOf } from "../../datasets/picture.ts";
import golden from "../golden/pictures.json" with { type: "json" };

/** Decoders round the inverse cosine transform and the colour matrix differently, in one step each. */
const JPEG_TOLERANCE = 3;

Deno.test("imageOf() turns a picture as Pillow's exif_transpose() does", async () => {
  const decode = await loadDecoder();
  for (const { name, file, pixels } of golden.turned) {
    const image = imageOf(decode(decodeBase64(file)), { size: 8, channels: 3 });
    const off = Math.max(...decodeBase64(pixels).map((value, i) => Math.abs(value - image[i])));
    assert(off <= JPEG_TOLERANCE, `orientation ${name} is off by ${off}`);
  }
});

Deno.test("imageOf() cuts the upper or left one of two middle squares out of the upright picture", async () => {
  const decode = await loadDecoder();
  for (const { name, file, pixels } of golden.oblong) {
    assertEquals(imageOf(decode(decodeBase64(file)), { size: 8, channels: 3 }), decodeBase64(pixels), name);
  }
});

Deno.test("imageOf() cuts the square out before it is resampled, and makes grey of colour", () => {
  // 6 wide, 4 high: 100 in the 2x2 pixels in the middle, 0 in the 4x4 around them, 255 left and right of that.
  const data = Uint8Array.from({ length: 24 }, (_, i) => {
    const [y, x] = [Math.floor(i / 6), i % 6];
    return x === 0 || x === 5 ? 255 : x >= 2 && x <= 3 && y >= 1 && y <= 2 ? 100 : 0;
  });
  const picture = { width: 6, height: 4, channels: 1, data, orientation: 1 };
  assertEquals([...imageOf(picture, { size: 1, channels: 1, crop: 2 })], [100]);
  assertEquals([...imageOf(picture, { size: 1, channels: 3 })], [25, 25, 25]);
  assertEquals([...imageOf(picture, { size: 2, channels: 1 })], [25, 25, 25, 25]);
});

Deno.test("imageOf() refuses pictures smaller than the square or the image", () => {
  const picture = { width: 20, height: 10, channels: 1, data: new Uint8Array(200), orientation: 1 };
  const refused = (size: number, crop?: number) =>
    assertThrows(() => imageOf(picture, { size, channels: 1, crop }), SyntaxError).message;
  assertEquals(refused(12), "is 20x10 pixels, expected at least 12x12");
  assertEquals(refused(8, 16), "is 20x10 pixels, expected at least 16x16");
});
