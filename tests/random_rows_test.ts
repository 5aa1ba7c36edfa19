import { assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { normalRows, uniformRows } from "../core/ops/random_rows.ts";
import { keyWords } from "../core/ops/random.ts";
import { constant, zeros } from "../core/ops/source.ts";
import type { AdapterTraits, Tensor } from "../core/tensor.ts";
import { Dispatch, openDevice, pipelineOf } from "./dispatch.ts";
import { normalNumbers, uniformNumbers } from "./reference/philox.ts";

const SEEDS = [0, 7, 2 ** 53 - 1];
const KEYS = Uint32Array.from(SEEDS.flatMap((seed, i) => [...keyWords(seed, i, 2 * i)]));
const STREAM = 3;
const TOLERANCE = 1e-5; // f32 logarithm, sine and cosine against double precision

/** Runs the kernel of a draw; a slice is taken by hand. */
async function drawn(y: Tensor): Promise<number[][]> {
  const device = await openDevice();
  if (device === null) throw new Error("Cannot test on this machine: no adapter, expected one");
  try {
    const op = y.op.name === "slice" ? y.inputs[0] : y;
    const [kernel] = [op.op.kernel!(op, {} as AdapterTraits)].flat();
    const dispatch = new Dispatch(device, kernel, await pipelineOf(device, kernel), [bits(KEYS)], op.size);
    const values = await dispatch.run();
    return SEEDS.map((_, row) => [...values.subarray(row * op.shape[1], row * op.shape[1] + y.shape[1])]);
  } finally {
    device.destroy();
  }
}

const bits = (words: Uint32Array<ArrayBuffer>): Float32Array<ArrayBuffer> => new Float32Array(words.buffer);
const keyOf = (row: number): Uint32Array => KEYS.subarray(4 * row, 4 * row + 4);

Deno.test("uniformRows() draws each row as uniform() does with its key, for any number of columns", async () => {
  for (const columns of [1, 64, 301]) {
    const rows = await drawn(uniformRows(constant(KEYS, [3, 4]), { columns, stream: STREAM }));
    rows.forEach((row, i) => assertEquals(row, [...uniformNumbers(columns, STREAM, keyOf(i))]));
  }
});

Deno.test("normalRows() draws each row as normal() does with its key", async () => {
  const rows = await drawn(normalRows(constant(KEYS, [3, 4]), { columns: 100, stream: STREAM }));
  rows.forEach((row, i) => {
    const expected = normalNumbers(100, STREAM, keyOf(i));
    row.forEach((value, j) => assertAlmostEquals(value, expected[j], TOLERANCE));
  });
});

Deno.test("normalRows() refuses keys that are no rows of four", () => {
  const error = assertThrows(() => normalRows(zeros([4]), { columns: 8, stream: 0 }));
  assertStringIncludes((error as Error).message, "keys of shape [4]: expected [rows, 4]");
});
