/** Which trainings a comparison has. */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ALL_METHODS, cellsOf, methodsOf, type SharedRequest } from "../../../core/compare/request.ts";

const CONTEXT = { traits: { software: true }, count: 1000, image: [1, 1, 2] as const };
const SHARED = { dataset: "ring8", iterations: 100, objective: "dragan" };

Deno.test("methodsOf() knows all, lists and the nearest name", () => {
  assertEquals(methodsOf("all"), ALL_METHODS);
  assertEquals([...ALL_METHODS].sort(), ["deligan", "dmwgan-pl", "gan", "hmog", "madgan", "megan", "mgan", "mog"]);
  assertEquals(methodsOf(" mog,gan , mog"), ["mog", "gan"]);
  assertEquals(methodsOf("dcgan,gan,mog"), ["dcgan", "mog"]); // one method
  assertThrows(() => methodsOf("hmog,magdan"), RangeError, "the nearest is madgan");
  assertThrows(() => methodsOf(""), RangeError, "expected one of");
});

Deno.test("cellsOf() has every method with the first seed before the second", () => {
  const cells = cellsOf({ methods: ["gan", "hmog"], seeds: 2, shared: SHARED }, CONTEXT);
  assertEquals(cells.map(({ method, seed }) => [method, seed]), [["gan", 0], ["hmog", 0], ["gan", 1], ["hmog", 1]]);
  const options = cells.map((cell) => "options" in cell ? cell.options : null);
  assertEquals(options.map((o) => [o?.method, o?.seed, o?.iterations, o?.saveEvery, o?.preset]), [
    ["gan", 0, 100, 100, "toy"],
    ["hmog", 0, 100, 100, "toy"],
    ["gan", 1, 100, 100, "toy"],
    ["hmog", 1, 100, 100, "toy"],
  ]);
});

Deno.test("cellsOf() says why a method does not go with the objective, and goes on with the others", () => {
  const [madgan, gan] = cellsOf(
    { methods: ["madgan", "gan"], seeds: 1, shared: { ...SHARED, objective: "wgan" } },
    CONTEXT,
  );
  assertMatch(
    "refused" in madgan ? madgan.refused : "",
    /^Cannot train madgan with wgan: .*expected --objective minimax/,
  );
  assertEquals("options" in gan, true);
});

Deno.test("cellsOf() gives no method an objective of its own where none is asked for", () => {
  const { objective: _, ...shared } = SHARED;
  const request = { methods: ALL_METHODS, seeds: 1, shared };
  const refused = (image: readonly [number, number, number]) =>
    cellsOf(request, { ...CONTEXT, image }).flatMap((cell) => "refused" in cell ? cell.refused.split(":")[0] : []);
  assertEquals(refused([32, 32, 1]), ["Cannot train madgan with wgan-gp"]);
  assertEquals(refused([1, 1, 2]), []);
});

Deno.test("cellsOf() lets the one generator of gan ignore a depth, but none that is out of range", () => {
  const request = (depth: number) => ({ methods: ["gan"] as const, seeds: 1, shared: { dataset: "ring8", depth } });
  const [cell] = cellsOf(request(10), CONTEXT);
  assertEquals("options" in cell && cell.options.method, "gan");
  assertThrows(() => cellsOf(request(99), CONTEXT), RangeError, "Cannot build a single generator of depth 99");
});

Deno.test("cellsOf() leaves out methods without a tree where leaves are localized or grown, none for a gate temperature", () => {
  const refusals = (shared: Partial<SharedRequest>) =>
    cellsOf({ methods: ALL_METHODS, seeds: 1, shared: { ...SHARED, ...shared } }, CONTEXT)
      .flatMap((cell) => "refused" in cell ? [[cell.method, cell.refused.split(":")[0]]] : []);
  const others = ALL_METHODS.filter((method) => method !== "hmog");
  assertEquals(refusals({ localize: true }), others.map((method) => [method, `Cannot localize ${method}`]));
  assertEquals(refusals({ grow: true }), others.map((method) => [method, `Cannot grow ${method}`]));
  assertEquals(refusals({ gateTemperature: [1, 0.5] }), []);
});

Deno.test("cellsOf() refuses numbers of seeds that make no sense, and what nothing can be trained with", () => {
  for (const seeds of [0, -1, 1.5, NaN, 1001]) {
    assertThrows(
      () => cellsOf({ methods: ["gan"], seeds, shared: SHARED }, CONTEXT),
      RangeError,
      `Cannot compare with ${seeds} seeds: expected a whole number from 1 to 1000`,
    );
  }
  const shared = { ...SHARED, objective: "drgan" };
  assertThrows(() => cellsOf({ methods: ["gan", "hmog"], seeds: 2, shared }, CONTEXT), RangeError, "nearest is dragan");
});
