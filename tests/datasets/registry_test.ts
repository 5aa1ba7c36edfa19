import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DATASET_NAMES, datasetName, isToy, loadDataset } from "../../datasets/registry.ts";
import { TOY_NAMES } from "../../datasets/toys.ts";

/** Sets that need no files. */
const DRAWN = ["glyphs", ...TOY_NAMES];

Deno.test("datasetName() names the nearest known set when it is asked for an unknown one", () => {
  for (const name of DATASET_NAMES) assertEquals(datasetName(name), name);
  const { message } = assertThrows(() => datasetName("fashon-mnist"), RangeError);
  assertEquals(
    message,
    `Cannot find data set fashon-mnist: it is unknown, expected one of ${
      DATASET_NAMES.join(", ")
    }; the nearest is fashionmnist`,
  );
  assertThrows(() => datasetName("constructor"), RangeError, "it is unknown");
});

Deno.test("isToy() tells points from pictures", () => {
  assertEquals(DATASET_NAMES.filter(isToy), [...TOY_NAMES]);
  assertEquals(isToy("constructor"), false);
});

Deno.test("loadDataset() rejects for an unknown name and looks into dataDir for a known one", async () => {
  await assertRejects(() => loadDataset("mnits"), RangeError, "the nearest is mnist");
  const dataDir = await Deno.makeTempDir();
  try {
    for (const name of DATASET_NAMES.filter((name) => !DRAWN.includes(name) && name !== "folder")) {
      await assertRejects(() => loadDataset(name, { dataDir }), Deno.errors.NotFound, `Cannot find data set ${name}: `);
    }
    await assertRejects(() => loadDataset("folder", { dataDir }), Deno.errors.NotFound, "Cannot find pictures in ");
  } finally {
    await Deno.remove(dataDir);
  }
});

Deno.test("loadDataset() draws sets that need no files", async () => {
  for (const name of TOY_NAMES) {
    const { shape, ...set } = await loadDataset(name, { split: "test" });
    assertEquals([set.name, shape], [name, [10_000, 1, 1, 2]]);
    await assertRejects(() => loadDataset(name, { size: 32 }), RangeError, `${name} with size 32: expected none`);
  }
  for (const name of DRAWN) {
    await assertRejects(
      () => loadDataset(name, { dataDir: "/data" }),
      RangeError,
      `Cannot load data set ${name} from /data: it is drawn by code, expected no --data-dir`,
    );
  }
  const { shape } = await loadDataset("glyphs", { split: "test", size: 16, channels: 3 });
  assertEquals(shape, [4000, 16, 16, 3]);
  await assertRejects(() => loadDataset("glyphs", { size: 8 }), RangeError, "size 8");
});
