import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { DecodeProgress, ImageDataset, LoadOptions, LoadProgress } from "../../datasets/dataset.ts";
import { folderLabels } from "../../datasets/folder.ts";
import { fingerprintOf } from "../../datasets/packed.ts";
import { splitOf } from "../../datasets/picture_choice.ts";
import { loadPictures } from "../../datasets/pictures.ts";
import { inFolder, names } from "../in_folder.ts";
import { type Files, gzipped, shade, tarOf, writeFiles, zipHeaders, zipOf } from "./archives.ts";

/** Names of pictures that are all to train with, or all to test. */
function named(split: "train" | "test", count: number, folder = ""): string[] {
  const names: string[] = [];
  for (let i = 0; names.length < count; i++) {
    if (splitOf(`${folder}${i}.png`) === split) names.push(`${folder}${i}.png`);
  }
  return names;
}

/** Pictures, each of its own shade: 0, 10, 20, … */
async function shades(names: readonly string[]): Promise<Files> {
  const entries = names.map(async (name, i) => [name, await shade(10 * i % 256)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

const LONG_AGO = new Date("2020-01-01");

/** Loads what lies at `folder/name` with a cache in `folder/cache`. */
async function load(folder: string, name: string, options: LoadOptions = {}): Promise<ImageDataset> {
  const env = (variable: string) => variable === "XDG_CACHE_HOME" ? `${folder}/cache` : undefined;
  const set = { name: "some", path: `${folder}/${name}`, labels: folderLabels };
  return await loadPictures(set, { size: 8, channels: 1, env, ...options });
}

/** The first pixel of each image. */
const firsts = ({ images, shape: [count, height, width, channels] }: ImageDataset): number[] =>
  Array.from({ length: count }, (_, i) => images[i * height * width * channels]);

Deno.test("loadPictures() gives the same images for a folder, a ZIP and a TAR archive, by name", async () => {
  await inFolder(async (folder) => {
    const files = await shades([
      ...named("train", 5, "cat/"),
      ...named("train", 4, "dog/"),
      ...named("test", 2, "dog/"),
    ]);
    const shuffled = Object.fromEntries(Object.entries(files).reverse().map(([name, file]) => [`all/${name}`, file]));
    await writeFiles(`${folder}/tree`, files);
    await Deno.writeFile(`${folder}/zip`, await zipOf(shuffled));
    await Deno.writeFile(`${folder}/tgz`, gzipped(await tarOf(shuffled)));
    for (const name of ["tree", "zip", "tgz"]) {
      const { images, shape, labels, classNames, fingerprint, source } = await load(folder, name);
      assertEquals(shape, [9, 8, 8, 1], name);
      const ordered = Object.keys(files).slice(0, 9).sort();
      assertEquals([...labels!], ordered.map((name) => Number(name.startsWith("dog"))), name);
      const expected = ordered.map((name) => 10 * Object.keys(files).indexOf(name));
      assertEquals([...images], expected.flatMap((value) => Array<number>(64).fill(value)), name);
      assertEquals([classNames, source], [["cat", "dog"], `${folder}/${name}`]);
      assertEquals(fingerprint, fingerprintOf(images, labels));
      const test = await load(folder, name, { split: "test" });
      const kept = named("test", 2, "dog/").sort().map((name) => 10 * Object.keys(files).indexOf(name));
      assertEquals([firsts(test), [...test.labels!]], [kept, [1, 1]], name);
    }
  });
});

Deno.test("loadPictures() decodes once, and again for another size, other channels or other pictures", async () => {
  await inFolder(async (folder) => {
    const files = await shades(named("train", 3));
    await writeFiles(`${folder}/tree`, files);
    const decoded = async (options: LoadOptions = {}) => {
      let reports = 0;
      const set = await load(folder, "tree", { onProgress: () => reports++, ...options });
      return { decoded: reports > 0, set };
    };
    const first = await decoded();
    assert(first.decoded);
    const second = await decoded();
    assertEquals(second, { ...first, decoded: false });
    const larger = await decoded({ size: 12, channels: 3 });
    assertEquals([larger.decoded, larger.set.shape], [true, [3, 12, 12, 3]]);
    await Deno.writeFile(`${folder}/tree/${named("train", 1)[0]}`, await shade(77));
    const changed = await decoded();
    assert(changed.decoded);
    assertEquals(firsts(changed.set), [77, 10, 20]);
    assertNotEquals(changed.set.fingerprint, first.set.fingerprint);
    assertEquals((await names(`${folder}/cache/hmog/packed`)).filter((name) => name.endsWith(".pack")).length, 3);
  });
});

Deno.test("loadPictures() makes a damaged file of the cache again and says so", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, await shades(named("train", 2)));
    const { fingerprint } = await load(folder, "tree");
    const packed = `${folder}/cache/hmog/packed`;
    const [name] = (await names(packed)).filter((name) => name.endsWith(".pack"));
    const whole = await Deno.readFile(`${packed}/${name}`);
    for (const damaged of [whole.subarray(0, whole.length - 1), whole.with(whole.length - 5, 99)]) {
      await Deno.writeFile(`${packed}/${name}`, damaged);
      const warnings: string[] = [];
      const again = await load(folder, "tree", { onWarning: (warning) => warnings.push(warning) });
      assertEquals(again.fingerprint, fingerprint);
      assertStringIncludes(warnings.join(), `Cannot read ${packed}/${name}: found`);
      assertEquals(await Deno.readFile(`${packed}/${name}`), whole);
    }
  });
});

Deno.test("loadPictures() goes on when the cache cannot be written, with a warning, and without any cache", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, await shades(named("train", 2)));
    await Deno.writeTextFile(`${folder}/cache`, "a file where the folder should be");
    const warnings: string[] = [];
    const { shape } = await load(folder, "tree", { onWarning: (warning) => warnings.push(warning) });
    assertEquals(shape, [2, 8, 8, 1]);
    assertStringIncludes(warnings.join(), `Cannot keep some in ${folder}/cache/hmog/packed: `);
    const homeless = await load(folder, "tree", {
      env: () => undefined,
      onWarning: (warning) => warnings.push(warning),
    });
    assertEquals(homeless.shape, shape);
  });
});

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
  });
});

Deno.test("loadPictures() gives labels two bytes where there are more than 256 classes", async () => {
  await inFolder(async (folder) => {
    const files = await shades(named("train", 1));
    const classes = Array.from({ length: 300 }, (_, i) => named("train", 1, `${i}/`)[0]);
    const [file] = Object.values(files);
    await Deno.writeFile(`${folder}/zip`, await zipOf(Object.fromEntries(classes.map((name) => [name, file]))));
    const { labels, classNames } = await load(folder, "zip");
    assert(labels instanceof Uint16Array);
    assertEquals([...labels], [...classNames.keys()]);
    assertEquals((await load(folder, "zip")).labels, labels, "from the cache");
  });
});

Deno.test("loadPictures() reports every picture and the time that is left", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, await shades(named("train", 120)));
    const reports: DecodeProgress[] = [];
    await load(folder, "tree", { onProgress: (report) => report.kind === "decode" && reports.push(report) });
    assertEquals(reports.map(({ done }) => done), Array.from({ length: 121 }, (_, i) => i));
    assert(reports.every(({ total, source }) => total === 120 && source === `${folder}/tree`));
    assertEquals(reports[0].secondsLeft, null);
    assert(reports.slice(10).every(({ secondsLeft }) => secondsLeft !== null && secondsLeft >= 0));
    assertEquals(reports.at(-1)!.secondsLeft, 0);
  });
});

Deno.test("loadPictures() stops with the signal's reason, or with what a callback throws, and keeps nothing", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, await shades(named("train", 60)));
    const stop = new AbortController();
    const onProgress = (progress: LoadProgress) => {
      if (progress.kind === "decode" && progress.done === 5) stop.abort(new Error("enough"));
    };
    await assertRejects(() => load(folder, "tree", { onProgress, signal: stop.signal }), Error, "enough");
    const thrown = () => load(folder, "tree", { onProgress: () => assertEquals(1, 2) });
    await assertRejects(thrown, Error);
    assertEquals((await names(folder)).includes("cache"), false);
  });
});

Deno.test("loadPictures() refuses sizes, channels and splits that it cannot give", async () => {
  await inFolder(async (folder) => {
    await writeFiles(`${folder}/tree`, await shades(named("train", 2)));
    for (const size of [0, 4, 30, 516, 8.5, NaN]) {
      const expected = `Cannot load data set some at size ${size}: expected a multiple of 4 from 8 to 512`;
      await assertRejects(() => load(folder, "tree", { size }), RangeError, expected);
    }
    await assertRejects(() => load(folder, "tree", { channels: 2 as 1 }), RangeError, "with 2 channels: expected 1");
    await assertRejects(
      () => load(folder, "tree", { split: "test" }),
      RangeError,
      `Cannot load the test split of some from ${folder}/tree: it is empty, expected more pictures`,
    );
    await assertRejects(() => load(folder, "none"), Deno.errors.NotFound, "no such file or directory");
    await Deno.mkdir(`${folder}/empty`);
    await assertRejects(() => load(folder, "empty"), Deno.errors.NotFound, "it is empty, expected JPEG or PNG files");
  });
});
