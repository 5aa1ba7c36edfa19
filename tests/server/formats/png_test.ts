import { assertEquals, assertThrows } from "@std/assert";
import { decode } from "fast-png";
import { encodePng, type Picture } from "../../../core/png.ts";
import { pngOf } from "../../../server/formats/png.ts";

/** A picture of noise, the same for the same size. */
function noise(width: number, height: number, channels: 1 | 3): Picture {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => i * 7919 % 251);
  return { width, height, channels, data };
}

Deno.test("pngOf() writes grey and colour pictures that another decoder reads back", () => {
  for (const picture of [noise(1, 1, 1), noise(5, 3, 3), noise(530, 530, 1)]) {
    const { width, height, channels, depth, data } = decode(pngOf(picture), { checkCrc: true });
    assertEquals([width, height, channels, depth], [picture.width, picture.height, picture.channels, 8]);
    assertEquals(new Uint8Array(data), picture.data);
  }
});

Deno.test("pngOf() holds the same pixels as encodePng(), and the same bytes every time", async () => {
  const picture = noise(40, 30, 3);
  assertEquals(decode(pngOf(picture)).data, decode(await encodePng(picture)).data);
  assertEquals(pngOf(picture), pngOf(noise(40, 30, 3)));
});

Deno.test("pngOf() refuses data of another length", () => {
  assertThrows(
    () => pngOf({ width: 2, height: 2, channels: 1, data: new Uint8Array(3) }),
    RangeError,
    "Cannot encode 3 bytes as 2x2x1: expected 4",
  );
});
