import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { decode } from "fast-png";
import { encodePng, type Picture } from "../core/png.ts";

const pictures: fc.Arbitrary<Picture> = fc.record({
  width: fc.integer({ min: 1, max: 40 }),
  height: fc.integer({ min: 1, max: 40 }),
  channels: fc.constantFrom(1 as const, 3 as const),
}).chain(({ width, height, channels }) =>
  fc.uint8Array({ minLength: width * height * channels, maxLength: width * height * channels })
    .map((data) => ({ width, height, channels, data: new Uint8Array(data) }))
);

Deno.test("encodePng() writes grey and colour pictures that another decoder reads back", async () => {
  await fc.assert(
    fc.asyncProperty(pictures, async ({ width, height, channels, data }) => {
      const decoded = decode(await encodePng({ width, height, channels, data }), { checkCrc: true });
      assertEquals([decoded.width, decoded.height, decoded.channels, decoded.depth], [width, height, channels, 8]);
      assertEquals(new Uint8Array(decoded.data), data);
    }),
    { numRuns: 50 },
  );
});

Deno.test("encodePng() refuses data of another length, naming both", async () => {
  const error = await assertRejects(
    () => encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(4) }),
    RangeError,
  );
  assertStringIncludes(error.message, "Cannot encode 4 bytes as 2x2x3: expected 12");
});

Deno.test("encodePng() refuses a picture without pixels", async () => {
  const error = await assertRejects(
    () => encodePng({ width: 0, height: 3, channels: 1, data: new Uint8Array() }),
    RangeError,
  );
  assertStringIncludes(error.message, "Cannot encode a 0x3 picture");
});
