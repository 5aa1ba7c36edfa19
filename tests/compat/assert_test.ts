import * as std from "@std/assert";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";

/** Holds for the arguments of `good`, throws an AssertionError for those of `bad`. */
function judges(name: string, check: (...args: never[]) => unknown, good: unknown[][], bad: unknown[][]): void {
  Deno.test(`${name}() passes what holds and throws for what does not`, () => {
    for (const args of good) check(...args as never[]);
    for (const args of bad) {
      assertThrows(() => check(...args as never[]), std.AssertionError, "", Deno.inspect(args));
    }
  });
}

class Custom extends TypeError {}

judges("assert", std.assert, [[true], [1], ["a"]], [[false], [0], [""], [undefined]]);
judges("fail", std.fail, [], [[], ["reason"]]);
judges(
  "assertEquals",
  std.assertEquals,
  [
    [1, 1],
    [NaN, NaN],
    [0, -0],
    [[1, { a: [2] }], [1, { a: [2] }]],
    [new Float32Array([1, NaN, -0]), new Float32Array([1, NaN, 0])],
    [{ x: new Uint8Array([1, 2]) }, { x: new Uint8Array([1, 2]) }],
    [new Map([["a", [1]]]), new Map([["a", [1]]])],
    [new Set([1, 2]), new Set([2, 1])],
    [new Date(5), new Date(5)],
    [null, null],
  ],
  [
    [1, 2],
    [1, "1"],
    [[1, 2], [1]],
    [{ a: 1 }, { a: 1, b: 2 }],
    [new Float32Array([1, 2]), new Float32Array([1, 3])],
    [new Float32Array([1]), new Float64Array([1])],
    [new Float32Array([1]), [1]],
    [new Set([1]), new Set([2])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new TypeError("a"), new RangeError("a")],
    [null, undefined],
  ],
);
judges("assertNotEquals", std.assertNotEquals, [[1, 2], [[1], [2]]], [[1, 1], [[1, [2]], [1, [2]]]]);
judges("assertStrictEquals", std.assertStrictEquals, [[1, 1], [NaN, NaN]], [[[1], [1]], [0, -0]]);
judges(
  "assertAlmostEquals",
  std.assertAlmostEquals,
  [[1, 1 + 1e-8], [0.1 + 0.2, 0.3], [1, 1.4, 0.5], [Infinity, Infinity]],
  [[1, 1.001], [1, 2, 0.5], [NaN, 1], [1, NaN], [Infinity, 1]],
);
judges("assertExists", std.assertExists, [[0], [""], [false]], [[null], [undefined]]);
judges("assertGreater", std.assertGreater, [[2, 1]], [[1, 1], [0, 1], [NaN, 1]]);
judges("assertGreaterOrEqual", std.assertGreaterOrEqual, [[2, 1], [1, 1]], [[0, 1], [NaN, 1]]);
judges("assertLess", std.assertLess, [[1, 2]], [[1, 1], [2, 1], [NaN, 1]]);
judges("assertLessOrEqual", std.assertLessOrEqual, [[1, 2], [1, 1]], [[2, 1], [NaN, 1]]);
judges("assertStringIncludes", std.assertStringIncludes, [["hello", "ell"]], [["hello", "z"]]);
judges("assertMatch", std.assertMatch, [["hello", /l+o/]], [["hello", /^o/]]);
judges("assertArrayIncludes", std.assertArrayIncludes, [[[1, [2], 3], [[2]]]], [[[1, 2], [3]]]);
judges(
  "assertInstanceOf",
  std.assertInstanceOf,
  [[new Custom(), TypeError], [[], Array]],
  [[new Error(), TypeError], [null, Error], [1, Number]],
);

Deno.test("assertThrows() returns the error and checks class and message", () => {
  const thrower = () => {
    throw new Custom("Cannot add [2] to [3]");
  };
  const error: Custom = assertThrows(thrower, Custom, "[2] to [3]");
  assertEquals(error.message, "Cannot add [2] to [3]");
  assertThrows(thrower, Error);
  assertThrows(() => assertThrows(thrower, RangeError), std.AssertionError, "RangeError");
  assertThrows(() => assertThrows(thrower, Custom, "[4]"), std.AssertionError, "[4]");
  assertThrows(() => assertThrows(() => 1), std.AssertionError, "throw");
});

Deno.test("assertRejects() returns the error and checks class and message", async () => {
  const rejecter = () => Promise.reject(new Custom("Cannot read"));
  const error: Custom = await assertRejects(rejecter, Custom, "read");
  assertEquals(error.message, "Cannot read");
  await assertRejects(rejecter);
  await assertRejects(() => assertRejects(rejecter, RangeError), std.AssertionError, "RangeError");
  await assertRejects(() => assertRejects(() => Promise.resolve(1)), std.AssertionError, "reject");
  const thrower = () => {
    throw new Error("at once");
  };
  await assertRejects(() => assertRejects(thrower), std.AssertionError, "throws when expected to reject");
});

Deno.test("assertEquals() and assertNotEquals() tell large arrays apart at once", () => {
  const [a, b] = [new Uint8Array(400_000), new Uint8Array(400_000)];
  b[7] = 1;
  const start = performance.now();
  std.assertNotEquals(a, b);
  assertThrows(() => assertEquals(a, b), std.AssertionError, "Values are not equal");
  std.assertLess(performance.now() - start, 2000); // node's own difference takes minutes
});
