import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { toy, TOY_NAMES } from "../../datasets/toys.ts";
import golden from "../golden/toys.json" with { type: "json" };

const COUNT = 10_000;
/** Float32 holds numbers below 1 to 6e-8. */
const ROUNDING = 1e-7;
/** In standard errors; the seeds are fixed, so what holds once holds always. */
const ERRORS = 5;

Deno.test("toy() draws the points of an independent program", () => {
  for (const name of TOY_NAMES) {
    const { images, labels } = toy(name, { split: "test", count: 6, seed: golden.seed });
    assertEquals([...labels], golden.toys[name].labels);
    golden.toys[name].points.forEach((expected, i) =>
      assertAlmostEquals(images[i], expected, ROUNDING, `${name} ${i}`)
    );
  }
});

Deno.test("toy() draws 50,000 points to train and 10,000 to test, well inside [-1, 1], labels equally often", () => {
  for (const name of TOY_NAMES) {
    for (const [split, count] of [["train", 50_000], ["test", 10_000]] as const) {
      const { images, shape, labels, classNames, source, ...set } = toy(name, { split });
      assertEquals([set.name, source, shape, images.length], [
        name,
        "code with seed 0",
        [count, 1, 1, 2],
        2 * count,
      ]);
      assert(images.every((x) => Math.abs(x) < 0.98), `${name} leaves [-0.98, 0.98]`);
      assert(images.some((x) => Math.abs(x) > 0.7), `${name} fills little of [-1, 1]`);
      const share = 1 / classNames.length;
      classNames.forEach((_, label) => {
        const found = labels.filter((other) => other === label).length / count;
        assertAlmostEquals(found, share, ERRORS * Math.sqrt(share * (1 - share) / count), `${name} label ${label}`);
      });
    }
  }
});

Deno.test("toy() depends on split and seed alone", () => {
  for (const name of TOY_NAMES) {
    const set = toy(name, { count: 100 });
    assertEquals(toy(name, { count: 100, split: "train", seed: 0 }), set);
    for (const other of [toy(name, { count: 100, split: "test" }), toy(name, { count: 100, seed: 1 })]) {
      assertNotEquals(other.images, set.images);
      assertNotEquals(other.fingerprint, set.fingerprint);
    }
  }
});

Deno.test("toy() draws ring8 and grid25 around their modes with the deviation it states", () => {
  for (const [name, modes, deviation] of [["ring8", 8, 0.008], ["grid25", 25, 0.01]] as const) {
    const set = toy(name, { count: COUNT });
    assertEquals(set.modes!.centres.length, 2 * modes);
    assertAlmostEquals(set.modes!.deviation, deviation, 1e-12);
    const offsets = set.images.map((x, i) => x - set.modes!.centres[2 * set.labels[i >> 1] + i % 2]);
    const variance = offsets.reduce((sum, x) => sum + x * x, 0) / offsets.length;
    assertAlmostEquals(variance / deviation ** 2, 1, ERRORS * Math.sqrt(2 / offsets.length));
  }
  const { centres } = toy("grid25", { count: 1 }).modes!;
  const corners = [0, 4, 20, 24].flatMap((mode) => [...centres.subarray(2 * mode, 2 * mode + 2)]);
  [-0.8, 0.8, 0.8, 0.8, -0.8, -0.8, 0.8, -0.8].forEach((x, i) => assertAlmostEquals(corners[i], x, ROUNDING));
});

Deno.test("toy() draws swissroll along r = angle, thickened by its noise", () => {
  const { images, labels } = toy("swissroll", { count: COUNT });
  let squares = 0;
  for (let i = 0; i < COUNT; i++) {
    const [x, y] = [18 * images[2 * i], 18 * images[2 * i + 1]];
    const radius = Math.hypot(x, y);
    const turns = Math.round((radius - Math.atan2(y, x)) / (2 * Math.PI));
    const angle = Math.atan2(y, x) + 2 * Math.PI * turns;
    squares += (radius - angle) ** 2;
    const half = (angle / Math.PI - 1.5) - labels[i];
    assert(half > -0.1 && half < 1.1, `a point of half turn ${labels[i]} lies ${half} half turns along it`);
  }
  // Across the roll the noise is 0.25, along it it moves the angle by 0.25/r, r about 10.
  assertAlmostEquals(Math.sqrt(squares / COUNT), 0.25, 0.01);
});

Deno.test("toy() names the modes of mixtures alone", () => {
  assertEquals(TOY_NAMES.filter((name) => toy(name, { count: 1 }).modes !== undefined), ["ring8", "grid25"]);
});

Deno.test("toy() refuses counts and seeds that are none", () => {
  for (const count of [0, 1.5, NaN]) {
    assertThrows(() => toy("ring8", { count }), RangeError, `Cannot draw ${count} points of ring8: expected a whole`);
  }
  assertThrows(() => toy("ring8", { seed: -1 }), RangeError, "Cannot draw with seed -1");
});
