import { assertEquals, assertThrows } from "@std/assert";
import { crc32 } from "../../core/crc32.ts";
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from "../../core/safetensors.ts";

const TENSORS: Record<string, StoredTensor> = {
  "generator/w": { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, NaN, Infinity, -0) },
  "step": { shape: [1], data: Uint32Array.of(4294967295) },
  "0": { shape: [], data: Float32Array.of(7) },
  "empty": { shape: [0, 4], data: new Float32Array(0) },
};

function fileOf(tensors = TENSORS, metadata: Record<string, string> = { "1": "x", options: '{"a":1}' }) {
  const pieces = encodeSafetensors({ tensors, metadata });
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) at = (bytes.set(piece, at), at + piece.length);
  return bytes;
}

/** A file with this header and as many zero bytes of data. */
function fileWith(header: unknown, size: number): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

Deno.test("crc32() continues from the checksum of what came before", () => {
  const bytes = new TextEncoder().encode("123456789");
  assertEquals(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4))), 0xCBF43926);
});

Deno.test("decodeSafetensors() gives back what encodeSafetensors() was given, wherever it lies in memory", () => {
  const bytes = fileOf();
  for (const shift of [0, 1]) {
    const moved = new Uint8Array(bytes.length + shift).subarray(shift);
    moved.set(bytes);
    const { tensors, metadata } = decodeSafetensors(moved);
    assertEquals(tensors, TENSORS);
    assertEquals([metadata.options, metadata["1"]], ['{"a":1}', "x"]);
  }
});

Deno.test("decodeSafetensors() notices every changed bit and every cut", () => {
  const bytes = fileOf();
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    let same = false;
    try {
      // The name of the checksum itself is not covered: who needs it must ask for it.
      same = decodeSafetensors(changed).metadata.crc32 !== undefined;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    assertEquals(same, false, `bit ${bit}`);
  }
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decodeSafetensors(bytes.slice(0, length)), SyntaxError, "Cannot read safetensors: found");
  }
});

Deno.test("decodeSafetensors() reads files of others, without a checksum", () => {
  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  assertEquals(decodeSafetensors(fileWith({ w: entry }, 8)), {
    tensors: { w: { shape: [2], data: new Float32Array(2) } },
    metadata: {},
  });
});

Deno.test("decodeSafetensors() says what is wrong with a header", () => {
  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const cases: [header: unknown, size: number, message: string][] = [
    ["[]", 0, "a header that is no JSON object"],
    ["{", 0, "a header that is no JSON text"],
    [{ w: 1 }, 8, "found no type, shape and place of w"],
    [{ w: { ...entry, dtype: "F16" } }, 8, 'found w of type "F16", expected F32 or U32'],
    [{ w: { ...entry, shape: [-2] } }, 8, "found w of shape [-2]"],
    [{ w: { ...entry, data_offsets: [0] } }, 8, "found w at [0]"],
    [{ w: { ...entry, data_offsets: [0, 4] } }, 8, "found 4 bytes of w, expected 8 for [2]"],
    [{ w: { ...entry, data_offsets: [4, 12] } }, 12, "found data of w at byte 4, expected them at 0"],
    [{ w: entry, v: entry }, 8, "found data of v at byte 0, expected them at 8"],
    [{ w: entry }, 12, "found 12 bytes of data, expected 8"],
    [{ w: entry }, 4, "found 4 bytes of data, expected 8 (the file was cut short)"],
    [{ w: entry, __metadata__: { a: 1 } }, 8, "found metadata that are no texts"],
  ];
  for (const [header, size, message] of cases) {
    assertThrows(() => decodeSafetensors(fileWith(header, size)), SyntaxError, message);
  }
});

Deno.test("encodeSafetensors() refuses a shape that does not fit its data", () => {
  assertThrows(() => fileOf({ w: { shape: [3], data: new Float32Array(2) } }), RangeError, "Cannot store w: 2 numbers");
});

Deno.test("decodeSafetensors() leaves out tensors of other types where f32 alone is wanted, and refuses them elsewhere", () => {
  const header = {
    "bn.num_batches_tracked": { dtype: "I64", shape: [], data_offsets: [0, 8] },
    "fc.bias": { dtype: "F32", shape: [2], data_offsets: [8, 16] },
  };
  const bytes = fileWith(header, 16);
  assertEquals(Object.keys(decodeSafetensors(bytes, { onlyF32: true }).tensors), ["fc.bias"]);
  assertThrows(() => decodeSafetensors(bytes), SyntaxError, 'of type "I64", expected F32 or U32');
  const short = fileWith(
    { ...header, "bn.num_batches_tracked": { dtype: "I64", shape: [], data_offsets: [0, 4] } },
    16,
  );
  assertThrows(() => decodeSafetensors(short, { onlyF32: true }), SyntaxError, "4 bytes of bn.num_batches_tracked");
});
