import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { contentKey, stampOf } from "../../datasets/content_key.ts";
import { openFiles } from "../../datasets/picture_files.ts";
import { inFolder, names } from "../in_folder.ts";
import { writeFiles, zipOf } from "./archives.ts";

const FILES = { "a/1.jpg": Uint8Array.of(1, 2, 3), "b/2.jpg": Uint8Array.of(4) };
const LONG_AGO = new Date("2020-01-01");

/** The key of a tree, with and without what is remembered in `folder/memo`. */
const keyOf = async (folder: string, name = "tree", memo: string | null = null) =>
  (await contentKey(await openFiles(`${folder}/${name}`), memo)).content;
const remembered = async (folder: string, name = "tree") => await keyOf(folder, name, `${folder}/memo`);

async function age(folder: string): Promise<void> {
  for (const { name } of await (await openFiles(folder)).list()) {
    await Deno.utime(`${folder}/${name}`, LONG_AGO, LONG_AGO);
  }
}

Deno.test("contentKey() depends on names and bytes, not on the place or the time", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, FILES);
    await writeFiles(`${folder}/copy`, FILES);
    await age(`${folder}/copy`);
    const key = await keyOf(folder);
    assertEquals(/^[0-9a-f]{64}$/.test(key), true);
    assertEquals(await keyOf(folder, "copy"), key);
    await Deno.writeFile(`${folder}/tree/a/1.jpg`, Uint8Array.of(1, 2, 4));
    assertNotEquals(await keyOf(folder), key);
    await Deno.writeTextFile(`${folder}/copy/a/notes.txt`, "no picture");
    assertEquals(await keyOf(folder, "copy"), key);
    await Deno.rename(`${folder}/copy/a/1.jpg`, `${folder}/copy/a/3.jpg`);
    assertNotEquals(await keyOf(folder, "copy"), key);
  });
});

Deno.test("contentKey() of an archive is that of its bytes, whatever it is called", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/one.zip`, await zipOf(FILES));
    await Deno.copyFile(`${folder}/one.zip`, `${folder}/two.zip`);
    assertEquals(await keyOf(folder, "one.zip"), await keyOf(folder, "two.zip"));
  });
});

Deno.test("contentKey() is remembered until a file has another length or time", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, FILES);
    await age(`${folder}/tree`);
    const key = await remembered(folder);
    const [memo] = await names(`${folder}/memo`);
    assertEquals(JSON.parse(await Deno.readTextFile(`${folder}/memo/${memo}`)).content, key);
    // Other bytes of the same length at the same time: only what is remembered can give the same key.
    await Deno.writeFile(`${folder}/tree/b/2.jpg`, Uint8Array.of(5));
    await age(`${folder}/tree`);
    assertEquals(await remembered(folder), key);
    await Deno.utime(`${folder}/tree/b/2.jpg`, LONG_AGO, new Date("2021-01-01"));
    assertEquals(await remembered(folder), await keyOf(folder));
    assertNotEquals(await remembered(folder), key);
  });
});

Deno.test("contentKey() does not remember files that have just been written, and reads again what is damaged", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, FILES);
    const key = await remembered(folder);
    assertEquals(await names(folder), ["tree"]);
    await age(`${folder}/tree`);
    await remembered(folder);
    const [memo] = await names(`${folder}/memo`);
    await Deno.writeTextFile(`${folder}/memo/${memo}`, '{"path"');
    assertEquals(await remembered(folder), key);
  });
});

Deno.test("contentKey() counts a file that cannot be read as such, and does not remember that", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, FILES);
    await age(`${folder}/tree`);
    const key = await keyOf(folder);
    const tree = await openFiles(`${folder}/tree`);
    await tree.list();
    await Deno.remove(`${folder}/tree/b/2.jpg`);
    const { content: gone } = await contentKey(tree, `${folder}/memo`);
    await Deno.mkdir(`${folder}/tree/b/2.jpg`);
    await Deno.utime(`${folder}/tree/b/2.jpg`, LONG_AGO, LONG_AGO);
    const { content: unread } = await contentKey(tree, `${folder}/memo`);
    assertNotEquals(unread, key);
    assertNotEquals(gone, key);
    assertEquals((await contentKey(tree, null)).content, unread);
    assertEquals(await names(folder), ["tree"]);
  });
});

Deno.test("stampOf() is another when a file has another length or time, or is gone, and else the same", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, FILES);
    await age(`${folder}/tree`);
    const tree = await openFiles(`${folder}/tree`);
    const { stamp } = await contentKey(tree, null);
    const texts = [stamp];
    const next = async (change: () => Promise<void>) => {
      await change();
      const { text } = await stampOf(tree);
      assertEquals((await stampOf(tree)).text, text);
      texts.push(text);
    };
    await next(() => Deno.writeFile(`${folder}/tree/b/2.jpg`, Uint8Array.of(5)));
    await next(() => Deno.truncate(`${folder}/tree/a/1.jpg`, 2));
    await next(() => Deno.remove(`${folder}/tree/b/2.jpg`));
    assertEquals(new Set(texts).size, 4);
  });
});

Deno.test("contentKey() stops with the signal's reason", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, FILES);
    const tree = await openFiles(`${folder}/tree`);
    await assertRejects(() => contentKey(tree, null, AbortSignal.abort(new Error("enough"))), Error, "enough");
  });
});
