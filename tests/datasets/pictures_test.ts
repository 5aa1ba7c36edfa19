import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { DecodeProgress, LoadOptions, LoadProgress } from "../../datasets/dataset.ts";
import { fingerprintOf } from "../../datasets/packed.ts";
import { inFolder, names } from "../in_folder.ts";
import { gzipped, shade, tarOf, writeFiles, zipOf } from "./archives.ts";
import { firsts, load, named, shades } from "./shades.ts";

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
