import { assertEquals, assertThrows } from "@std/assert";
import { decode, decodeApng } from "fast-png";
import type { Picture } from "../../../core/png.ts";
import { apngOf } from "../../../server/formats/apng.ts";
import { pngOf } from "../../../server/formats/png.ts";

/** A picture in one colour. */
function plain(width: number, height: number, byte: number): Picture {
  return { width, height, channels: 3, data: new Uint8Array(width * height * 3).fill(byte) };
}

/** Types and bodies of the chunks of a file. */
function chunksOf(file: Uint8Array): [type: string, body: Uint8Array][] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const chunks: [string, Uint8Array][] = [];
  for (let at = 8; at < file.length;) {
    const length = view.getUint32(at);
    chunks.push([new TextDecoder().decode(file.subarray(at + 4, at + 8)), file.subarray(at + 8, at + 8 + length)]);
    at += length + 12;
  }
  return chunks;
}

Deno.test("apngOf() writes pictures that another decoder plays in order, 100 ms each, without end", () => {
  const pictures = [10, 120, 250].map((byte) => plain(6, 4, byte));
  const { width, height, frames, numberOfFrames, numberOfPlays } = decodeApng(apngOf(pictures), { checkCrc: true });
  assertEquals([width, height, numberOfFrames, numberOfPlays, frames.length], [6, 4, 3, 0, 3]);
  frames.forEach(({ data, delayNumber, delayDenominator }, i) => {
    assertEquals(new Uint8Array(data), pictures[i].data);
    assertEquals(delayNumber / delayDenominator, 0.1);
  });
});

Deno.test("apngOf() numbers its chunks without a gap: the animation, then control before data of every picture", () => {
  const chunks = chunksOf(apngOf([1, 2, 3].map((byte) => plain(2, 2, byte))));
  assertEquals(chunks.map(([type]) => type).join(" "), "IHDR acTL fcTL IDAT fcTL fdAT fcTL fdAT IEND");
  const numbered = chunks.filter(([type]) => type === "fcTL" || type === "fdAT");
  assertEquals(numbered.map(([, body]) => new DataView(body.slice().buffer).getUint32(0)), [0, 1, 2, 3, 4]);
});

Deno.test("apngOf() shows the first picture to readers that know no animation", () => {
  const first = plain(3, 5, 77);
  assertEquals(new Uint8Array(decode(apngOf([first, plain(3, 5, 9)])).data), first.data);
  assertEquals(decode(apngOf([first])).data, decode(pngOf(first)).data);
});

Deno.test("apngOf() refuses no pictures, and pictures of several sizes", () => {
  assertThrows(() => apngOf([]), RangeError, "Cannot animate 0 pictures: expected at least 1");
  assertThrows(
    () => apngOf([plain(2, 2, 0), plain(2, 3, 0)]),
    RangeError,
    "Cannot animate picture 1 of 2x3x3: expected 2x2x3, as the first has",
  );
});
