import { assertEquals, assertRejects } from "@std/assert";
import { writeAll, writeWhole } from "../../datasets/partial.ts";
import { inFolder, names } from "../in_folder.ts";

Deno.test("writeWhole() replaces a file at once, and keeps the old one when writing fails", async () => {
  await inFolder(async (folder) => {
    const write = (text: string, fail = false) =>
      writeWhole(`${folder}/new`, "file", async (file) => {
        await writeAll(file, new TextEncoder().encode(text));
        if (fail) throw new Error("no space left");
      });
    assertEquals(await write("first"), `${folder}/new/file`);
    await write("second");
    await assertRejects(() => write("third", true), Error, "no space left");
    assertEquals(await Deno.readTextFile(`${folder}/new/file`), "second");
    assertEquals(await names(`${folder}/new`), ["file"]);
  });
});

Deno.test("writeWhole() leaves nothing, not even the folder, when the first file fails", async () => {
  await inFolder(async (folder) => {
    const write = () => writeWhole(`${folder}/new`, "file", () => Promise.reject(new Error("no space left")));
    await assertRejects(write, Error, "no space left");
    assertEquals(await names(folder), []);
  });
});

Deno.test("writeWhole() removes what killed processes left of any file, and nothing that may be in use", async () => {
  await inFolder(async (folder) => {
    const old = new Date(Date.now() - 2 * 3_600_000);
    for (const name of ["file.1.partial", "other.2.partial", "other.3.partial", "other"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "half");
      if (name !== "other.3.partial") await Deno.utime(`${folder}/${name}`, old, old);
    }
    await writeWhole(folder, "file", () => Promise.resolve());
    assertEquals(await names(folder), ["file", "other", "other.3.partial"]);
  });
});
