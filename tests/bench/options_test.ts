/** Flags of `bench`, and one sentence for each that is wrong. */

import { assertEquals, assertThrows } from "@std/assert";
import { benchOptions, PARTS } from "../../bench/options.ts";

Deno.test("benchOptions() measures everything unless parts are named, and keeps their order", () => {
  assertEquals(benchOptions([])!.parts, PARTS);
  assertEquals(benchOptions(["growth", "peak"])!.parts, ["peak", "growth"]);
  assertEquals(benchOptions(["--help"]), null);
});

Deno.test("benchOptions() takes several presets and batches", () => {
  const { presets, batches, quick } = benchOptions(["--preset", "tiny", "--batch", "8", "--batch", "16", "--quick"])!;
  assertEquals([presets, batches, quick], [["tiny"], [8, 16], true]);
});

const WRONG: [args: string[], message: string][] = [
  [["kernel"], 'Cannot measure "kernel": expected one of peak, kernels'],
  [["--preset", "smal"], "the nearest is small"],
  [["--batch", "0"], "Cannot use --batch 0: expected a whole number from 1 to"],
  [["--batch", "many"], "Cannot use --batch many"],
  [["--iterations", "2.5"], "Cannot use --iterations 2.5"],
  [["--frobnicate"], "Unknown option '--frobnicate'"],
  [["--batch"], "Cannot use these flags"],
];
for (const [args, message] of WRONG) {
  Deno.test(`benchOptions() refuses ${args.join(" ")}`, () => {
    assertThrows(() => benchOptions(args), RangeError, message);
  });
}
