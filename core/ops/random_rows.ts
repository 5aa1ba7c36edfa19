/**
 * Random numbers with a key for every row: a row depends on its own key alone, not on which rows are drawn beside it. So
 * requests with different seeds are drawn together and each gets what it would get alone.
 */

import { defineOp } from "../op.ts";
import { ShapeError } from "../shape.ts";
import type { Kernel, Tensor } from "../tensor.ts";
import { slice } from "./movement.ts";
import { fold } from "./workgroups.ts";
import philox from "../../shaders/random.wgsl" with { type: "text" };
import rows from "../../shaders/random_rows.wgsl" with { type: "text" };

const WORKGROUP = 64; // invocations; four numbers each
const WIDTH = 4; // numbers of one Philox call

/** Numbers in a row, and what tells apart several draws with the same keys. */
export interface RowDraw {
  columns: number;
  stream: number;
}

function randomRows(name: string, entryPoint: string) {
  const op = defineOp<[keys: Tensor], RowDraw>({
    name,
    inputs: ["u32"],
    dtype: "f32",
    shape: ([keys], { columns }) => {
      if (keys.length === 2 && keys[1] === 4 && columns >= 1) return [keys[0], columns];
      throw new ShapeError(`Cannot draw ${columns} numbers a row with keys of shape [${keys}]: expected [rows, 4]`);
    },
    kernel: (y, _, { columns, stream }): Kernel => {
      const groups = y.size / WIDTH;
      const workgroups = fold(Math.ceil(groups / WORKGROUP));
      return {
        shader: philox + rows,
        entryPoint,
        constants: {
          GROUPS: groups,
          ROW_GROUPS: columns / WIDTH,
          STREAM: stream,
          WORKGROUP,
          STRIDE: workgroups[0] * WORKGROUP,
        },
        operands: ["buffer"],
        width: WIDTH,
        workgroups,
      };
    },
    vjp: () => [null], // a key has no derivative
  });
  return (keys: Tensor, { columns, stream }: RowDraw): Tensor => {
    const drawn = op(keys, { columns: Math.ceil(columns / WIDTH) * WIDTH, stream });
    return slice(drawn, { start: [0, 0], shape: [keys.shape[0], columns] });
  };
}

/**
 * Numbers in [0, 1), multiples of 2⁻²⁴: row `i` is `uniform(keys[i], { shape: [columns], stream })`.
 *
 * @param keys `[rows, 4]`, `u32`: seed low, seed high, step, round
 * @returns `[rows, columns]`
 * @throws {ShapeError} If the keys have another shape
 * @throws {TypeError} If the keys are not `u32`
 */
export const uniformRows: (keys: Tensor, draw: RowDraw) => Tensor = randomRows("uniformRows", "uniform_rows");

/**
 * Normal numbers of mean 0 and variance 1: row `i` is `normal(keys[i], { shape: [columns], stream })`.
 *
 * @param keys `[rows, 4]`, `u32`: seed low, seed high, step, round
 * @returns `[rows, columns]`
 * @throws {ShapeError} If the keys have another shape
 * @throws {TypeError} If the keys are not `u32`
 */
export const normalRows: (keys: Tensor, draw: RowDraw) => Tensor = randomRows("normalRows", "normal_rows");
