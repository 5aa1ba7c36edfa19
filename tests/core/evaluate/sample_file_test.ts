import { assertEquals, assertRejects } from "@std/assert";
import { readSamples } from "../../../core/evaluate/sample_file.ts";
import { encodeNpy } from "../../../core/npy.ts";
import { RunError } from "../../../core/sampling/run.ts";
import { inFolder } from "../../in_folder.ts";

Deno.test("readSamples() reads channels first or last, bytes or numbers, and refuses other sizes and ranges", () =>
  inFolder(async (folder) => {
    const path = `${folder}/samples.npy`;
    const write = (shape: number[], data: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>) =>
      Deno.writeFile(path, encodeNpy({ shape, data }));
    const last = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17);
    await write([1, 2, 3, 3], last);
    const expected = { images: last, shape: [1, 2, 3, 3] };
    assertEquals(await readSamples(path, [2, 3, 3]), expected);
    const first = last.map((_, i) => last[(i % 6) * 3 + Math.floor(i / 6)]);
    await write([1, 3, 2, 3], first);
    assertEquals(await readSamples(path, [2, 3, 3]), expected);
    await write([2, 3, 3], last);
    assertEquals((await readSamples(path, [3, 3, 1])).shape, [2, 3, 3, 1]);
    const refused: [number, readonly [number, number, number], string][] = [
      [0.5, [4, 4, 1], "found an array [2,3,3], expected [n,4,4,1] or [n,4,4] or [n,1,4,4]"],
      [255, [3, 3, 1], "found pixels from 0 to 255, expected float32 in [-1, 1], or uint8"],
      [NaN, [3, 3, 1], "found pixels from NaN to NaN"],
      [1, [3, 3, 1], "found pixels from 0 to 1, expected float32 in [-1, 1], or uint8 (2 x - 1"],
      [-1.5, [3, 3, 1], "found 100 % of pixels outside of [-1, 1]"],
    ];
    for (const [value, image, message] of refused) {
      await write([2, 3, 3], new Float32Array(18).fill(value));
      await assertRejects(() => readSamples(path, image), RunError, message);
    }
    const few = Float32Array.from({ length: 900 }, (_, i) => i % 200 === 0 ? -1.5 : 0.5); // cut off where they are used
    await write([100, 3, 3], few);
    assertEquals((await readSamples(path, [3, 3, 1])).images, few);
    await assertRejects(() => readSamples(`${folder}/none.npy`, [1, 1, 2]), RunError, "found no such file");
    await Deno.writeTextFile(path, "text");
    await assertRejects(
      () => readSamples(path, [1, 1, 2]),
      RunError,
      `Cannot use samples ${path}: found a file that begins`,
    );
  }));
