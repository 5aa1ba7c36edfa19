import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeBase64 } from "./base64.ts";
import { matVariable } from "../../datasets/matlab.ts";
import golden from "../golden/matlab.json" with { type: "json" };

const PLAIN = decodeBase64(golden.plain);
const COMPRESSED = decodeBase64(golden.compressed);

Deno.test("matVariable() reads what SciPy wrote, plain and compressed, column by column", () => {
  for (const bytes of [PLAIN, COMPRESSED]) {
    for (const [name, { shape, data }] of Object.entries(golden.variables)) {
      assertEquals(matVariable(bytes, name, "some.mat"), { shape, data: Float64Array.from(data) }, name);
    }
  }
});

Deno.test("matVariable() names the variables there are, and the kind of one that holds no real numbers", () => {
  const refusal = (variable: string) =>
    assertThrows(() => matVariable(COMPRESSED, variable, "some.mat"), SyntaxError).message;
  assertEquals(
    refusal("label"),
    "Cannot read some.mat: found ids, labels, table, bytes, halves, words, turning, expected label",
  );
  assertEquals(refusal("words"), "Cannot read words of some.mat: found class char, expected real numbers");
  assertEquals(refusal("turning"), "Cannot read turning of some.mat: found complex numbers, expected real numbers");
});

Deno.test("matVariable() refuses other files and damaged ones with a SyntaxError, whatever the damage", () => {
  const page = new TextEncoder().encode(`<html>${" ".repeat(200)}</html>`);
  assertThrows(
    () => matVariable(page, "labels", "some.mat"),
    SyntaxError,
    "found an HTML page, expected a MATLAB file",
  );
  assertThrows(() => matVariable(PLAIN.subarray(0, 60), "labels", "some.mat"), SyntaxError, "expected a MATLAB file");
  let refused = 0;
  for (const bytes of [PLAIN, COMPRESSED]) {
    for (let at = 128; at < bytes.length; at++) {
      for (const damaged of [bytes.with(at, bytes[at] ^ 0xa5), bytes.subarray(0, at)]) {
        try {
          matVariable(damaged, "turning", "some.mat"); // the last one: all the others are passed over before it
        } catch (error) {
          assert(error instanceof SyntaxError, `byte ${at}: ${error}`);
          refused++;
        }
      }
    }
  }
  assert(refused > 100);
});
