import { assertEquals, assertThrows } from "@std/assert";
import { decodeBase64 } from "./base64.ts";
import { areaResample, centreSquare, turned, withChannels } from "../../datasets/resample.ts";
import golden from "../golden/pictures.json" with { type: "json" };

Deno.test("areaResample() averages areas as whole numbers do, pixels on a border by their part", () => {
  for (const { width, height, channels, left, top, side, size, pixels, expected } of golden.areas) {
    const picture = { width, height, channels, data: decodeBase64(pixels) };
    assertEquals(areaResample(picture, { left, top, side }, size), decodeBase64(expected), `${side} to ${size}`);
  }
});

Deno.test("areaResample() keeps the mean of a picture and the pixels of one that has the size", () => {
  const data = Uint8Array.from({ length: 49 }, (_, i) => 5 * i);
  const picture = { width: 7, height: 7, channels: 1, data };
  assertEquals(areaResample(picture, { left: 0, top: 0, side: 7 }, 7), data);
  assertEquals([...areaResample(picture, { left: 0, top: 0, side: 7 }, 1)], [120]);
});

Deno.test("areaResample() refuses to enlarge and to leave the picture", () => {
  const picture = { width: 8, height: 6, channels: 1, data: new Uint8Array(48) };
  for (const square of [{ left: 3, top: 0, side: 6 }, { left: 0, top: 1, side: 6 }, { left: -1, top: 0, side: 6 }]) {
    assertThrows(() => areaResample(picture, square, 4), RangeError, "expected a square inside");
  }
  assertThrows(() => areaResample(picture, { left: 0, top: 0, side: 6 }, 7), RangeError, "to 7x7: expected");
});

Deno.test("centreSquare() is in the middle, half a pixel up and left of the upright picture where it must be", () => {
  assertEquals(centreSquare({ width: 178, height: 218 }, 108), { left: 35, top: 55, side: 108 });
  assertEquals(centreSquare({ width: 9, height: 4 }), { left: 2, top: 0, side: 4 });
  assertEquals(centreSquare({ width: 9, height: 4, orientation: 2 }), { left: 3, top: 0, side: 4 });
  assertEquals(centreSquare({ width: 4, height: 9, orientation: 6 }), { left: 0, top: 3, side: 4 });
});

Deno.test("turned() places corners as the Exif standard says", () => {
  // Row 0 and column 0 of the file, per orientation, are: top left; top right; bottom right; bottom left; left top; …
  const pixels = Uint8Array.of(1, 2, 3, 4); // 1 2 / 3 4
  const results = [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => [...turned(pixels, { size: 2, orientation })].join(""));
  assertEquals(results, ["1234", "2143", "4321", "3412", "1324", "3142", "4231", "2413"]);
});

Deno.test("withChannels() repeats grey and weighs colours", () => {
  assertEquals([...withChannels(Uint8Array.of(7, 9), { count: 2, channels: 3 })], [7, 7, 7, 9, 9, 9]);
  const colours = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90);
  assertEquals([...withChannels(colours, { count: 4, channels: 1 })], [76, 150, 29, 90]);
  assertEquals([...withChannels(Uint8Array.of(1, 2, 3), { count: 1, channels: 3 })], [1, 2, 3]);
});
