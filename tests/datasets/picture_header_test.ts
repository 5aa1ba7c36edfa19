import { assertEquals, assertThrows } from "@std/assert";
import { decodeBase64 } from "./base64.ts";
import { pictureHeader } from "../../datasets/picture_header.ts";
import golden from "../golden/pictures.json" with { type: "json" };

/** The start of a frame of 9x5 pixels in three components. */
const frame = (marker: number, bits = 8): number[] => [0xff, marker, 0, 17, bits, 0, 5, 0, 9, 3];

Deno.test("pictureHeader() knows format and size of every picture", () => {
  for (const { name, file, width, height } of golden.files) {
    const format = name.endsWith(".jpg") ? "jpeg" : "png";
    const unmarkedInks = name === "cmyk-unmarked.jpg";
    assertEquals(pictureHeader(decodeBase64(file)), { format, width, height, orientation: 1, unmarkedInks }, name);
  }
});

Deno.test("pictureHeader() reads the orientation in either byte order and length, and passes over one that is none", () => {
  const exif = (order: "II" | "MM", orientation: number, bits: 16 | 32 = 16) => {
    const bytes = new Uint8Array(4 + 6 + 8 + 2 + 12);
    const view = new DataView(bytes.buffer);
    const little = order === "II";
    bytes.set([0xff, 0xe1, 0, bytes.length - 2]);
    bytes.set(new TextEncoder().encode(`Exif\0\0${order}`), 4);
    view.setUint16(12, 42, little);
    view.setUint32(14, 8, little); // the directory follows at once
    view.setUint16(18, 1, little);
    view.setUint16(20, 0x0112, little);
    view.setUint16(22, bits === 16 ? 3 : 4, little);
    view.setUint32(24, 1, little);
    view[`setUint${bits}`](28, orientation, little);
    return Uint8Array.of(0xff, 0xd8, ...bytes, ...frame(0xc0));
  };
  for (const order of ["II", "MM"] as const) {
    const header = pictureHeader(exif(order, 6));
    assertEquals(header, { format: "jpeg", width: 9, height: 5, orientation: 6, unmarkedInks: false }, order);
    assertEquals(pictureHeader(exif(order, 6, 32)).orientation, 6, order);
    assertEquals(pictureHeader(exif(order, 9)).orientation, 1);
  }
});

Deno.test("pictureHeader() reads the orientation of a PNG file wherever it is, and passes over one cut short", () => {
  const [{ file }] = golden.oblong.filter(({ name }) => name.endsWith("6"));
  const png = decodeBase64(file);
  const start = png.findIndex((_, i) => new TextDecoder().decode(png.subarray(i, i + 4)) === "eXIf") - 4;
  const end = start + 12 + new DataView(png.buffer).getUint32(start);
  const moved = Uint8Array.of(...png.subarray(0, start), ...png.subarray(end), ...png.subarray(start, end));
  assertEquals(pictureHeader(png).orientation, 6);
  assertEquals(pictureHeader(moved).orientation, 6);
  for (let length = 24; length < end - 4; length++) {
    assertEquals(pictureHeader(png.subarray(0, length)).orientation, 1, `${length} bytes`);
  }
});

Deno.test("pictureHeader() names kinds of JPEG that are not decoded", () => {
  const refusal = (marker: number, bits = 8) =>
    assertThrows(() => pictureHeader(Uint8Array.of(0xff, 0xd8, ...frame(marker, bits))), SyntaxError).message;
  const end = ", expected a baseline or progressive one of 8 bits (convert it)";
  for (const marker of [0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]) {
    assertEquals(refusal(marker), `is a JPEG with arithmetic coding${end}`);
  }
  for (const marker of [0xc5, 0xc6, 0xc7]) assertEquals(refusal(marker), `is a hierarchical JPEG${end}`);
  assertEquals(refusal(0xc3), `is a lossless JPEG${end}`);
  for (const marker of [0xc1, 0xc2]) assertEquals(refusal(marker, 12), `is a JPEG of 12 bits${end}`);
});

Deno.test("pictureHeader() says what a file is that is no picture", () => {
  const refusal = (...bytes: number[]) =>
    assertThrows(() => pictureHeader(Uint8Array.from(bytes)), SyntaxError).message;
  assertEquals(refusal(), "is an empty file, expected JPEG or PNG");
  assertEquals(refusal(...new TextEncoder().encode("<html></html>")), "is an HTML page, expected JPEG or PNG");
  assertEquals(refusal(1, 2, 3, 4, 5), "is 5 bytes that start with 1, 2, 3, 4, expected JPEG or PNG");
  assertEquals(refusal(0xff, 0xd8, 0xff), "ends after 3 bytes, expected at least its header");
  assertEquals(refusal(0xff, 0xd8, 0xff, 0xd9), "has no size before its pixels");
  assertEquals(refusal(0xff, 0xd8, 0x00, 0xd9), "has no marker where a JPEG segment starts");
});
