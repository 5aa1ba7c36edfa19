import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { kMeans, lloyd } from "../../core/assign/k_means.ts";
import { cutMerges, mergePurity, wardClustering } from "../../core/assign/ward.ts";
import { draws } from "../../core/draws.ts";
import { matrix } from "../../core/metrics/matrix.ts";
import { agreement } from "../../core/metrics/partition.ts";
import { dendrogramPurity } from "../../core/metrics/tree_scores.ts";
import golden from "../golden/clusters.json" with { type: "json" };

/** Both sides are float64 and sum some hundred numbers in another order. */
const FLOAT64 = 1e-12;
/** Lance and Williams subtract squares that nearly cancel, up to a hundred times in a row. */
const HEIGHTS = 1e-6;

const points = matrix(Float32Array.from(golden.points), golden.columns);

Deno.test("lloyd() ends with the clusters, centres and inertia of scikit-learn", () => {
  const { start, assignments, centres, inertia } = golden.kMeans;
  const found = lloyd(points, Float64Array.from(start));
  assertEquals([...found.assignments], assignments);
  found.centres.forEach((value, i) => assertAlmostEquals(value, centres[i], FLOAT64));
  assertAlmostEquals(found.inertia, inertia, FLOAT64 * inertia);
});

Deno.test("kMeans() depends on its seed alone, and more starts are no worse", () => {
  const found = kMeans(points, { clusters: 4, seed: 3 });
  assertEquals(kMeans(points, { clusters: 4, seed: 3 }), found);
  assertLessOrEqual(found.inertia, kMeans(points, { clusters: 4, seed: 3, starts: 1 }).inertia);
  assertLessOrEqual(found.inertia, golden.kMeans.inertia * (1 + FLOAT64));
  assertEquals(kMeans(points, { clusters: points.rows, starts: 1 }).inertia, 0);
});

Deno.test("kMeans() makes clusters of equal rows, too", () => {
  const { assignments, inertia, centres } = kMeans(matrix(new Float32Array(10).fill(2), 2), { clusters: 3 });
  assertEquals([inertia, assignments.length], [0, 5]);
  assert(centres.every((value) => value === 2));
});

Deno.test("kMeans() refuses numbers out of range", () => {
  assertThrows(
    () => kMeans(points, { clusters: 0 }),
    RangeError,
    "Cannot make 0 clusters of 120 rows: expected 1 to 120",
  );
  assertThrows(() => kMeans(points, { clusters: 121 }), RangeError, "Cannot make 121 clusters");
  assertThrows(() => kMeans(points, { clusters: 2, starts: 0 }), RangeError, "Cannot start k-means 0 times");
});

Deno.test("wardClustering() makes the merges of SciPy, at its heights", () => {
  const found = wardClustering(points);
  const { merges } = golden.ward;
  assertEquals(found.map(({ left, right, size }) => [left, right, size]), merges.map(([a, b, _, n]) => [a, b, n]));
  found.forEach(({ height }, i) => assertAlmostEquals(height, merges[i][2], HEIGHTS * merges[i][2]));
});

Deno.test("cutMerges() gives the clusters of SciPy's fcluster, and as many as are asked for", () => {
  const merges = wardClustering(points);
  const { ari } = agreement({ classes: golden.ward.cut, parts: cutMerges(merges, 4) });
  assertEquals(ari, 1);
  for (const clusters of [1, 2, 17, 120]) assertEquals(new Set(cutMerges(merges, clusters)).size, clusters);
  assertThrows(() => cutMerges(merges, 121), RangeError, "Cannot cut 120 rows into 121 clusters");
});

Deno.test("wardClustering() joins equal rows at height 0 and a single row with nothing", () => {
  const merges = wardClustering(matrix(Float32Array.of(1, 1, 1, 5), 1));
  assertEquals(merges.map(({ height, size }) => [height, size]).slice(0, 2), [[0, 2], [0, 3]]);
  assertEquals(wardClustering(matrix(Float32Array.of(1), 1)), []);
  assertThrows(() => wardClustering(matrix(new Float32Array(11_001), 1)), RangeError, "expected at most 11000");
});

Deno.test("mergePurity() is the dendrogram purity of a tree, down to rows or to clusters", () => {
  const random = draws(4);
  const classes = Uint32Array.from({ length: 8 }, () => random.below(3));
  // The complete tree over 8 rows, from the bottom up.
  const merges = [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11], [12, 13]].map(([left, right], i) => ({
    left,
    right,
    height: i,
    size: i < 4 ? 2 : i < 6 ? 4 : 8,
  }));
  const leaves = Uint32Array.from(classes.keys());
  assertAlmostEquals(mergePurity(merges, classes, 8), dendrogramPurity({ leaves, classes, depth: 3 }), FLOAT64);
  const pairs = leaves.map((leaf) => Math.floor(leaf / 2));
  assertAlmostEquals(mergePurity(merges, classes, 4), dendrogramPurity({ leaves: pairs, classes, depth: 2 }), FLOAT64);
  assertThrows(() => mergePurity(merges, leaves, 8), RangeError, "Cannot compute the dendrogram purity");
});
