/** Files of results: one an adapter, figures replaced where they were measured again. */

import { assertEquals } from "@std/assert";
import { addResults, type Machine, merged, pathOf, readResults, slugOf } from "../../bench/results.ts";
import { inFolder } from "../in_folder.ts";

const MACHINE: Machine = {
  adapter: "llvmpipe (LLVM 15.0.6, 256 bits)",
  adapterInfo: {},
  software: true,
  processor: "any",
  cores: 2,
  system: "linux",
};

Deno.test("slugOf() makes a file name of any adapter", () => {
  assertEquals(slugOf(MACHINE.adapter), "llvmpipe-llvm-15-0-6-256-bits");
  assertEquals(slugOf("NVIDIA GeForce RTX 4090"), "nvidia-geforce-rtx-4090");
  assertEquals(slugOf("…"), "adapter");
});

Deno.test("merged() replaces what was measured again and keeps the rest", () => {
  const old = { machine: MACHINE, measurements: { steps: { "small 64": 1, "paper 64": 2 }, peak: { adapter: 3 } } };
  const { measurements } = merged(old, MACHINE, { steps: { "small 64": 4 } });
  assertEquals(measurements, { steps: { "small 64": 4, "paper 64": 2 }, peak: { adapter: 3 } });
});

Deno.test("merged() drops what another machine measured", () => {
  const old = { machine: { ...MACHINE, cores: 64 }, measurements: { peak: { adapter: 3 } } };
  assertEquals(merged(old, MACHINE, { steps: {} }).measurements, { steps: {} });
});

Deno.test("addResults() writes a file that readResults() reads, and six digits of a number", async () => {
  await inFolder(async (folder) => {
    await addResults(folder, MACHINE, { peak: { adapter: 1 } });
    const results = await addResults(folder, MACHINE, { steps: { "small 64": 1 / 3 } });
    assertEquals(Object.keys(results.measurements), ["peak", "steps"]);
    const found = await readResults(pathOf(folder, MACHINE));
    assertEquals(found?.measurements, { peak: { adapter: 1 }, steps: { "small 64": 0.333333 } });
  });
});

Deno.test("readResults() begins anew where there is no file, or a damaged one", async () => {
  await inFolder(async (folder) => {
    assertEquals(await readResults(`${folder}/none.json`), null);
    for (const text of ["", "{", "null", "[]", '{"machine":{}}']) {
      await Deno.writeTextFile(`${folder}/damaged.json`, text);
      assertEquals(await readResults(`${folder}/damaged.json`), null, text);
    }
  });
});
