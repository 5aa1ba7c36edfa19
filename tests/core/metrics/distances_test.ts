import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { neighboursBetween, neighboursWithin, radiiOf } from "../../../core/metrics/distances.ts";
import { matrix } from "../../../core/metrics/matrix.ts";
import { draws } from "../../../core/draws.ts";
import { caseNamed, device, golden } from "./golden.ts";

const FLOAT64_TOLERANCE = 1e-9; // sums of some thousand float64 numbers
const K = 3;
const total = (numbers: Float64Array) => numbers.reduce((a, b) => a + b, 0);

/** Nearest rows by loops in float64: every pair, sorted. */
function nearestByLoops(rows: number[][], columns: number[][], k: number, within: boolean): number[] {
  return rows.flatMap((x, i) =>
    columns
      .flatMap((y, j) => within && i === j ? [] : [x.reduce((sum, value, d) => sum + (value - y[d]) ** 2, 0)])
      .sort((a, b) => a - b)
      .slice(0, k)
  );
}

const rowsOf = (values: Float32Array, columns: number) =>
  Array.from({ length: values.length / columns }, (_, i) => [...values.slice(i * columns, (i + 1) * columns)]);

Deno.test("neighboursWithin() and neighboursBetween() agree with SciPy over several blocks", async () => {
  const { compared } = caseNamed("several blocks");
  const { sumWithin, sumBetween } = golden.severalBlocks;
  const within = await neighboursWithin(device, compared.real, K);
  const { fakeOfReal } = await neighboursBetween(device, compared, K);
  assertAlmostEquals(total(within.distances) / sumWithin, 1, FLOAT64_TOLERANCE);
  assertAlmostEquals(total(fakeOfReal.distances) / sumBetween, 1, FLOAT64_TOLERANCE);
});

Deno.test("neighboursWithin() keeps the order of near neighbours far from the middle, where f32 has lost it", async () => {
  const random = draws(5);
  // Two clusters 2000 apart, 0.01 wide: |x|² + |y|² − 2xy in f32 would be off by 0.1 where distances² are 1e-4.
  const values = Float32Array.from(
    { length: 80 * 6 },
    (_, at) => (at < 40 * 6 ? 1000 : -1000) + 0.01 * random.normal(),
  );
  const rows = rowsOf(values, 6);
  const { distances } = await neighboursWithin(device, matrix(values, 6), K);
  assertEquals([...distances], nearestByLoops(rows, rows, K, true));
});

Deno.test("neighboursWithin() leaves out a row itself but not its duplicates, and counts ties", async () => {
  const values = Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1, 4, 5);
  const { distances, ties } = await neighboursWithin(device, matrix(values, 2), 2);
  assertEquals([...distances], [0, 0, 0, 0, 0, 0, 0, 0, 25, 25]);
  assertEquals([...ties], [1, 1, 1, 1, 2]); // four equal rows: a third at distance 0; the last has four at 25
  const late = await neighboursWithin(device, matrix(Float32Array.of(0, 5, -5, 5, 1), 1), 2);
  assertEquals([late.distances[0], late.distances[1], late.ties[0]], [1, 25, 2]); // the nearest comes after the ties
});

Deno.test("radiiOf() are the distances to the k-th neighbour, or a nearer one", async () => {
  const neighbours = await neighboursWithin(device, matrix(Float32Array.of(0, 1, 3, 7), 1), 2);
  assertEquals([...radiiOf(neighbours)], [9, 4, 9, 36]);
  assertEquals([...radiiOf(neighbours, 1)], [1, 1, 4, 16]);
});

Deno.test("neighboursWithin() finds neighbours of features whose squares f32 cannot hold", async () => {
  const values = Float32Array.of(0, 1e25, 3e25, 7e25);
  const rows = rowsOf(values, 1);
  const { distances } = await neighboursWithin(device, matrix(values, 1), 2);
  assertEquals([...distances], nearestByLoops(rows, rows, 2, true));
});

Deno.test("neighboursWithin() refuses more neighbours than there are", async () => {
  const two = matrix(Float32Array.of(0, 1), 1);
  await assertRejects(() => neighboursWithin(device, two, 2), RangeError, "Cannot find 2 neighbours: 1 rows to choose");
});
