import { assertEquals, assertThrows } from "@std/assert";
import { decodeBase64 } from "./base64.ts";
import { pictureHeader } from "../../datasets/picture_header.ts";
import golden from "../golden/pictures.json" with { type: "json" };

Deno.test("pictureHeader() knows format and size of every picture", () => {
  for (const { name, file, width, height } of golden.files) {
    const format = name.endsWith(".jpg") ? "jpeg" : "png";
    assertEquals(pictureHeader(decodeBase64(file)), { format, width, height, orientation: 1 }, name);
  }
});

Deno.test("pictureHeader() reads the orientation in either byte order, and passes over one that is none", () => {
  const exif = (order: "II" | "MM", orientation: number) => {
    const bytes = new Uint8Array(4 + 6 + 8 + 2 + 12);
    const view = new DataView(bytes.buffer);
    const little = order === "II";
    bytes.set([0xff, 0xe1, 0, bytes.length - 2]);
    bytes.set(new TextEncoder().encode(`Exif\0\0${order}`), 4);
    view.setUint16(12, 42, little);
    view.setUint32(14, 8, little); // the directory follows at once
    view.setUint16(18, 1, little);
    view.setUint16(20, 0x0112, little);
    view.setUint16(22, 3, little);
    view.setUint32(24, 1, little);
    view.setUint16(28, orientation, little);
    const frame = [0xff, 0xc0, 0, 17, 8, 0, 5, 0, 9];
    return Uint8Array.of(0xff, 0xd8, ...bytes, ...frame);
  };
  for (const order of ["II", "MM"] as const) {
    const header = pictureHeader(exif(order, 6));
    assertEquals(header, { format: "jpeg", width: 9, height: 5, orientation: 6 }, order);
    assertEquals(pictureHeader(exif(order, 9)).orientation, 1);
  }
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
