import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { checkSchedule, type Schedule, scheduled, valueAt } from "../../core/models/schedule.ts";
import { mul, type Operand } from "../../core/ops/elementwise.ts";
import { constant } from "../../core/ops/source.ts";
import { evaluate64 } from "../reference/interpreter.ts";
import { onGpu } from "./golden.ts";

const FALLING: Schedule = { from: 1, to: 0.2, over: 300 };
const F32_TOLERANCE = 1e-6; // relative: exp of numbers below 2

const value = (x: Operand) => evaluate64(mul(x, 1))[0];

Deno.test("valueAt() begins and ends as it says, by equal factors, and stays there", () => {
  assertEquals([valueAt(FALLING, 0), valueAt(FALLING, 300), valueAt(FALLING, 9000)], [1, 0.2, 0.2]);
  assertAlmostEquals(valueAt(FALLING, 200) / valueAt(FALLING, 100), valueAt(FALLING, 100), 1e-12);
  assertAlmostEquals(valueAt({ from: 0.5, to: 2, over: 4 }, 2), 1, 1e-12);
});

Deno.test("scheduled() on the GPU is valueAt() on the host", async () => {
  const times = [0, 1, 77, 150, 299, 300, 301, 100000];
  const onDevice = scheduled(FALLING, constant(times)) as Exclude<Operand, number>;
  const [found] = await onGpu([onDevice]);
  const exact = evaluate64(onDevice);
  times.forEach((t, i) => {
    const expected = valueAt(FALLING, t);
    assertAlmostEquals(exact[i], expected, 1e-7);
    assertAlmostEquals(found[i], expected, F32_TOLERANCE * expected);
  });
});

Deno.test("scheduled() of a constant is that number: no kernel, and nothing is divided by 1", () => {
  assertEquals(scheduled({ from: 1, to: 1, over: 10 }, constant([5])), 1);
  assertEquals(value(scheduled({ from: 0.5, to: 0.5, over: 10 }, constant([5]))), 0.5);
});

Deno.test("checkSchedule() refuses values that are not above 0, and changes without a length", () => {
  const refused: Schedule[] = [
    { from: 0, to: 1, over: 10 },
    { from: 1, to: -1, over: 10 },
    { from: NaN, to: 1, over: 10 },
    { from: 1, to: Infinity, over: 10 },
    { from: 1, to: 0.5, over: 0 },
    { from: 1, to: 0.5, over: 2.5 },
  ];
  for (const schedule of refused) {
    const { from, to, over } = schedule;
    assertThrows(
      () => checkSchedule("gate temperature", schedule),
      RangeError,
      `Cannot use a gate temperature from ${from} to ${to} over ${over} iterations: expected numbers above 0`,
    );
  }
  checkSchedule("gate temperature", { from: 1, to: 1, over: 2.5 }); // has no length
});
