import { assertEquals, assertThrows } from "@std/assert";
import { decodeNpy, encodeNpy } from "../../core/npy.ts";
import golden from "../golden/npy.json" with { type: "json" };

const fileOf = (name: keyof typeof golden.files) =>
  Uint8Array.from(golden.files[name].match(/../g)!, (byte) => parseInt(byte, 16));

const F32 = { shape: [1, 3], data: Float32Array.of(1.5, -2, 0.25) };
const U8 = { shape: [2, 2, 2, 1], data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7) };

Deno.test("decodeNpy() reads what NumPy writes, of all three versions", () => {
  for (const name of ["f32", "version2", "version3"] as const) assertEquals(decodeNpy(fileOf(name)), F32, name);
  assertEquals(decodeNpy(fileOf("u8")), U8);
  assertEquals(decodeNpy(fileOf("vector")), { shape: [1], data: Float32Array.of(7) });
  assertEquals(decodeNpy(fileOf("scalar")), { shape: [], data: Float32Array.of(3) });
});

Deno.test("encodeNpy() writes what NumPy writes, byte by byte", () => {
  assertEquals(encodeNpy(F32), fileOf("f32"));
  assertEquals(encodeNpy(U8), fileOf("u8"));
  assertEquals(encodeNpy({ shape: [1], data: Float32Array.of(7) }), fileOf("vector"));
  assertThrows(() => encodeNpy({ shape: [2], data: new Float32Array(3) }), RangeError, "Cannot store 3 numbers as [2]");
});

Deno.test("decodeNpy() says what it cannot read", () => {
  assertThrows(() => decodeNpy(fileOf("f64")), SyntaxError, "type <f8, expected float32");
  assertThrows(() => decodeNpy(fileOf("big")), SyntaxError, "type >f4");
  assertThrows(() => decodeNpy(fileOf("fortran")), SyntaxError, "Fortran order");
  assertThrows(() => decodeNpy(new TextEncoder().encode("a text")), SyntaxError, `begins with "a text"`);
  const whole = fileOf("f32");
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => decodeNpy(whole.slice(0, length)), SyntaxError, "Cannot read NumPy file");
  }
});
