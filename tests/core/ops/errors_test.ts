/** What operations say about shapes that do not fit: what was found, what was expected. */

import { assertMatch, assertThrows } from "@std/assert";
import { conv2d, conv2dWeight, convTranspose2d } from "../../../core/ops/conv.ts";
import { add, addU32, exp, leakyRelu, maximum, neg, where } from "../../../core/ops/elementwise.ts";
import { gather, gatherBytes, oneHot } from "../../../core/ops/gather.ts";
import { matmul } from "../../../core/ops/matmul.ts";
import { broadcastTo, concat, pad, reshape, slice, transpose } from "../../../core/ops/movement.ts";
import { normal, uniform } from "../../../core/ops/random.ts";
import { normalRows } from "../../../core/ops/random_rows.ts";
import { max, sum } from "../../../core/ops/reduce.ts";
import { constant, ones } from "../../../core/ops/source.ts";
import { ShapeError } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";

const index = constant(Uint32Array.of(0, 1));
const convolution = { stride: 1, padding: 0 };

const MISTAKES: [mistake: () => Tensor, message: string][] = [
  [
    () => add(ones([2, 3]), ones([2, 4])),
    "Cannot broadcast [2,3] with [2,4]: lengths 3 and 4 meet, expected them equal or one of them 1",
  ],
  [() => maximum(ones([2]), ones([3])), "Cannot broadcast [2] with [3]"],
  [() => where(ones([2]), ones([2]), ones([3])), "Cannot broadcast [2] with [3]"],
  [() => broadcastTo(ones([3]), [2]), "Cannot broadcast [3] with [2]"],
  [() => broadcastTo(ones([3, 2]), [2]), "Cannot broadcast [3,2] to [2]: it is larger, expected it to fit"],
  [() => broadcastTo(ones([3]), [1]), "Cannot broadcast [3] to [1]: it is larger, expected it to fit"],
  [() => ones([2, 0]), "Cannot make fill of shape [2,0]: expected whole lengths of at least 1"],
  [() => ones([1.5]), "Cannot make fill of shape [1.5]: expected whole lengths"],
  [() => constant([]), "Cannot make constant of shape [0]: expected whole lengths"],
  [() => broadcastTo(ones([1]), [0]), "Cannot make broadcastTo of shape [0]: expected whole lengths"],
  [() => reshape(ones([2, 3]), [4]), "Cannot reshape [2,3] to [4]: 6 elements, expected"],
  [() => reshape(ones([5]), [2, -1]), "Cannot reshape [5] to [2,2.5]: 5 elements, expected whole lengths"],
  [() => transpose(ones([2, 3]), [0, 0]), "Cannot transpose [2,3] by (0,0): expected each of its 2 axes once"],
  [() => transpose(ones([2, 3]), [0]), "Cannot transpose [2,3] by (0): expected each"],
  [() => transpose(ones([3])), "Cannot transpose [3] by"],
  [
    () => slice(ones([4]), { start: [2], shape: [3] }),
    "Cannot slice [4] from (2) with shape [3]: expected a box inside, of whole numbers",
  ],
  [() => slice(ones([4]), { start: [0.5], shape: [2] }), "Cannot slice [4] from (0.5) with shape [2]: expected"],
  [() => slice(ones([4]), { start: [0], shape: [1.5] }), "Cannot slice [4] from (0) with shape [1.5]: expected"],
  [() => slice(ones([4]), { start: [-1], shape: [2] }), "Cannot slice [4] from (-1) with shape [2]: expected"],
  [() => slice(ones([4]), { start: [0, 0], shape: [1, 1] }), "Cannot slice [4] from (0,0)"],
  [
    () => pad(ones([4]), { before: [-1], after: [0] }),
    "Cannot pad [4] by (-1) and (0): expected 1 whole widths each, none negative",
  ],
  [() => pad(ones([4]), { before: [0.5], after: [0.5] }), "Cannot pad [4] by (0.5) and (0.5): expected"],
  [() => pad(ones([4]), { before: [1, 1], after: [0] }), "Cannot pad [4] by (1,1) and (0): expected"],
  [
    () => concat([ones([2, 3]), ones([2, 2])]),
    "Cannot concatenate [2,3] and [2,2] along axis 0: expected the other lengths equal",
  ],
  [() => concat([]), "Cannot concatenate nothing: expected at least one tensor"],
  [() => concat([ones([2]), ones([2, 2])]), "Cannot concatenate [2] and [2,2] along axis 0: expected"],
  [() => sum(ones([2, 3]), { axes: [2] }), "Cannot use axes [2] of shape [2,3]: expected different axes from -2 to 1"],
  [() => sum(ones([2, 3]), { axes: [0, -2] }), "Cannot use axes [0,-2] of shape [2,3]: expected different"],
  [() => max(ones([]), { axes: [0] }), "Cannot use axes [0] of shape []: expected"],
  [
    () => matmul(ones([2, 3]), ones([4, 5])),
    "Cannot multiply [2,3] by [4,5]: inner dimensions are 3 and 4, expected them equal",
  ],
  [
    () => matmul(ones([2, 2, 3]), ones([3, 3, 5])),
    "Cannot multiply [2,2,3] by [3,3,5]: expected two matrices, or two batches of equally many matrices",
  ],
  [() => matmul(ones([3]), ones([3, 5])), "Cannot multiply [3] by [3,5]: expected two matrices"],
  [
    () => conv2d(ones([1, 4, 4, 3]), ones([3, 3, 2, 5]), convolution),
    "expected weights for 3 input channels",
  ],
  [() => conv2d(ones([1, 2, 4, 3]), ones([3, 3, 3, 5]), convolution), "expected features"],
  [
    () => conv2d(ones([4, 4, 3]), ones([3, 3, 3, 5]), convolution),
    "expected four axes each",
  ],
  [
    () => conv2d(ones([1, 4, 4, 3]), ones([3, 3, 3, 5]), { stride: 0, padding: 0 }),
    "expected a whole stride of at least 1 and a whole padding of at least 0",
  ],
  [
    () => conv2d(ones([1, 4, 4, 3]), ones([3, 3, 3, 5]), { stride: 1, padding: -1 }),
    "expected a whole stride of at least 1",
  ],
  [
    () => convTranspose2d(ones([1, 4, 4, 5]), ones([4, 4, 3, 5]), { stride: 2, padding: 1, height: 10, width: 8 }),
    "expected features [1,5,4,5]",
  ],
  [
    () => convTranspose2d(ones([1, 4, 4, 2]), ones([4, 4, 3, 5]), { stride: 2, padding: 1, height: 8, width: 8 }),
    "expected features [1,4,4,5]",
  ],
  [
    () => conv2dWeight(ones([1, 4, 4, 3]), ones([2, 2, 2, 5]), { ...convolution, kernelHeight: 3, kernelWidth: 3 }),
    "expected features [1,2,2,5]",
  ],
  [
    () => conv2d(ones([1, 4, 4, 2049]), ones([4, 4, 2049, 1]), convolution),
    "stride 1, padding 0: sums of 32784 terms, expected at most 32768",
  ],
  [
    () => convTranspose2d(ones([1, 1, 1, 2049]), ones([4, 4, 1, 2049]), { ...convolution, height: 4, width: 4 }),
    "sums of 32784 terms, expected at most 32768",
  ],
  [
    () => gather(ones([3]), ones([2, 2])),
    "Cannot gather rows of [3] by [2,2]: expected a table and a list of row numbers",
  ],
  [() => gather(ones([]), index), "Cannot gather rows of [] by [2]: expected"],
  [() => gatherBytes(ones([3]), index), "Cannot gather bytes of [3]: expected rows of words"],
  [
    () => uniform(ones([3]), { shape: [2], stream: 0 }),
    "Cannot draw with a key of shape [3]: expected [4] (seed low, seed high, step, round)",
  ],
  [() => normal(ones([4, 1]), { shape: [2], stream: 0 }), "Cannot draw with a key of shape [4,1]: expected [4]"],
  [() => normalRows(ones([4]), { columns: 2, stream: 0 }), "with keys of shape [4]: expected [rows, 4]"],
  [() => constant([1, 2, 3], [2]), "Cannot shape 3 numbers as [2]: expected 2 of them"],
];

Deno.test("operations say which shapes they found and which they expected", () => {
  for (const [mistake, message] of MISTAKES) {
    const error = assertThrows(mistake, ShapeError, message);
    assertMatch(error.message, /^Cannot [^:]+: .*expected [^.]+[^.]$/s);
  }
});

Deno.test("oneHot() says which numbers of classes there are", () => {
  for (const classes of [0, -1, 2.5]) {
    assertThrows(
      () => oneHot(index, { classes }),
      RangeError,
      `Cannot make one-hot rows of ${classes} classes: expected`,
    );
  }
});

Deno.test("addU32() and leakyRelu() say which numbers they take", () => {
  for (const value of [-1, 0.5, 2 ** 32, NaN]) {
    const message = `Cannot add ${value} to u32 [2]: expected a whole number from 0 to 4294967295`;
    assertThrows(() => addU32(index, value), RangeError, message);
  }
  for (const negativeSlope of [NaN, Infinity, 1e39]) {
    const message = `Cannot compute leakyRelu with slope ${negativeSlope}: expected a finite number that fits f32`;
    assertThrows(() => leakyRelu(ones([2]), { negativeSlope }), RangeError, message);
  }
});

Deno.test("elementwise operations do not mix element types", () => {
  const message = "Cannot combine u32 [2] and f32 []: expected equal element types (toFloat() converts)";
  assertThrows(() => add(index, 1), TypeError, message);
  assertThrows(() => where(1, index, 1), TypeError, message);
});

Deno.test("operations refuse element types they cannot compute with", () => {
  const mistakes: [mistake: () => Tensor, message: string][] = [
    [() => gather(ones([3, 2]), ones([2])), "Cannot compute gather with f32 [2]: expected u32"],
    [() => gatherBytes(ones([3, 2]), index), "Cannot compute gatherBytes with f32 [3,2]: expected u32"],
    [() => oneHot(ones([2]), { classes: 3 }), "Cannot compute oneHot with f32 [2]: expected u32"],
    [() => normal(ones([4]), { shape: [2], stream: 0 }), "Cannot compute normal with f32 [4]: expected u32"],
    [() => neg(index), "Cannot compute neg with u32 [2]: expected f32"],
    [() => exp(index), "Cannot compute exp with u32 [2]: expected f32"],
    [() => leakyRelu(index), "Cannot compute leakyRelu with u32 [2]: expected f32"],
    [() => addU32(ones([2]), 1), "Cannot compute addU32 with f32 [2]: expected u32"],
    [() => where(index, index, index), "Cannot compute where with u32 [2]: expected f32"],
    [() => matmul(reshape(index, [1, 2]), ones([2, 2])), "Cannot compute matmul with u32 [1,2]: expected f32"],
  ];
  for (const [mistake, message] of mistakes) assertThrows(mistake, TypeError, message);
});
