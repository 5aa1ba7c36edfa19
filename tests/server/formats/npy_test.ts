import { assertEquals, assertThrows } from "@std/assert";
import { npyOf } from "../../../server/formats/npy.ts";

/**
 * What NumPy 2.4.6 writes:
 * `np.save(file, (np.arange(4, dtype=np.float32) / 4 - 0.5).reshape(2, 1, 1, 2))`, and of 3 numbers as they are.
 */
const NUMPY = {
  images: "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDEsIDEsIDIp" +
    "LCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAC/AACAvgAAAAAAAIA+",
  vector: "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAg" +
    "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAC/AACAvgAAAAA=",
};

Deno.test("npyOf() writes the bytes that NumPy writes", () => {
  assertEquals(npyOf(Float32Array.of(-0.5, -0.25, 0, 0.25), [2, 1, 1, 2]), Uint8Array.fromBase64(NUMPY.images));
  assertEquals(npyOf(Float32Array.of(-0.5, -0.25, 0), [3]), Uint8Array.fromBase64(NUMPY.vector));
});

Deno.test("npyOf() refuses a shape that asks for other numbers", () => {
  assertThrows(() => npyOf(new Float32Array(3), [2, 2]), RangeError, "Cannot write 3 numbers as [2,2]");
});
