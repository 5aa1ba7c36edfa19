import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeBase64 } from "./base64.ts";
import { loadDecoder } from "../../datasets/decode.ts";
import golden from "../golden/pictures.json" with { type: "json" };

/** Decoders round the inverse cosine transform and the colour matrix differently, in one step each. */
const JPEG_TOLERANCE = 3;

const decode = await loadDecoder();
const fileOf = (name: string) => decodeBase64(golden.files.find((file) => file.name === name)!.file);

Deno.test("loadDecoder() reads what Pillow reads: grey, progressive, CMYK, alpha over white, palettes, 16 bits", () => {
  for (const { name, file, width, height, channels, pixels } of golden.files) {
    const picture = decode(decodeBase64(file));
    assertEquals([picture.width, picture.height, picture.channels], [width, height, channels], name);
    const expected = decodeBase64(pixels);
    const off = Math.max(...expected.map((value, i) => Math.abs(value - picture.data[i])));
    assert(off <= (name.endsWith(".jpg") ? JPEG_TOLERANCE : 0), `${name} is off by ${off}`);
  }
});

Deno.test("loadDecoder() tells how a picture is to be turned", () => {
  assertEquals(golden.turned.map(({ file }) => decode(decodeBase64(file)).orientation), [1, 2, 3, 4, 5, 6, 7, 8]);
});

Deno.test("loadDecoder() refuses files that are cut short or changed and goes on with the next", () => {
  const whole = decodeBase64(golden.noise);
  for (const length of [whole.length / 2, whole.length - 2]) {
    assertThrows(() => decode(whole.subarray(0, length)), SyntaxError, "is damaged (");
  }
  const png = fileOf("colour.png");
  assertThrows(() => decode(png.subarray(0, png.length / 2)), SyntaxError, "is damaged (png: ");
  assertThrows(() => decode(png.with(png.length / 2, png[png.length / 2] ^ 1)), SyntaxError, "is damaged (png: ");
  const height = whole.findIndex((byte, i) => byte === 0xff && whole[i + 1] === 0xc0) + 6;
  for (const damaged of [whole.with(height, 32), Uint8Array.of(...whole.subarray(0, -99), 0xff, 0xd9)]) {
    assertThrows(() => decode(damaged), SyntaxError, "is damaged (its pixels end early), expected an intact file");
  }
  assertEquals(decode(whole).width, 16);
  assertEquals(decode(png).width, 18);
});

Deno.test("loadDecoder() throws nothing but a SyntaxError, whatever is changed in a file", () => {
  let refused = 0;
  for (const name of ["colour.jpg", "progressive.jpg", "cmyk.jpg", "palette.png", "colour-16.png"]) {
    const file = fileOf(name);
    for (let at = 0; at < file.length; at += 7) {
      try {
        decode(file.with(at, file[at] ^ 0x55));
      } catch (error) {
        assert(error instanceof SyntaxError, `${name}, byte ${at}: ${error}`);
        refused++;
      }
    }
  }
  assert(refused > 100, `${refused} refused`);
});

Deno.test("loadDecoder() refuses pictures too large for the memory before it decodes them", () => {
  const jpeg = fileOf("colour.jpg");
  const size = jpeg.findIndex((byte, i) => byte === 0xff && jpeg[i + 1] === 0xc0) + 5;
  const huge = new Uint8Array(jpeg);
  huge.fill(0xff, size, size + 4);
  assertThrows(() => decode(huge), SyntaxError, "is 65535x65535 pixels, expected at most 100 million");
  const png = fileOf("colour.png");
  png.fill(0x7f, 16, 24);
  assertThrows(() => decode(png), SyntaxError, "is 2139062143x2139062143 pixels, expected at most 100 million");
  png.fill(0, 16, 24);
  assertThrows(() => decode(png), SyntaxError, "is 0x0 pixels, expected at least 1x1");
});
