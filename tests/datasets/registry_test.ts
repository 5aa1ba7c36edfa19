import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DATASET_NAMES, datasetName, loadDataset } from "../../datasets/registry.ts";

Deno.test("datasetName() names the nearest known set when it is asked for an unknown one", () => {
  for (const name of DATASET_NAMES) assertEquals(datasetName(name), name);
  const { message } = assertThrows(() => datasetName("fashon-mnist"), RangeError);
  assertEquals(
    message,
    "Cannot find data set fashon-mnist: it is unknown, expected one of fashionmnist, mnist (the nearest is fashionmnist)",
  );
  assertThrows(() => datasetName("constructor"), RangeError, "it is unknown");
});

Deno.test("loadDataset() rejects for an unknown name and looks into dataDir for a known one", async () => {
  await assertRejects(() => loadDataset("mnits"), RangeError, "the nearest is mnist");
  const dataDir = await Deno.makeTempDir();
  try {
    for (const name of DATASET_NAMES) {
      await assertRejects(() => loadDataset(name, { dataDir }), Deno.errors.NotFound, `Cannot find data set ${name}: `);
    }
  } finally {
    await Deno.remove(dataDir);
  }
});
