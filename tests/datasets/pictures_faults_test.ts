import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { inFolder, names } from "../in_folder.ts";
import { shade, tarOf, writeFiles, zipHeaders, zipOf } from "./archives.ts";
import { firsts, load, named, shades } from "./shades.ts";

const LONG_AGO = new Date("2020-01-01");

Deno.test("loadPictures() leaves out up to 1 % of faulty pictures and names them each time", async () => {
  await inFolder(async (folder) => {
    const files: Record<string, Uint8Array<ArrayBuffer>> = { ...await shades(named("train", 200)) };
    const [small, cut] = [named("train", 200)[3], named("train", 200)[150]];
    files[small] = await shade(1, { width: 16, height: 7 });
    files[cut] = files[cut].subarray(0, 60);
    await Deno.writeFile(`${folder}/zip`, await zipOf(files));
    const expected = `Left out 2 of 200 pictures of some in ${folder}/zip: `;
    const named8 = [`${cut} is damaged (png: failed to decode (-`, `${small} is 16x7 pixels, expected at least 8x8`];
    for (let time = 0; time < 2; time++) {
      const warnings: string[] = [];
      const set = await load(folder, "zip", { onWarning: (warning) => warnings.push(warning) });
      assertEquals(set.shape[0], 198);
      assertEquals(warnings.length, 1);
      assertStringIncludes(warnings[0], expected);
      for (const fault of named8) assertStringIncludes(warnings[0], fault);
      const kept = Object.keys(files).filter((name) => name !== small && name !== cut);
      const shadeOf = (name: string) => 10 * Object.keys(files).indexOf(name) % 256;
      assertEquals(firsts(set), kept.sort().map(shadeOf));
    }
  });
});

Deno.test("loadPictures() counts pictures that cannot be read as faulty, and names them", async () => {
  await inFolder(async (folder) => {
    const names = named("train", 100);
    const { [names[40]]: unread, ...others } = await shades(names);
    await writeFiles(`${folder}/tree`, others);
    await Deno.symlink(`${folder}/none`, `${folder}/tree/${names[40]}`);
    const warnings: string[] = [];
    const { shape } = await load(folder, "tree", { onWarning: (warning) => warnings.push(warning) });
    assertEquals(shape[0], 99);
    assertEquals(warnings, [
      `Left out 1 of 100 pictures of some in ${folder}/tree: ` +
      `${names[40]} cannot be read (No such file or directory), expected a readable file`,
    ]);
    await Deno.remove(`${folder}/tree/${names[40]}`);
    await writeFiles(`${folder}/tree`, { [names[40]]: unread });
    assertEquals((await load(folder, "tree")).shape[0], 100);
  });
});

Deno.test("loadPictures() refuses files that change while they are read, and keeps nothing of them", async () => {
  await inFolder(async (folder) => {
    const files = await shades(named("train", 4));
    const [name] = named("train", 1);
    const { [name]: first, ...fewer } = files;
    const other = { ...files, [name]: await shade(255) };
    const cases: [place: string, before: Uint8Array, after: Uint8Array][] = [
      [`tree/${name}`, first, other[name]],
      ["zip", await zipOf(files), await zipOf(other)],
      ["zip", await zipOf(files), await zipOf(fewer)],
      ["tar", await tarOf(files), await tarOf(fewer)],
    ];
    await writeFiles(`${folder}/tree`, files);
    for (const [place, before, after] of cases) {
      const write = async () => {
        await Deno.writeFile(`${folder}/${place}`, before);
        await Deno.utime(`${folder}/${place}`, LONG_AGO, LONG_AGO);
      };
      await write();
      let begun = false;
      const onProgress = () => { // the first report comes between the key of the files and their reading
        if (!begun) Deno.writeFileSync(`${folder}/${place}`, after);
        begun = true;
      };
      const [source] = place.split("/");
      await assertRejects(
        () => load(folder, source, { onProgress }),
        Error,
        `Cannot load data set some from ${folder}/${source}: it changed while it was read, expected it to stay the same`,
      );
      await write();
      assertEquals(firsts(await load(folder, source)), [0, 10, 20, 30], place);
      await Deno.remove(`${folder}/cache`, { recursive: true });
    }
  });
});

Deno.test("loadPictures() names the archive it was asked for, though a copy of it was packed", async () => {
  await inFolder(async (folder) => {
    const names = named("train", 100);
    await Deno.writeFile(
      `${folder}/zip`,
      await zipOf({ ...await shades(names), [names[3]]: Uint8Array.of(1), "a.gif": Uint8Array.of(2) }),
    );
    await Deno.copyFile(`${folder}/zip`, `${folder}/copy`);
    for (const name of ["zip", "copy"]) {
      const warnings: string[] = [];
      await load(folder, name, { onWarning: (warning) => warnings.push(warning) });
      assertEquals(warnings, [
        `Passed over 1 file (1 .gif) in ${folder}/${name}: expected JPEG or PNG`,
        `Left out 1 of 100 pictures of some in ${folder}/${name}: ${
          names[3]
        } is 1 bytes that start with 1, expected JPEG ` +
        "or PNG",
      ]);
    }
  });
});

Deno.test("loadPictures() counts pictures that nobody may read as faulty, and refuses more than 1 %", {
  ignore: Deno.uid() === 0 || Deno.build.os === "windows", // root may read everything, Windows has other permissions
}, async () => {
  await inFolder(async (folder) => {
    const names = named("train", 99);
    await writeFiles(`${folder}/tree`, await shades(names));
    await Deno.chmod(`${folder}/tree/${names[40]}`, 0);
    await assertRejects(
      () => load(folder, "tree"),
      SyntaxError,
      `found 1 faulty pictures of 99 and stopped there, expected at most 1 %: ` +
        `${names[40]} cannot be read (Permission denied), expected a readable file`,
    );
  });
});

Deno.test("loadPictures() keeps no set without a picture that could not be read for a while", {
  ignore: Deno.uid() === 0 || Deno.build.os === "windows", // as above
}, async () => {
  await inFolder(async (folder) => {
    const names = named("train", 100);
    await writeFiles(`${folder}/tree`, await shades(names));
    const onProgress = () => Deno.chmodSync(`${folder}/tree/${names[40]}`, 0); // after the key, before the reading
    assertEquals((await load(folder, "tree", { onProgress })).shape[0], 99);
    await Deno.chmod(`${folder}/tree/${names[40]}`, 0o644);
    assertEquals((await load(folder, "tree")).shape[0], 100);
  });
});

Deno.test("loadPictures() names a subfolder that nobody may read, and passes over an invisible one", {
  ignore: Deno.uid() === 0 || Deno.build.os === "windows", // as above
}, async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, await shades(named("train", 3)));
    await Deno.mkdir(`${folder}/tree/.Trash`, { mode: 0 });
    assertEquals((await load(folder, "tree")).shape[0], 3);
    await Deno.mkdir(`${folder}/tree/closed`, { mode: 0 });
    await assertRejects(
      () => load(folder, "tree"),
      Deno.errors.PermissionDenied,
      `Cannot read the folder ${folder}/tree/closed/: permission denied, expected a readable folder; ` +
        "make it one, or name a folder without it",
    );
    for (const name of [".Trash", "closed"]) await Deno.chmod(`${folder}/tree/${name}`, 0o700); // so that they can be removed
  });
});

Deno.test("loadPictures() counts a picture of a ZIP archive with another check sum as faulty, and refuses more than 1 %", async () => {
  await inFolder(async (folder) => {
    const names = named("train", 100);
    const zip = await zipOf(await shades(names));
    const headers = zipHeaders(zip, "contents");
    zip[headers[1] - 40] ^= 1; // in the first picture
    await Deno.writeFile(`${folder}/zip`, zip);
    const warnings: string[] = [];
    const { shape } = await load(folder, "zip", { onWarning: (warning) => warnings.push(warning) });
    assertEquals([shape[0], warnings.length], [99, 1]);
    assertStringIncludes(
      warnings[0],
      `Left out 1 of 100 pictures of some in ${folder}/zip: ${names[0]} is damaged (`,
    );
    zip[headers[2] - 40] ^= 1;
    await Deno.writeFile(`${folder}/zip`, zip);
    await assertRejects(() => load(folder, "zip"), SyntaxError, "found 2 faulty pictures of 100 and stopped there");
  });
});

Deno.test("loadPictures() refuses a set of which more than 1 % is faulty, and keeps nothing", async () => {
  await inFolder(async (folder) => {
    const files: Record<string, Uint8Array<ArrayBuffer>> = { ...await shades(named("train", 99)) };
    const name = named("train", 99)[50];
    files[name] = Uint8Array.from(new TextEncoder().encode("<html>404</html>"));
    await writeFiles(`${folder}/tree`, files);
    const { message } = await assertRejects(() => load(folder, "tree"), SyntaxError);
    assertEquals(
      message,
      `Cannot load data set some from ${folder}/tree: found 1 faulty pictures of 99 and stopped there, ` +
        `expected at most 1 %: ${name} is an HTML page, expected JPEG or PNG`,
    );
    assertEquals((await names(folder)).includes("cache"), false);
    const large = await assertRejects(() => load(folder, "tree", { size: 32 }), SyntaxError);
    assertMatch(large.message, /pixels, expected at least 32x32; a smaller --size takes smaller pictures$/);
  });
});
