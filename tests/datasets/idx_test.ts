import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { decodeIdx, encodeIdx, type IdxArray, type IdxType, readIdx } from "../../datasets/idx.ts";

const LABELS: IdxArray = { shape: [3], type: "uint8", data: new Uint8Array([7, 2, 1]) };
// Written by hand from the format's definition.
const LABELS_FILE = new Uint8Array([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]);

function refusal(bytes: ArrayLike<number>): string {
  return assertThrows(() => decodeIdx(new Uint8Array(bytes), "data/labels"), SyntaxError).message;
}

/** Arrays of up to 3 axes of up to 4, of the given type, with elements from `element`. */
function arrays<A extends IdxArray["data"]>(
  type: IdxType,
  from: (numbers: number[]) => A,
  element: fc.Arbitrary<number>,
): fc.Arbitrary<IdxArray> {
  return fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
    const length = shape.reduce((size, length) => size * length, 1);
    return fc.array(element, { minLength: length, maxLength: length })
      .map((numbers) => ({ shape, type, data: from(numbers) }));
  });
}

Deno.test("decodeIdx() reads the bytes of the format's definition, plain and in gzip", () => {
  assertEquals(decodeIdx(LABELS_FILE, "labels"), LABELS);
  assertEquals(decodeIdx(gzipSync(LABELS_FILE), "labels"), LABELS);
});

Deno.test("decodeIdx() reads big-endian elements wider than a byte", () => {
  const file = new Uint8Array([0, 0, 0x0b, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0x01, 0x02, 0xff, 0xfe]);
  assertEquals(decodeIdx(file, "numbers"), { shape: [1, 2], type: "int16", data: new Int16Array([258, -2]) });
});

Deno.test("decodeIdx() gives back what encodeIdx() wrote, for every type and shape, plain and in gzip", () => {
  const array = fc.oneof(
    arrays("uint8", (numbers) => new Uint8Array(numbers), fc.integer({ min: 0, max: 255 })),
    arrays("int8", (numbers) => new Int8Array(numbers), fc.integer({ min: -128, max: 127 })),
    arrays("int16", (numbers) => new Int16Array(numbers), fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })),
    arrays("int32", (numbers) => new Int32Array(numbers), fc.integer()),
    arrays("float32", (numbers) => new Float32Array(numbers), fc.float()),
    arrays("float64", (numbers) => new Float64Array(numbers), fc.double()),
  );
  fc.assert(fc.property(array, fc.boolean(), (array, packed) => {
    const file = encodeIdx(array);
    assertEquals(decodeIdx(packed ? gzipSync(file) : file, "array"), array);
  }));
});

Deno.test("decodeIdx() throws nothing but a SyntaxError, whatever the bytes", () => {
  const start = fc.constantFrom([], [0, 0], [0, 0, 8], [0, 0, 8, 1], [0, 0, 13, 2, 0, 0, 0, 1], [0x1f, 0x8b, 8]);
  fc.assert(fc.property(start, fc.uint8Array(), (start, rest) => {
    try {
      decodeIdx(new Uint8Array([...start, ...rest]), "noise");
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }));
});

Deno.test("decodeIdx() names the file and both sizes when it is truncated or too long", () => {
  assertEquals(
    refusal(LABELS_FILE.subarray(0, 10)),
    "Cannot read data/labels: found 10 bytes, expected 11 for uint8 [3]",
  );
  assertEquals(
    refusal([...LABELS_FILE, 0]),
    "Cannot read data/labels: found 12 bytes, expected 11 for uint8 [3]",
  );
  assertEquals(
    refusal(gzipSync(LABELS_FILE.subarray(0, 9))),
    "Cannot read data/labels: found 9 bytes after unpacking, expected 11 for uint8 [3]",
  );
});

Deno.test("decodeIdx() refuses a header that ends early", () => {
  assertEquals(
    refusal([0, 0, 8, 3, 0, 0]),
    "Cannot read data/labels: found 6 bytes, expected at least the 16 of an IDX header of rank 3",
  );
  assertStringIncludes(refusal([0, 0, 8]), "found 3 bytes that start with 0, 0, 8, expected an IDX file");
});

Deno.test("decodeIdx() says what a foreign file is", () => {
  const text = (text: string) => new TextEncoder().encode(text);
  assertStringIncludes(refusal([]), "found an empty file, expected an IDX file");
  assertStringIncludes(refusal(text("\n<!DOCTYPE html><title>404</title>")), "found an HTML page");
  assertStringIncludes(refusal(text("version https://git-lfs.github.com/spec/v1")), "found a Git LFS pointer");
  assertStringIncludes(refusal([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), "found a PNG image");
  assertStringIncludes(refusal([0x50, 0x4b, 3, 4, 0]), "found a ZIP archive");
  assertStringIncludes(refusal(gzipSync(gzipSync(LABELS_FILE))), "found a gzip stream");
  assertStringIncludes(refusal([1, 2, 3, 4, 5]), "found 5 bytes that start with 1, 2, 3, 4");
});

Deno.test("decodeIdx() lists the type codes when it meets another", () => {
  assertEquals(
    refusal([0, 0, 10, 1, 0, 0, 0, 0]),
    "Cannot read data/labels: found IDX type code 10, expected 8 (uint8), 9 (int8), 11 (int16), 12 (int32), " +
      "13 (float32), 14 (float64)",
  );
});

Deno.test("decodeIdx() refuses gzip that is cut short, damaged or followed by more", () => {
  const packed = gzipSync(LABELS_FILE);
  const damaged = Uint8Array.from(packed, (byte, i) => i === packed.length - 6 ? byte ^ 1 : byte);
  for (const bytes of [packed.subarray(0, 15), damaged, [...packed, 1, 2, 3]]) {
    assertStringIncludes(refusal(bytes), "Cannot unpack data/labels: found ");
  }
});

Deno.test("encodeIdx() refuses data that do not fill the shape or fit the type", () => {
  assertThrows(
    () => encodeIdx({ ...LABELS, shape: [4] }),
    RangeError,
    "Cannot encode 3 elements of a Uint8Array: expected 4 of a Uint8Array for uint8 [4]",
  );
  assertThrows(() => encodeIdx({ ...LABELS, type: "int8" }), RangeError, "expected 3 of a Int8Array for int8 [3]");
});

Deno.test("readIdx() reads a file and names it when it is not IDX", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${folder}/labels`, LABELS_FILE);
    assertEquals(await readIdx(`${folder}/labels`), LABELS);
    await Deno.writeTextFile(`${folder}/page`, "<html>");
    await assertRejects(
      () => readIdx(`${folder}/none`),
      Deno.errors.NotFound,
      `Cannot read ${folder}/none: no such file or directory, expected a readable file`,
    );
    await assertRejects(() => readIdx(`${folder}/page`), SyntaxError, `Cannot read ${folder}/page: found an HTML page`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
