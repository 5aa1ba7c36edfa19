import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { matrix } from "../../../core/metrics/matrix.ts";
import { dendrogramPurity, leafAgreement, leafUsage, treeAgreement } from "../../../core/metrics/tree_scores.ts";
import { ShapeError } from "../../../core/shape.ts";
import { golden } from "./golden.ts";

const FLOAT64_TOLERANCE = 1e-10; // differences of entropies

const { depth, weights, labels, levels, ...expected } = golden.tree;
const paths = matrix(Float32Array.from(weights), 2 ** depth);
const classes = Uint32Array.from(labels);

Deno.test("leafUsage() agrees with SciPy", () => {
  const { leaves, used, entropy, information, largestWeight } = leafUsage(paths);
  assertEquals([leaves, used], [2 ** depth, expected.used]);
  // The script's information is the mean KL to the mean, which is the same up to the f32 rounding of sums to 1.
  const ROUNDED = 1e-6;
  assertAlmostEquals(entropy, expected.entropy, ROUNDED);
  assertAlmostEquals(information, expected.information, ROUNDED);
  assertAlmostEquals(largestWeight, expected.largestWeight, FLOAT64_TOLERANCE);
});

Deno.test("treeAgreement() agrees with scikit-learn on every level, and with all pairs", () => {
  const found = treeAgreement(paths, classes);
  assertEquals(found.levels.length, depth);
  levels.forEach((wanted, i) => {
    for (const key of ["purity", "nmi", "ari", "mutualInformation"] as const) {
      assertAlmostEquals(found.levels[i][key], wanted[key], FLOAT64_TOLERANCE, `${key} of level ${i + 1}`);
    }
  });
  assertEquals(leafAgreement(paths, classes), found.levels[depth - 1]);
  assertAlmostEquals(found.dendrogramPurity, expected.dendrogramPurity, FLOAT64_TOLERANCE);
});

Deno.test("leafUsage() of hard and of even paths", () => {
  const hard = leafUsage(matrix(Float32Array.of(1, 0, 0, 1), 2));
  assertEquals([hard.used, hard.largestWeight, hard.information], [2, 1, Math.log(2)]);
  const even = leafUsage(matrix(new Float32Array(8).fill(0.25), 4));
  assertEquals([even.used, even.largestWeight], [1, 0.25]);
  assertAlmostEquals(even.entropy, Math.log(4), FLOAT64_TOLERANCE);
  assertAlmostEquals(even.information, 0, FLOAT64_TOLERANCE);
});

Deno.test("treeAgreement() takes the likeliest node of a level, which the likeliest leaf need not be under", () => {
  // The likeliest leaf is the third; but the left half has 0.6.
  const one = Float32Array.of(0.3, 0.3, 0.4, 0, 0, 0, 0, 1);
  const { levels } = treeAgreement(matrix(one, 4), Uint32Array.of(0, 0));
  assertEquals([levels[0].ari, levels[1].purity], [0, 1]); // two nodes for one class
});

Deno.test("dendrogramPurity() refuses classes of one sample each; treeAgreement() what is no tree", () => {
  assertThrows(
    () => dendrogramPurity({ leaves: Uint32Array.of(0, 1), classes: Uint32Array.of(0, 1), depth: 1 }),
    RangeError,
    "no two of 2 labels are equal",
  );
  const three = matrix(Float32Array.of(1, 0, 0), 3);
  assertThrows(
    () => treeAgreement(three, Uint32Array.of(0)),
    ShapeError,
    "a tree of 3 leaves: expected a power of two",
  );
  assertThrows(() => leafAgreement(three, Uint32Array.of(0, 1)), ShapeError, "fake has 1 samples and 2 labels");
});
