import { assert, assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../../core/sampling/run.ts";
import { checkFolder, checkWritable, writeNamed, writeWhole } from "../../core/sampling/write.ts";
import { inFolder, names } from "../in_folder.ts";

Deno.test("writeWhole() writes all pieces, replaces, and leaves nothing else behind", () =>
  inFolder(async (folder) => {
    const path = `${folder}/file.bin`;
    await writeWhole(path, "before");
    await writeWhole(path, [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)]);
    assertEquals(await Deno.readFile(path), Uint8Array.of(1, 2, 3));
    assertEquals(await names(folder), ["file.bin"]);
  }));

Deno.test("writeWhole() twice at the same time leaves one of both files, whole", () =>
  inFolder(async (folder) => {
    const texts = ["a", "b"].map((letter) => letter.repeat(1_000_000));
    await Promise.all(texts.map((text) => writeWhole(`${folder}/file.txt`, text)));
    assert(texts.includes(await Deno.readTextFile(`${folder}/file.txt`)));
    assertEquals(await names(folder), ["file.txt"]);
  }));

Deno.test("writeWhole() keeps the old file and says why when it cannot write", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/file.bin`); // a folder cannot be replaced by a file
    await assertRejects(() => writeWhole(`${folder}/file.bin`, "x"), RunError, `Cannot write ${folder}/file.bin: `);
    await assertRejects(
      () => writeWhole(`${folder}/`, "x"),
      RunError,
      `Cannot write ${folder}/: it is a folder, expected a file`,
    );
    assertEquals(await names(folder), ["file.bin"]);
    await assertRejects(
      () => writeWhole(`${folder}/none/file.bin`, "x"),
      RunError,
      `Cannot write ${folder}/none/file.bin: there is no such folder, expected one that is there`,
    );
  }));

Deno.test("checkWritable() says what would keep a file from being written, and leaves nothing behind", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/old.txt`, "before");
    await checkWritable(`${folder}/old.txt`);
    await checkWritable(`${folder}/new.txt`);
    assertEquals([await names(folder), await Deno.readTextFile(`${folder}/old.txt`)], [["old.txt"], "before"]);
    const refused: [path: string, reason: string][] = [
      [folder, "it is a folder, expected a file"],
      [`${folder}/`, "it is a folder, expected a file"],
      [`${folder}/none/new.txt`, "there is no such folder, expected one that is there"],
      [`${folder}/old.txt/new.txt`, "a part of the path is a file, expected a folder"],
    ];
    for (const [path, reason] of refused) {
      await assertRejects(() => checkWritable(path), RunError, `Cannot write ${path}: ${reason}`);
    }
  }));

Deno.test("checkFolder() says what would keep files from being written into a folder, and makes none", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/old.txt`, "before");
    for (const path of [folder, `${folder}/`, `${folder}/new`, `${folder}/new/inner/`]) await checkFolder(path);
    assertEquals(await names(folder), ["old.txt"]);
    for (const path of [`${folder}/old.txt`, `${folder}/old.txt/new`]) {
      const message = `Cannot write into ${path}: a part of the path is a file, expected a folder; do`;
      await assertRejects(() => checkFolder(path, "; do"), RunError, message);
    }
  }));

Deno.test(
  "writeNamed() writes into a pipe and leaves it one",
  { ignore: Deno.build.os === "windows" },
  () =>
    inFolder(async (folder) => {
      const pipe = `${folder}/pipe`;
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      await checkWritable(pipe);
      const [text] = await Promise.all([Deno.readTextFile(pipe), writeNamed(pipe, "content")]);
      assertEquals([text, (await Deno.stat(pipe)).isFile, await names(folder)], ["content", false, ["pipe"]]);
      await writeNamed(`${folder}/file.txt`, "content");
      assertEquals(await Deno.readTextFile(`${folder}/file.txt`), "content");
    }),
);
