/** Memory plans of random lifetimes; no GPU. */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import fc from "fast-check";
import { largestLiveSet, type Lifetime, planMemory } from "../../../core/compile/memory.ts";

const STEPS = 12;

const lifetimes: fc.Arbitrary<Lifetime<number>[]> = fc.array(
  fc.record({ size: fc.integer({ min: 1, max: 100 }), from: fc.nat(STEPS), steps: fc.nat(STEPS) }),
  { maxLength: 30 },
).map((list) => list.map(({ size, from, steps }, key) => ({ key, size, from, to: from + steps })));

const overlap = (a: Lifetime<number>, b: Lifetime<number>) => a.from <= b.to && b.from <= a.to;

/** Sum of the sizes of what is alive, at the step where it is largest. */
function liveAtOnce(values: readonly Lifetime<number>[]): number {
  const liveAt = (step: number) =>
    values.filter(({ from, to }) => from <= step && step <= to).reduce((sum, { size }) => sum + size, 0);
  return Math.max(...Array.from({ length: 2 * STEPS + 1 }, (_, step) => liveAt(step)));
}

Deno.test("planMemory() gives every value a slot that is large enough and no other value alive is in", () => {
  fc.assert(fc.property(lifetimes, (values) => {
    const { slotOf, slots } = planMemory(values);
    assertEquals(slotOf.size, values.length);
    for (const a of values) {
      assertGreaterOrEqual(slots[slotOf.get(a.key)!], a.size);
      for (const b of values) {
        assert(a === b || !overlap(a, b) || slotOf.get(a.key) !== slotOf.get(b.key), `${a.key} and ${b.key} meet`);
      }
    }
  }));
});

Deno.test("planMemory() makes slots that hold the largest live set, and none in vain", () => {
  fc.assert(fc.property(lifetimes, (values) => {
    const plan = planMemory(values);
    assertEquals(largestLiveSet(values), liveAtOnce(values));
    assertGreaterOrEqual(plan.slots.reduce((a, b) => a + b, 0), largestLiveSet(values));
    plan.slots.forEach((size, slot) => {
      const inside = values.filter(({ key }) => plan.slotOf.get(key) === slot);
      assertEquals(size, Math.max(...inside.map((value) => value.size)));
    });
  }));
});

Deno.test("planMemory() places the largest value first, and others in the smallest slot that is free", () => {
  const values = [
    { key: "large", size: 8, from: 0, to: 0 },
    { key: "small", size: 4, from: 0, to: 0 },
    { key: "fits", size: 3, from: 1, to: 1 },
    { key: "largest", size: 9, from: 2, to: 2 },
    { key: "between", size: 5, from: 1, to: 2 },
  ];
  const { slotOf, slots } = planMemory(values);
  assertEquals([...slotOf], [["largest", 0], ["large", 0], ["between", 1], ["small", 1], ["fits", 0]]);
  assertEquals(slots, [9, 5]);
});
