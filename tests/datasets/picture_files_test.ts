import { assertEquals, assertRejects } from "@std/assert";
import { openFiles } from "../../datasets/picture_files.ts";
import { inFolder } from "../in_folder.ts";
import { contents, type Files, gzipped, noise, refusal, tarOf, text, writeFiles, zipOf } from "./archives.ts";

const FILES: Files = {
  "b/2.txt": text("second ".repeat(20)),
  "b/1.txt": text("first"),
  "a.txt": noise(100_000), // longer than a block of any format
  "b/c/empty": new Uint8Array(),
};
const LISTED = ["a.txt", "b/1.txt", "b/2.txt", "b/c/empty"].map((name) => ({ name, size: FILES[name].length }));

Deno.test("openFiles() lists and reads folders, ZIP, TAR and packed TAR alike, whatever their names", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, FILES);
    await Deno.writeFile(`${folder}/zip`, await zipOf(FILES));
    await Deno.writeFile(`${folder}/stored`, await zipOf(FILES, { level: 0 }));
    await Deno.writeFile(`${folder}/tar`, await tarOf(FILES, [{ name: "b/", type: "directory" }]));
    await Deno.writeFile(`${folder}/tgz`, gzipped(await tarOf(FILES)));
    for (const name of ["tree", "zip", "stored", "tar", "tgz"]) {
      const tree = await openFiles(`${folder}/${name}`);
      assertEquals(await tree.list(), LISTED, name);
      assertEquals(await contents(tree, Object.keys(FILES)), FILES, name);
      assertEquals(await contents(tree, ["b/1.txt"]), { "b/1.txt": FILES["b/1.txt"] }, name);
    }
  });
});

Deno.test("openFiles() reads a packed TAR of several gzip streams, filled up with zeros", async () => {
  await inFolder(async (folder) => {
    const tar = await tarOf(FILES);
    const parts = [gzipped(tar.subarray(0, 1000)), gzipped(tar.subarray(1000)), new Uint8Array(1024)];
    await Deno.writeFile(`${folder}/tgz`, new Uint8Array(await new Blob(parts).arrayBuffer()));
    assertEquals(await contents(await openFiles(`${folder}/tgz`), Object.keys(FILES)), FILES);
  });
});

Deno.test("openFiles() gives plain names to entries that start with ./ or have back slashes", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/tar`, await tarOf({ "./a/./b.txt": text("b"), "c\\d.txt": text("d") }));
    const tree = await openFiles(`${folder}/tar`);
    assertEquals((await tree.list()).map(({ name }) => name), ["a/b.txt", "c/d.txt"]);
    assertEquals(await contents(tree, ["a/b.txt"]), { "a/b.txt": text("b") });
  });
});

Deno.test("openFiles() follows links to files in a folder, not to folders, and tells of those that lead nowhere", async () => {
  await inFolder(async (folder) => {
    await writeFiles(folder, { "a/1.txt": text("one") });
    await Deno.symlink(`${folder}/a/1.txt`, `${folder}/link.txt`);
    await Deno.symlink(folder, `${folder}/a/circle`);
    await Deno.symlink(`${folder}/none`, `${folder}/nothing`);
    const tree = await openFiles(folder);
    assertEquals(await contents(tree, (await tree.list()).map(({ name }) => name)), {
      "a/1.txt": text("one"),
      "link.txt": text("one"),
      "nothing": text("cannot be read (No such file or directory), expected a readable file"),
    });
  });
});

Deno.test("openFiles() tells of files whose names are not UTF-8", {
  ignore: Deno.build.os !== "linux", // other systems have no such names
}, async () => {
  await inFolder(async (folder) => {
    const { success } = await new Deno.Command("sh", {
      args: [
        "-c",
        `cd "$1" && : > "$(printf 'a\\374.jpg')" && : > "$(printf 'a\\377.jpg')" && : > 'a�b.jpg'`,
        "sh",
        folder,
      ],
    }).output();
    assertEquals(success, true);
    const fault = "has a name that is not UTF-8, expected one that is";
    assertEquals(await (await openFiles(folder)).list(), [
      { name: "a�.jpg", size: 0, fault },
      { name: "a�.jpg", size: 0, fault },
      { name: "a�b.jpg", size: 0 },
    ]);
  });
});

Deno.test("openFiles() does not look into folders that systems leave behind", async () => {
  await inFolder(async (folder) => {
    await writeFiles(folder, { "a/1.txt": text("one"), ".Trash/2.txt": text("two"), "a/.git/3.txt": text("three") });
    await writeFiles(folder, { "__MACOSX/4.txt": text("four") });
    assertEquals((await (await openFiles(folder)).list()).map(({ name }) => name), ["a/1.txt"]);
  });
});

Deno.test("read() tells of a file in a folder that cannot be read, and goes on with the others", async () => {
  await inFolder(async (folder) => {
    await writeFiles(folder, { "1.txt": text("one"), "2.txt": text("two"), "3.txt": text("three") });
    const tree = await openFiles(folder);
    const listed = (await tree.list()).map(({ name }) => name);
    await Deno.remove(`${folder}/1.txt`);
    await Deno.remove(`${folder}/2.txt`);
    await Deno.mkdir(`${folder}/2.txt`);
    assertEquals(await contents(tree, listed), {
      "1.txt": text("cannot be read (No such file or directory), expected a readable file"),
      "2.txt": text("cannot be read (Is a directory), expected a readable file"),
      "3.txt": text("three"),
    });
  });
});

Deno.test("openFiles() says what is in the place of a folder or archive", async () => {
  await inFolder(async (folder) => {
    const { message } = await assertRejects(() => openFiles(`${folder}/none`), Deno.errors.NotFound);
    assertEquals(
      message,
      `Cannot open ${folder}/none: no such file or directory, expected a readable folder, ZIP or TAR archive`,
    );
    await Deno.writeFile(`${folder}/file`, new Uint8Array());
    const inside = await assertRejects(() => openFiles(`${folder}/file/a`));
    assertEquals(
      (inside as Error).message,
      `Cannot open ${folder}/file/a: not a directory, expected a readable folder, ZIP or TAR archive`,
    );
  });
  const end = ", expected a folder, ZIP or TAR archive";
  assertEquals(await refusal(text("<!DOCTYPE html>")), `Cannot open archive: found an HTML page${end}`);
  assertEquals(await refusal(text("Rar!....")), `Cannot open archive: found a RAR archive${end}`);
  assertEquals(await refusal(new Uint8Array()), `Cannot open archive: found an empty file${end}`);
  const long = new Uint8Array(2000).fill(7);
  assertEquals(await refusal(long), `Cannot open archive: found 2000 bytes that start with 7, 7, 7, 7${end}`);
});

Deno.test("listing and reading stop with the signal's reason", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, FILES);
    await Deno.writeFile(`${folder}/zip`, await zipOf(FILES));
    await Deno.writeFile(`${folder}/tgz`, gzipped(await tarOf(FILES)));
    const reason = new Error("enough");
    for (const name of ["tree", "zip", "tgz"]) {
      const tree = await openFiles(`${folder}/${name}`);
      const listed = await tree.list(AbortSignal.abort(reason)).catch((error: unknown) => error);
      assertEquals(listed === reason, true, name);
      const stop = new AbortController();
      const read = async () => {
        for await (const _ of tree.read(new Set(Object.keys(FILES)), stop.signal)) stop.abort(reason);
      };
      assertEquals(await read().catch((error: unknown) => error) === reason, true, name);
    }
  });
});

Deno.test("read() closes its file when whoever reads stops early", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/zip`, await zipOf(FILES));
    await Deno.writeFile(`${folder}/tgz`, gzipped(await tarOf(FILES)));
    for (const name of ["zip", "tgz"]) {
      const tree = await openFiles(`${folder}/${name}`);
      for await (const _ of tree.read(new Set(Object.keys(FILES)))) break;
    }
  });
});
