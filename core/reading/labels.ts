/** Labels of many samples as probabilities. */

import type { Matrix } from "../metrics/matrix.ts";

/** The label that each row has most of; of equal ones the first. */
export function likeliest({ values, rows, columns }: Matrix): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, row) => {
    const own = values.subarray(row * columns, (row + 1) * columns);
    return own.reduce((best, probability, label) => probability > own[best] ? label : best, 0);
  });
}
