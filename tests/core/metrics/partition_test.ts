import { assertAlmostEquals, assertThrows } from "@std/assert";
import { agreement } from "../../../core/metrics/partition.ts";
import { golden } from "./golden.ts";

const FLOAT64_TOLERANCE = 1e-10; // differences of entropies

for (const [name, { classes, parts, ...expected }] of Object.entries(golden.partitions)) {
  Deno.test(`agreement() agrees with scikit-learn: ${name}`, () => {
    const found = agreement({ classes, parts });
    for (const key of ["purity", "nmi", "ari", "mutualInformation"] as const) {
      assertAlmostEquals(found[key], expected[key], FLOAT64_TOLERANCE, key);
    }
  });
}

Deno.test("agreement() refuses labelings of different samples", () => {
  assertThrows(() => agreement({ classes: [1, 2], parts: [1] }), RangeError, "Cannot compare 2 classes with 1 parts");
  assertThrows(() => agreement({ classes: [], parts: [] }), RangeError, "expected as many, at least one");
});
