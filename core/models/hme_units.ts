/** Inputs of a mixture of experts in units of their own: what is far from 0, or large, is fitted as well as what is not. */

import type { Numbers, Samples } from "./hme_numbers.ts";

/** What inputs are counted from, and in, `[inputs]` each: `x' = (x − centre) / scale`. */
export interface Units {
  readonly centre: Float64Array;
  readonly scale: Float64Array;
}

/**
 * Of every input its median, and the power of 2 nearest to the mean distance from it, 1 where all are alike: neither follows
 * a few that are far off, and a power of 2 takes no digits away.
 */
export function unitsOf({ count, x }: Pick<Samples, "count" | "x">): Units {
  const width = x.length / count;
  const column = (i: number) => Float64Array.from({ length: count }, (_, row) => x[row * width + i]);
  const columns = Array.from({ length: width - 1 }, (_, i) => column(i));
  const centre = Float64Array.from(columns, (column) => column.toSorted()[count >> 1]);
  const scale = Float64Array.from(columns, (column, i) => {
    const distance = column.reduce((sum, value) => sum + Math.abs(value - centre[i]) / count, 0);
    return 2 ** Math.round(Math.log2(distance)) || 1;
  });
  return { centre, scale };
}

/** The units in which inputs are as they were before: `x = (x' + centre / scale) · scale`. */
export function inverse({ centre, scale }: Units): Units {
  return { centre: centre.map((value, i) => -value / scale[i]), scale: scale.map((value) => 1 / value) };
}

/** Samples with their inputs in other units. */
export function samplesIn({ centre, scale }: Units, { x, ...rest }: Samples): Samples {
  const width = centre.length + 1; // behind the inputs stands a 1
  const scaled = x.map((value, at) => {
    const i = at % width;
    return i === centre.length ? value : (value - centre[i]) / scale[i];
  });
  return { ...rest, x: scaled };
}

/** The same mixture for inputs in other units: of every gate and expert `w' = w · scale`, `b' = b + Σ w · centre`. */
export function numbersIn({ centre, scale }: Units, { gates, experts, logVariance }: Numbers): Numbers {
  const bias = centre.length;
  const moved = (values: Float64Array) => {
    const columns = values.length / (bias + 1);
    const next = values.slice();
    for (let i = 0; i < bias; i++) {
      for (let k = 0; k < columns; k++) {
        next[i * columns + k] *= scale[i];
        next[bias * columns + k] += values[i * columns + k] * centre[i];
      }
    }
    return next;
  };
  return { gates: gates.map(moved), experts: experts.map(moved), logVariance };
}
