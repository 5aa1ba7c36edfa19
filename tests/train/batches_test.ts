import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Batches, batchesPerEpoch, permutation } from "../../core/train/batches.ts";

Deno.test("permutation() has every number once, in an order of seed and epoch", () => {
  const order = permutation(1000, 5, 2);
  assertEquals([...order].sort((a, b) => a - b), Array.from({ length: 1000 }, (_, i) => i));
  assertEquals(permutation(1000, 5, 2), order);
  for (const other of [permutation(1000, 5, 3), permutation(1000, 6, 2), permutation(1000, 5 + 2 ** 32, 2)]) {
    assertNotEquals(other, order);
  }
});

Deno.test("permutation() puts every number everywhere equally often", () => {
  const [size, rounds] = [5, 5000];
  const counts = new Uint32Array(size * size);
  for (let epoch = 0; epoch < rounds; epoch++) {
    permutation(size, 1, epoch).forEach((number, place) => counts[number * size + place]++);
  }
  const expected = rounds / size;
  const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // 16 degrees of freedom: above 39.3 in one of a thousand fair shuffles; the seeds are fixed, so it holds for good.
  assertEquals(chiSquared < 39.3, true, `chi-squared is ${chiSquared}`);
});

Deno.test("Batches.indices() takes no image twice an epoch, whatever number it is asked for first", () => {
  const batches = new Batches(10, 3, 1);
  assertEquals(batchesPerEpoch(10, 3), 3);
  const inOrder = Array.from({ length: 9 }, (_, number) => [...batches.indices(number)]);
  for (let epoch = 0; epoch < 3; epoch++) {
    assertEquals(new Set(inOrder.slice(3 * epoch, 3 * epoch + 3).flat()).size, 9);
  }
  for (const number of [8, 0, 4]) assertEquals([...new Batches(10, 3, 1).indices(number)], inOrder[number]);
});

Deno.test("Batches refuses a batch larger than the data set", () => {
  assertThrows(
    () => new Batches(10, 11, 1),
    RangeError,
    "Cannot draw batches of 11 from 10 images: expected a batch of at most 10",
  );
});
