import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { fingerprintOf, type Packed, readPacked, writePacked } from "../../datasets/packed.ts";
import { inFolder, names } from "../in_folder.ts";

const bytes = (length: number, first: number) => Uint8Array.from({ length }, (_, i) => first + i);

function packed(train: Uint8Array | Uint16Array | null, test: typeof train): Packed {
  const part = (images: Uint8Array, labels: typeof train) => ({
    images,
    labels,
    fingerprint: fingerprintOf(images, labels),
  });
  return {
    image: [2, 2, 1],
    classNames: train === null ? [] : ["a", "b"],
    notes: [{ what: "Left out one", why: "it is damaged" }],
    splits: { train: part(bytes(12, 1), train), test: part(bytes(8, 101), test) },
  };
}

Deno.test("fingerprintOf() is SHA-256 over the images, then the labels", () => {
  const sha = (...parts: Uint8Array[]) => parts.reduce((h, part) => h.update(part), createHash("sha256")).digest("hex");
  assertEquals(fingerprintOf(bytes(9, 3), null), sha(bytes(9, 3)));
  assertEquals(fingerprintOf(bytes(9, 3), Uint16Array.of(258)), sha(bytes(9, 3), Uint8Array.of(2, 1)));
});

Deno.test("readPacked() gives back each split that writePacked() wrote: no labels, narrow and wide ones", async () => {
  const cases = [
    packed(null, null),
    packed(Uint8Array.of(0, 1, 0), Uint8Array.of(1, 1)),
    packed(Uint16Array.of(0, 700, 1), Uint16Array.of(65535, 3)),
  ];
  for (const set of cases) {
    await inFolder(async (folder) => {
      const path = await writePacked(`${folder}/cache`, "set.pack", set);
      const { splits, ...rest } = set;
      assertEquals(await readPacked(path, "train"), { ...rest, ...splits.train, count: 3 });
      assertEquals(await readPacked(path, "test"), { ...rest, ...splits.test, count: 2 });
      assertEquals(await names(`${folder}/cache`), ["set.pack"]);
    });
  }
});

Deno.test("readPacked() refuses a file with any byte changed, cut short, or longer", async () => {
  await inFolder(async (folder) => {
    const path = await writePacked(folder, "set.pack", packed(Uint8Array.of(0, 1, 0), Uint8Array.of(1, 1)));
    const file = await Deno.readFile(path);
    const ofTest = 8 + 2; // images and labels of the other split, which are not read
    for (let at = 0; at < file.length - ofTest; at++) {
      await Deno.writeFile(path, file.with(at, file[at] ^ 1));
      await assertRejects(() => readPacked(path, "train"), SyntaxError, `Cannot read ${path}: found`);
    }
    for (const length of [0, 5, 12, 40, file.length - 1, file.length + 1]) {
      await Deno.writeFile(path, file.length < length ? Uint8Array.of(...file, 0) : file.subarray(0, length));
      await assertRejects(() => readPacked(path, "train"), SyntaxError, `Cannot read ${path}: found`);
    }
    await assertRejects(() => readPacked(`${folder}/none`, "train"), Deno.errors.NotFound);
  });
});
