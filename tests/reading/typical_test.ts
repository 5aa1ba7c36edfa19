import { assertEquals } from "@std/assert";
import { matrix } from "../../core/metrics/matrix.ts";
import { representatives, surest, thumbnails } from "../../core/reading/typical.ts";

Deno.test("thumbnails() averages over an 8x8 grid of cells, and leaves what is smaller as it is", () => {
  const ramp = Float32Array.from({ length: 16 * 16 }, (_, pixel) => pixel % 16);
  const { values, columns } = thumbnails(ramp, [1, 16, 16, 1]);
  assertEquals(columns, 64);
  assertEquals([...values.subarray(0, 8)], [0.5, 2.5, 4.5, 6.5, 8.5, 10.5, 12.5, 14.5]);
  const points = Float32Array.of(1, 2, 3, 4);
  assertEquals([...thumbnails(points, [2, 1, 1, 2]).values], [1, 2, 3, 4]);
  // Sides that are no multiple: 12 pixels fall into cells of 2, 1, 2, 1, …; channels stay apart.
  const colour = Float32Array.from({ length: 12 * 3 }, (_, i) => 10 * (i % 3) + Math.floor(i / 3));
  assertEquals([...thumbnails(colour, [1, 1, 12, 3]).values.subarray(0, 6)], [0.5, 10.5, 20.5, 2, 12, 22]);
});

Deno.test("surest() takes the surer half of what reaches a node, those drawn first of equal ones", () => {
  assertEquals(surest(Float32Array.of(0.5, 1, 0.25, 1, 1, 0.25), 1), [1, 3]); // Σ = 4
  assertEquals(surest(Float32Array.of(0.5, 1, 0.25), 3), [1, 0, 2]);
  assertEquals(surest(new Float32Array(2000).fill(1), 16).length, 256);
});

Deno.test("representatives() begin at the mean, then show what is common and not shown yet", () => {
  // A large group around 0, a smaller one around 10, one far away.
  const x = [-0.2, -0.1, 0, 0.1, 0.3, 9.9, 10, 10.1, -30];
  const points = matrix(Float32Array.from(x), 1);
  const all = x.map((_, i) => i);
  assertEquals(representatives(points, all, { mean: [0], count: 1 }), [2]);
  assertEquals(representatives(points, all.slice(0, 8), { mean: [0], count: 2 }), [2, 6]);
  assertEquals(representatives(points, [5, 6, 7], { mean: [10], count: 9 }).toSorted(), [5, 6, 7]);
  // Against all choices of a second sample, by the formula.
  const cost = (shown: number[]) => all.reduce((sum, i) => sum + Math.min(...shown.map((j) => (x[i] - x[j]) ** 2)), 0);
  const [first, second] = representatives(points, all, { mean: [3], count: 2 });
  const best = all.filter((j) => j !== first).sort((a, b) => cost([first, a]) - cost([first, b]))[0];
  assertEquals([first, second], [4, best]);
});
