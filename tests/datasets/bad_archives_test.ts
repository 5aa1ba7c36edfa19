import { assertEquals, assertStringIncludes } from "@std/assert";
import { openFiles } from "../../datasets/picture_files.ts";
import { inFolder } from "../in_folder.ts";
import { contents, type Files, gzipped, noise, refusal, tarOf, text, zipHeaders, zipOf } from "./archives.ts";

/** Where the entry of a ZIP archive's last file stands in its directory. */
const lastEntry = (zip: Uint8Array): number => zipHeaders(zip, "directory").at(-1)!;

Deno.test("an archive with an absolute path, .. or a name twice is refused, naming the entry", async () => {
  const archives = [tarOf, zipOf, async (files: Files) => gzipped(await tarOf(files))];
  for (const archive of archives) {
    const refused = async (name: string) => await refusal(await archive({ "a.txt": text("a"), [name]: text("b") }));
    assertEquals(
      await refused("/etc/passwd.jpg"),
      "Cannot use entry /etc/passwd.jpg of archive: found an absolute path, expected a relative one",
    );
    assertStringIncludes(await refused("C:\\windows\\1.jpg"), "found an absolute path");
    assertEquals(
      await refused("x/../../1.jpg"),
      "Cannot use entry x/../../1.jpg of archive: found a path with .., expected one that stays inside",
    );
    assertEquals(
      await refused("./a.txt"),
      "Cannot use entry ./a.txt of archive: found it a second time, expected every file once",
    );
  }
});

Deno.test("an archive with an absolute path or .. is refused for folders, too", async () => {
  const zip = async (name: string) => {
    const archive = await zipOf({ "a.txt": text("a"), "x/y/": new Uint8Array() });
    const old = new TextEncoder().encode("x/y/");
    const places = [...archive.keys()].filter((i) => old.every((byte, k) => archive[i + k] === byte));
    for (const place of places) archive.set(new TextEncoder().encode(name), place);
    return archive;
  };
  const tar = (name: string) => tarOf({ "a.txt": text("a") }, [{ name, type: "directory" }]);
  for (const archive of [zip, tar]) {
    assertEquals(
      await refusal(await archive("../x")),
      "Cannot use entry ../x of archive: found a path with .., expected one that stays inside",
    );
    assertEquals(
      await refusal(await archive("/ab/")),
      "Cannot use entry /ab/ of archive: found an absolute path, expected a relative one",
    );
  }
});

Deno.test("openFiles() reads names with a colon, which are no drives of Windows", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/tar`, await tarOf({ "a:1/x.txt": text("x") }));
    assertEquals((await (await openFiles(`${folder}/tar`)).list()).map(({ name }) => name), ["a:1/x.txt"]);
  });
});

Deno.test("an archive with links or devices is refused, naming the entry", async () => {
  const refused = async (type: "symlink" | "link" | "fifo") =>
    await refusal(await tarOf({}, [{ name: "x/1.jpg", type, linkname: "/etc/passwd" }]));
  const expected = "expected files and folders alone";
  assertEquals(await refused("symlink"), `Cannot use entry x/1.jpg of archive: found a link, ${expected}`);
  assertEquals(await refused("link"), `Cannot use entry x/1.jpg of archive: found a link, ${expected}`);
  assertEquals(await refused("fifo"), `Cannot use entry x/1.jpg of archive: found a fifo, ${expected}`);
  const tar = await tarOf({ "x/1.jpg": new Uint8Array() });
  tar[156] = "S".charCodeAt(0); // the type, which the check sum counts
  new TextEncoder().encodeInto("0000000", tar.subarray(148));
  const sum = tar.subarray(0, 512).reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
  new TextEncoder().encodeInto(`${sum.toString(8).padStart(6, "0")}\0 `, tar.subarray(148));
  assertEquals(
    await refusal(tar),
    "Cannot use entry x/1.jpg of archive: found a TAR entry of another kind, such as a sparse file or a volume label, " +
      expected,
  );
  const zip = await zipOf({ "x/1.jpg": text("/etc/passwd") });
  const kinds = [[1, "fifo"], [2, "character-device"], [6, "block-device"], [10, "link"], [12, "socket"], [
    14,
    "file of Unix kind 160000",
  ]];
  for (const [bits, kind] of kinds as [number, string][]) {
    zip[lastEntry(zip) + 41] = bits << 4; // the upper half of the attributes is the mode
    assertEquals(await refusal(zip), `Cannot use entry x/1.jpg of archive: found a ${kind}, ${expected}`);
  }
});

Deno.test("a ZIP archive with Unix modes of files alone, or with none, is read", async () => {
  await inFolder(async (folder) => {
    const zip = await zipOf({ "x/1.jpg": text("one") });
    for (const bits of [0, 8]) {
      zip[lastEntry(zip) + 41] = bits << 4;
      await Deno.writeFile(`${folder}/zip`, zip);
      assertEquals((await (await openFiles(`${folder}/zip`)).list()).map(({ name }) => name), ["x/1.jpg"]);
    }
  });
});

Deno.test("an archive that unpacks to more than 100 times its size is refused, naming the entry", async () => {
  const bomb = { "good.jpg": noise(50), "zeros.jpg": new Uint8Array(1_000_000) };
  for (const archive of [await zipOf(bomb), gzipped(await tarOf(bomb))]) {
    assertEquals(
      await refusal(archive),
      `Cannot use entry zeros.jpg of archive: found contents of 1000050 bytes in an archive of ${archive.length}, ` +
        "expected at most 100 times its size",
    );
  }
  const padded = gzipped(new Uint8Array([...await tarOf({ "a.txt": noise(50) }), ...new Uint8Array(4_000_000)]));
  assertStringIncludes(await refusal(padded), "Cannot use entry behind the last file of archive: found contents of");
  const dense = { "a.jpg": noise(5000), "zeros.jpg": new Uint8Array(400_000) };
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/zip`, await zipOf(dense));
    assertEquals((await (await openFiles(`${folder}/zip`)).list()).length, 2);
  });
});

Deno.test("a file of a ZIP archive that is more than it announces is faulty, before that is in memory", async () => {
  await inFolder(async (folder) => {
    const zip = await zipOf({ "b.txt": noise(300), "a.txt": text("a".repeat(500)) });
    new DataView(zip.buffer).setUint32(lastEntry(zip) + 24, 100, true);
    await Deno.writeFile(`${folder}/zip`, zip);
    const found = await contents(await openFiles(`${folder}/zip`), ["a.txt", "b.txt"]);
    assertEquals(found["b.txt"], noise(300));
    assertStringIncludes(
      new TextDecoder().decode(found["a.txt"]),
      "is damaged (Cannot create a Buffer larger than 100",
    );
  });
});

Deno.test("a file of a ZIP archive that is packed another way is named with that", async () => {
  await inFolder(async (folder) => {
    const zip = await zipOf({ "a.txt": text("a"), "b.txt": text("b") });
    zip[lastEntry(zip) + 10] = 14; // LZMA
    await Deno.writeFile(`${folder}/zip`, zip);
    const found = await contents(await openFiles(`${folder}/zip`), ["a.txt", "b.txt"]);
    assertEquals(found, {
      "a.txt": text("a"),
      "b.txt": text("is packed by compression method 14, expected 0 (stored) or 8 (deflated)"),
    });
  });
});

Deno.test("a file of a ZIP archive with a bit of its content changed is faulty or as it was, and the others are as they were", async () => {
  await inFolder(async (folder) => {
    const files = { "a.txt": noise(60), "b.txt": text("b".repeat(200)) };
    for (const level of [0, 6]) {
      const whole = await zipOf(files, { level });
      const view = new DataView(whole.buffer);
      const start = 30 + view.getUint16(26, true) + view.getUint16(28, true);
      const faults = new Set<string>();
      for (let place = start; place < start + 60; place++) {
        await Deno.writeFile(`${folder}/zip`, whole.with(place, whole[place] ^ 1));
        const { "a.txt": a, "b.txt": b } = await contents(await openFiles(`${folder}/zip`), Object.keys(files));
        assertEquals(b, files["b.txt"]);
        if (a.join() !== files["a.txt"].join()) faults.add(new TextDecoder().decode(a).replace(/\(.*\)/, "(…)"));
      }
      assertEquals([...faults], ["is damaged (…), expected what was packed"]);
    }
  });
});

Deno.test("a damaged archive is refused and named: cut short, with a directory that leads astray, or packed badly", async () => {
  const files = { "a.txt": noise(3000), "b.txt": noise(3000) };
  for (const archive of [await zipOf(files), gzipped(await tarOf(files)), await tarOf(files)]) {
    const length = Math.floor(0.6 * archive.length);
    const message = await refusal(archive.subarray(0, length));
    assertStringIncludes(message, `Cannot read archive: found ${length} bytes of faulty `);
    assertStringIncludes(message, ", expected a whole archive");
  }
  const zip = await zipOf(files);
  const second = zipHeaders(zip, "contents")[1];
  zip[second] ^= 1;
  assertEquals(
    await refusal(zip),
    "Cannot unpack b.txt of archive: found a faulty directory (no header where it is announced), expected an intact archive",
  );
  const tgz = gzipped(await tarOf(files));
  tgz[tgz.length - 6] ^= 1;
  assertStringIncludes(await refusal(tgz), "bytes of faulty gzip or TAR (");
});

Deno.test("a TAR archive that ends between two files, without zeros behind them, is refused as cut short", async () => {
  const tar = await tarOf({ "a.txt": text("a"), "b.txt": new Uint8Array(512) }); // the last file ends with zeros itself
  const end = tar.length - 1024;
  for (const length of [1024, end]) {
    const cut = tar.subarray(0, length);
    const message = `of faulty TAR (cut short: no block of zeros behind the last file), expected a whole archive`;
    assertEquals(await refusal(cut), `Cannot read archive: found ${length} bytes ${message}`);
    assertStringIncludes(await refusal(gzipped(cut)), "(cut short: no block of zeros behind the last file)");
  }
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/tar`, tar.subarray(0, end + 512));
    assertEquals((await (await openFiles(`${folder}/tar`)).list()).length, 2);
  });
});

Deno.test("an encrypted ZIP archive is refused", async () => {
  const zip = await zipOf({ "a.txt": text("secret") });
  zip[lastEntry(zip) + 8] |= 1;
  assertStringIncludes(await refusal(zip), "Cannot use entry a.txt of archive: found encrypted content");
});
