import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DATASET_NAMES, datasetName, loadDataset } from "../../datasets/registry.ts";

/** Sets that need no files. */
const DRAWN = ["glyphs"];

Deno.test("datasetName() names the nearest known set when it is asked for an unknown one", () => {
  for (const name of DATASET_NAMES) assertEquals(datasetName(name), name);
  const { message } = assertThrows(() => datasetName("fashon-mnist"), RangeError);
  assertEquals(
    message,
    "Cannot find data set fashon-mnist: it is unknown, expected one of fashionmnist, glyphs, mnist (the nearest is fashionmnist)",
  );
  assertThrows(() => datasetName("constructor"), RangeError, "it is unknown");
});

Deno.test("loadDataset() rejects for an unknown name and looks into dataDir for a known one", async () => {
  await assertRejects(() => loadDataset("mnits"), RangeError, "the nearest is mnist");
  const dataDir = await Deno.makeTempDir();
  try {
    for (const name of DATASET_NAMES.filter((name) => !DRAWN.includes(name))) {
      await assertRejects(() => loadDataset(name, { dataDir }), Deno.errors.NotFound, `Cannot find data set ${name}: `);
    }
  } finally {
    await Deno.remove(dataDir);
  }
});

Deno.test("loadDataset() draws sets that need no files, whatever their split and size", async () => {
  for (const name of DRAWN) {
    const { shape, ...set } = await loadDataset(name, { split: "test", size: 16, channels: 3 });
    assertEquals([set.name, shape], [name, [4000, 16, 16, 3]]);
  }
  await assertRejects(() => loadDataset("glyphs", { size: 8 }), RangeError, "size 8");
});
