import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { mul } from "../../core/ops/elementwise.ts";
import { randomKey, uniform } from "../../core/ops/random.ts";
import { ones } from "../../core/ops/source.ts";
import type { Shape } from "../../core/shape.ts";
import type { Tensor } from "../../core/tensor.ts";
import {
  augment,
  AUGMENTATION_NAMES,
  type AugmentationName,
  augmentationName,
  checkAugment,
} from "../../core/train/augment.ts";
import { assertGpuAgrees } from "../gpu.ts";
import { gradcheck, Numbers } from "../gradcheck.ts";
import { evaluate64 } from "../reference/interpreter.ts";

const [BATCH, HEIGHT, WIDTH, CHANNELS] = [40, 8, 16, 3];
const SHAPE = [BATCH, HEIGHT, WIDTH, CHANNELS];
const TOLERANCE = 1e-12; // float64
const SIGNIFICANCE = 4; // standard deviations; the seed is fixed, so a true draw never fails by chance

/** Draws as a step has them: each with the next stream. */
function draws(step: number): (shape: Shape) => Tensor {
  let stream = 16;
  return (shape) => uniform(randomKey(5, step), { shape, stream: stream++ });
}

const augmented = (
  images: Tensor,
  names: readonly AugmentationName[],
  { of = "real" as "real" | "fake", step = 0 } = {},
) => augment(images, { names, of, uniform: draws(step) });

const IMAGES = new Numbers(3).tensor(SHAPE);
const PIXELS = evaluate64(IMAGES);
const at = (values: ArrayLike<number>, [n, y, x, c]: number[]) => values[((n * HEIGHT + y) * WIDTH + x) * CHANNELS + c];
const range = (length: number, from = 0) => Array.from({ length }, (_, i) => i + from);
const places = range(HEIGHT).flatMap((y) => range(WIDTH).flatMap((x) => range(CHANNELS).map((c) => [y, x, c])));

/** Which of the changes, if any, made each image what it is. */
function changesOf<T>(
  found: ArrayLike<number>,
  changes: readonly T[],
  pixel: (change: T, place: number[]) => number,
): T[] {
  return range(BATCH).map((n) => {
    const fits = changes.filter((change) =>
      places.every((place) => Math.abs(at(found, [n, ...place]) - pixel(change, [n, ...place])) <= TOLERANCE)
    );
    assertEquals(fits.length, 1, `image ${n} was made by ${fits.length} changes`);
    return fits[0];
  });
}

Deno.test("flip mirrors about half of the real images from left to right, exactly, and no generated one", () => {
  const flipped = changesOf(
    evaluate64(augmented(IMAGES, ["flip"])),
    [false, true],
    (flip, [n, y, x, c]) => at(PIXELS, [n, y, flip ? WIDTH - 1 - x : x, c]),
  );
  const count = flipped.filter(Boolean).length;
  assert(Math.abs(count - BATCH / 2) <= SIGNIFICANCE * Math.sqrt(BATCH) / 2 && count > 0, `${count} of ${BATCH}`);
  assertEquals(augmented(IMAGES, ["flip"], { of: "fake" }), IMAGES);
});

Deno.test("translation moves by whole pixels up to an eighth of each side, and fills up with 0", () => {
  const [most, wide] = [HEIGHT / 8, WIDTH / 8];
  const shifts = range(2 * most + 1, -most).flatMap((dy) => range(2 * wide + 1, -wide).map((dx) => [dy, dx]));
  const inside = (y: number, x: number) => y >= 0 && y < HEIGHT && x >= 0 && x < WIDTH;
  const moved = changesOf(evaluate64(augmented(IMAGES, ["translation"])), shifts, ([dy, dx], [n, y, x, c]) => {
    return inside(y - dy, x - dx) ? at(PIXELS, [n, y - dy, x - dx, c]) : 0;
  });
  assertEquals(new Set(moved.map(([dy]) => dy)).size, 2 * most + 1); // every shift occurs among 40
  assertEquals(new Set(moved.map(([, dx]) => dx)).size, 2 * wide + 1);
});

Deno.test("cutout takes a square of half the side out, anywhere, with what lies over the border lost", () => {
  const starts = (length: number) => range(length + 1, -length / 4);
  const holes = starts(HEIGHT).flatMap((top) => starts(WIDTH).map((left) => [top, left]));
  // Centres are from 0 to the length, both included; sides are half of 8 and of 16.
  const hidden = (start: number, length: number, i: number) => i >= start && i < start + length / 2;
  const found = changesOf(evaluate64(augmented(IMAGES, ["cutout"])), holes, ([top, left], [n, y, x, c]) => {
    return hidden(top, HEIGHT, y) && hidden(left, WIDTH, x) ? 0 : at(PIXELS, [n, y, x, c]);
  });
  assert(new Set(found.map(([top]) => top)).size > HEIGHT / 2);
  assert(found.some(([, left]) => left < 0) && found.some(([, left]) => left > WIDTH / 2));
});

/** Mean of numbers. */
const average = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

Deno.test("color shifts brightness by up to 0.5, scales saturation by up to 2 and contrast by 0.5 to 1.5", () => {
  const found = evaluate64(augmented(IMAGES, ["color"]));
  const drawn = range(BATCH).map((n) => {
    const [image, changed] = [PIXELS, found].map((values) => places.map((place) => at(values, [n, ...place])));
    const [before, after] = [image, changed].map((values) =>
      range(HEIGHT * WIDTH).map((i) => average(values.slice(CHANNELS * i, CHANNELS * (i + 1))))
    );
    const [middle, now] = [average(before), average(after)];
    const brightness = now - middle; // saturation and contrast leave the mean as it is
    const contrast = (after[0] - now) / (before[0] - middle); // saturation leaves greys as they are
    const saturation = (changed[0] - after[0]) / (image[0] - before[0]) / contrast;
    changed.forEach((value, i) => {
      const grey = before[Math.floor(i / CHANNELS)];
      assertAlmostEquals(value, (saturation * (image[i] - grey) + grey - middle) * contrast + now, 1e-6);
    });
    return { brightness, saturation, contrast };
  });
  for (
    const [name, least, most] of [["brightness", -0.5, 0.5], ["saturation", 0, 2], ["contrast", 0.5, 1.5]] as const
  ) {
    const values = drawn.map((draw) => draw[name]);
    assert(values.every((value) => value >= least - 1e-6 && value <= most + 1e-6), `${name}: ${values}`);
    const spread = (most - least) / Math.sqrt(12 * BATCH); // of the mean of uniform numbers
    assertAlmostEquals(average(values), (least + most) / 2, SIGNIFICANCE * spread, name);
  }
});

Deno.test("color of grey images is brightness and contrast alone", () => {
  const grey = new Numbers(1).tensor([4, 4, 4, 1]);
  const [before, after] = [evaluate64(grey), evaluate64(augmented(grey, ["color"]))];
  const slopes = range(15, 1).map((i) => (after[i] - after[0]) / (before[i] - before[0]));
  for (const slope of slopes) assertAlmostEquals(slope, slopes[0], 1e-9);
});

Deno.test("augment() lets gradients pass through every change, and the GPU makes the same of images and gradients", async () => {
  const few = new Numbers(2).tensor([3, 8, 8, 2]);
  const graphs = AUGMENTATION_NAMES.map((name) => gradcheck((x) => augmented(x, [name]), [few]));
  await assertGpuAgrees(graphs.flatMap(([images, gradient]) => [images, gradient]));
});

Deno.test("augment() draws others at another step", () => {
  const few = new Numbers(2).tensor([12, 4, 4, 2]);
  for (const name of AUGMENTATION_NAMES) {
    const drawn = (step: number) => [...evaluate64(augmented(few, [name], { step }))];
    assertEquals(drawn(1), drawn(1), name);
    assertNotEquals(drawn(1), drawn(2), name);
  }
});

Deno.test("augment() does one change after the other, and nothing without a name", () => {
  assertEquals(augment(IMAGES, { names: [], of: "real", uniform: draws(0) }), IMAGES);
  const half = mul(ones(SHAPE), 0.5);
  const both = evaluate64(augment(half, { names: ["translation", "cutout"], of: "fake", uniform: draws(0) }));
  assert(both.some((x: number) => x === 0) && both.some((x: number) => x === 0.5));
});

Deno.test("checkAugment() refuses points", () => {
  checkAugment([], [1, 1, 2]);
  checkAugment(["color"], [32, 32, 1]);
  assertThrows(
    () => checkAugment(["color"], [1, 1, 2]),
    RangeError,
    "Cannot change points by color: expected images, or no augmentation",
  );
});

Deno.test("augmentationName() names the nearest one", () => {
  assertThrows(
    () => augmentationName("colour"),
    RangeError,
    "Cannot find augmentation colour: it is unknown, expected one of flip, color, translation, cutout; the nearest is color",
  );
});
