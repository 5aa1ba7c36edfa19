/** Files of results: one an adapter, figures replaced where they were measured again. */

import { assertEquals } from "@std/assert";
import { addResults, type Machine, merged, originOf, pathOf, readResults, slugOf } from "../../bench/results.ts";
import { inFolder } from "../in_folder.ts";

const origin = await originOf({ quick: true, tune: false });
const found = (figures: unknown) => ({ origin, figures });
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
  const steps = { "small 64": found(1), "paper 64": found(2) };
  const old = { machine: MACHINE, measurements: { steps, peak: { adapter: found(3) } } };
  const { measurements } = merged(old, MACHINE, { steps: { "small 64": found(4) } });
  assertEquals(measurements, { steps: { ...steps, "small 64": found(4) }, peak: { adapter: found(3) } });
});

Deno.test("merged() drops what another machine measured", () => {
  const old = { machine: { ...MACHINE, cores: 64 }, measurements: { peak: { adapter: found(3) } } };
  assertEquals(merged(old, MACHINE, { steps: {} }).measurements, { steps: {} });
});

Deno.test("addResults() writes a file that readResults() reads, and six digits of a number", async () => {
  await inFolder(async (folder) => {
    await addResults(folder, MACHINE, { peak: { adapter: found(1) } });
    const results = await addResults(folder, MACHINE, { steps: { "small 64": found(1 / 3) } });
    assertEquals(Object.keys(results.measurements), ["peak", "steps"]);
    const { measurements } = (await readResults(pathOf(folder, MACHINE)))!;
    assertEquals(measurements.steps["small 64"].figures, 0.333333);
    assertEquals(measurements.peak, {
      adapter: { origin: { ...origin, load: measurements.peak.adapter.origin.load }, figures: 1 },
    });
  });
});

Deno.test("readResults() drops what another version of the method measured", async () => {
  await inFolder(async (folder) => {
    const older = { origin: { ...origin, methodVersion: origin.methodVersion - 1 }, figures: 1 };
    await addResults(folder, MACHINE, { peak: { adapter: older }, steps: { "small 64": found(2), "paper 64": older } });
    const { measurements } = (await readResults(pathOf(folder, MACHINE)))!;
    assertEquals(Object.entries(measurements).map(([part, entries]) => [part, Object.keys(entries)]), [
      ["steps", ["small 64"]],
    ]);
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
