import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { choosePictures, splitOf } from "../../datasets/picture_choice.ts";

const files = (...names: string[]) => names.sort().map((name) => ({ name, size: 1 }));
const chosen = (...names: string[]) => choosePictures(files(...names), "/data/photos");

Deno.test("choosePictures() takes JPEG and PNG files and leaves out what systems leave behind", () => {
  const { pictures, notes } = chosen(
    "a.JPG",
    "b.jpeg",
    "c.Png",
    "d.txt",
    ".hidden.jpg",
    "._a.JPG",
    "__MACOSX/a.JPG",
    ".git/e.png",
    "Thumbs.db",
  );
  assertEquals(pictures.map(({ file }) => file).sort(), ["a.JPG", "b.jpeg", "c.Png"]);
  assertEquals(notes, []);
});

Deno.test("choosePictures() tells of pictures that nobody here can read", () => {
  const { notes } = chosen("a.jpg", "b.webp", "c.WebP", "d.gif", "e.txt");
  assertEquals(notes, [{ what: "Passed over 3 files (2 .webp, 1 .gif)", why: "expected JPEG or PNG" }]);
});

Deno.test("choosePictures() calls pictures by their names inside the folder that holds them all", () => {
  const names = (...files: string[]) => chosen(...files).pictures.map(({ name }) => name).sort();
  assertEquals(names("x/y/a/1.jpg", "x/y/b/1.jpg", "x/labels.txt"), ["a/1.jpg", "b/1.jpg"]);
  assertEquals(names("x/ab/1.jpg", "x/ac/1.jpg"), ["ab/1.jpg", "ac/1.jpg"]);
  assertEquals(names("x/1.jpg", "2.jpg"), ["2.jpg", "x/1.jpg"]);
  assertEquals(names("x/1.jpg"), ["1.jpg"]);
});

Deno.test("choosePictures() keeps about one picture in ten for test, whatever else is in the folder", () => {
  const many = Array.from({ length: 5000 }, (_, i) => `set/${i}.jpg`);
  const { pictures } = chosen(...many);
  const test = pictures.filter(({ split }) => split === "test");
  assert(test.length > 420 && test.length < 580, `${test.length} of 5000`); // 500 ± 3.8 standard deviations of 21
  assertEquals(pictures.slice(-test.length), test, "those to test come last");
  const few = chosen(...many.filter((_, i) => i % 3 === 0)).pictures;
  assertEquals(
    few.filter(({ split }) => split === "test"),
    test.filter(({ file }) => parseInt(file.slice(4)) % 3 === 0),
  );
});

Deno.test("splitOf() goes by the first 32 bits of SHA-256", () => {
  for (const name of ["image_00001.jpg", "cat/1.png", "ä.jpg", "7"]) {
    const number = parseInt(createHash("sha256").update(name).digest("hex").slice(0, 8), 16);
    assertEquals(splitOf(name), number % 10 === 0 ? "test" : "train");
  }
});

Deno.test("choosePictures() says what there is instead of pictures", () => {
  const refusal = (...names: string[]) => assertThrows(() => chosen(...names), Deno.errors.NotFound).message;
  assertEquals(refusal(), "Cannot find pictures in /data/photos: it is empty, expected JPEG or PNG files");
  assertEquals(refusal(".DS_Store"), "Cannot find pictures in /data/photos: it is empty, expected JPEG or PNG files");
  assertEquals(
    refusal("a.txt", "b/c.txt", "README", "d.webp"),
    "Cannot find pictures in /data/photos: found 4 files (2 .txt, 1 without ending, 1 .webp), expected JPEG or PNG files",
  );
  assertEquals(
    refusal("a.txt"),
    "Cannot find pictures in /data/photos: found 1 file (1 .txt), expected JPEG or PNG files",
  );
});

Deno.test("choosePictures() does not read files that are too large", () => {
  const { pictures } = choosePictures([{ name: "a.jpg", size: 2 ** 28 + 1 }, { name: "b.jpg", size: 2 ** 28 }], "x");
  assertEquals(pictures.find(({ file }) => file === "a.jpg")?.fault, "has 268435457 bytes, expected at most 268435456");
  assertEquals(pictures.find(({ file }) => file === "b.jpg")?.fault, undefined);
});
