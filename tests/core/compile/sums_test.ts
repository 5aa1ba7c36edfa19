/** Sums of sums, reduced together. */

import { assertEquals } from "@std/assert";
import { mergeSums } from "../../../core/compile/sums.ts";
import { add, mul } from "../../../core/ops/elementwise.ts";
import { reshape } from "../../../core/ops/movement.ts";
import { sum } from "../../../core/ops/reduce.ts";
import { constant } from "../../../core/ops/source.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { evaluate64 } from "../../reference/interpreter.ts";
import { topologicalOrder } from "../../../core/compile/graph.ts";

const [a, b, c] = [1, 2, 3].map((factor) => constant([1, 2, 3, 4, 5, 6].map((value) => factor * value), [2, 3]));
const overRows = (x: Tensor) => sum(x, { axes: [0] });

/** How many reductions are left, with a check that the values are the same. */
function reductionsIn(...tensors: Tensor[]): number {
  const merged = mergeSums(tensors);
  assertEquals(merged.map((tensor) => [...evaluate64(tensor)]), tensors.map((tensor) => [...evaluate64(tensor)]));
  return topologicalOrder(merged).filter(({ op }) => op.reduction).length;
}

Deno.test("mergeSums() makes one of sums over the same axes, however many and through whatever shape", () => {
  assertEquals(reductionsIn(add(overRows(a), overRows(b))), 1);
  assertEquals(reductionsIn(add(add(overRows(a), overRows(b)), overRows(mul(b, c)))), 1);
  assertEquals(reductionsIn(add(reshape(overRows(a), [3, 1]), reshape(overRows(c), [3, 1]))), 1);
});

Deno.test("mergeSums() leaves sums that something else needs, and sums over other axes", () => {
  const shared = overRows(a);
  assertEquals(reductionsIn(add(shared, overRows(b)), shared), 2);
  assertEquals(reductionsIn(add(shared, overRows(b)), mul(shared, 2)), 2);
  assertEquals(reductionsIn(add(shared, shared)), 1);
  assertEquals(reductionsIn(add(sum(a), sum(b, { axes: [0, 1] }))), 1);
  assertEquals(reductionsIn(add(sum(reshape(a, [3, 2]), { axes: [1] }), overRows(b))), 2);
  assertEquals(reductionsIn(mul(overRows(a), overRows(b))), 2);
});
