import { assertEquals, assertRejects } from "@std/assert";
import { folderLabels, loadFolder } from "../../datasets/folder.ts";
import { inFolder } from "../in_folder.ts";
import { shade, writeFiles } from "./archives.ts";

Deno.test("folderLabels() takes the first folder as the class, in the order of names", () => {
  assertEquals(folderLabels(["b/1.jpg", "a/x/2.jpg", "a/3.jpg", "B/4.jpg"]), {
    labels: [2, 1, 1, 0],
    classNames: ["B", "a", "b"],
  });
});

Deno.test("folderLabels() calls classes by names that can be printed", () => {
  assertEquals(folderLabels(["a\x1b[2J/1.jpg", "b\n/1.jpg"])?.classNames, ["a\\x1b[2J", "b\\x0a"]);
});

Deno.test("folderLabels() gives none for pictures beside folders, or without any", () => {
  assertEquals(folderLabels(["1.jpg", "2.jpg"]), null);
  assertEquals(folderLabels(["1.jpg", "a/2.jpg"]), null);
});

Deno.test("loadFolder() loads a folder without classes, in colour and 64x64", async () => {
  await inFolder(async (dataDir) => {
    await writeFiles(dataDir, { "1.png": await shade(9, { width: 80, height: 64 }), "notes.txt": new Uint8Array(3) });
    const { name, shape, labels, classNames, images } = await loadFolder({ dataDir, env: () => undefined });
    assertEquals([name, shape, labels, classNames], ["folder", [1, 64, 64, 3], null, []]);
    assertEquals(images.every((value) => value === 9), true);
  });
});

Deno.test("loadFolder() asks for a folder", async () => {
  const { message } = await assertRejects(() => loadFolder(), RangeError);
  assertEquals(
    message,
    "Cannot load data set folder: --data-dir is not given, expected a folder or archive of pictures",
  );
});
