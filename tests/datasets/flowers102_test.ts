import { assertEquals, assertRejects } from "@std/assert";
import { loadFlowers } from "../../datasets/flowers102.ts";
import { inFolder } from "../in_folder.ts";
import { type Files, gzipped, shade, tarOf, writeFiles } from "./archives.ts";

const env = () => undefined;

/** A MAT-file with one matrix, as MATLAB writes it: `labels`, bytes. */
function matFile(values: readonly number[], { name = "labels", kind = 9 } = {}): Uint8Array<ArrayBuffer> {
  const fill = (bytes: number[]) => [...bytes, ...Array<number>((8 - bytes.length % 8) % 8).fill(0)];
  const element = (type: number, bytes: number[]) => [type, 0, 0, 0, bytes.length, 0, 0, 0, ...fill(bytes)];
  const matrix = [
    ...element(6, [kind, 0, 0, 0, 0, 0, 0, 0]),
    ...element(5, [1, 0, 0, 0, values.length, 0, 0, 0]),
    ...element(1, [...new TextEncoder().encode(name)]),
    ...element(2, [...values]),
  ];
  const header = [...Array<number>(124).fill(32), 0, 1, 0x49, 0x4d];
  return Uint8Array.from([...header, ...element(14, matrix)]);
}

const nameOf = (number: number) => `jpg/image_${String(number).padStart(5, "0")}.jpg`;

/** Pictures of the given numbers, each of a shade of its number. */
async function pictures(...numbers: number[]): Promise<Files> {
  return Object.fromEntries(
    await Promise.all(numbers.map(async (number) => [nameOf(number), await shade(number, { width: 70 })] as const)),
  );
}

async function refusal(files: Files, labels: Uint8Array<ArrayBuffer>): Promise<string> {
  let message = "";
  await inFolder(async (dataDir) => {
    await writeFiles(dataDir, { ...files, "imagelabels.mat": labels });
    message = (await assertRejects(() => loadFlowers({ dataDir, env, size: 8 }), SyntaxError)).message
      .replaceAll(`${dataDir}/`, "");
  });
  return message;
}

Deno.test("loadFlowers() finds labels by the number of the picture, though pictures are missing", async () => {
  await inFolder(async (dataDir) => {
    const labels = matFile([77, 1, 102, 5, 6]);
    await writeFiles(`${dataDir}/flowers-102`, {
      "102flowers.tgz": gzipped(await tarOf(await pictures(3, 4, 1))),
      "imagelabels.mat": labels,
    });
    const { name, images, labels: read, classNames } = await loadFlowers({ dataDir, env, size: 8, channels: 1 });
    assertEquals([name, [images[0], images[64], images[128]]], ["flowers102", [1, 3, 4]]);
    assertEquals([...read!], [76, 101, 4]);
    assertEquals([classNames.length, classNames[0], classNames[101]], [102, "1", "102"]);
  });
});

Deno.test("loadFlowers() decodes again when the labels change", async () => {
  await inFolder(async (dataDir) => {
    const options = { dataDir, size: 8, env: (name: string) => name === "HOME" ? dataDir : undefined };
    await writeFiles(dataDir, { ...await pictures(1), "imagelabels.mat": matFile([77]) });
    assertEquals([...(await loadFlowers(options)).labels!], [76]);
    await writeFiles(dataDir, { "imagelabels.mat": matFile([78]) });
    assertEquals([...(await loadFlowers(options)).labels!], [77]);
  });
});

Deno.test("loadFlowers() refuses labels that are too few, of no class, of another name or type", async () => {
  const files = await pictures(1, 4);
  assertEquals(
    await refusal(files, matFile([1, 2, 3])),
    "Cannot label image_00004.jpg of jpg: found 3 labels in imagelabels.mat, expected image_00001.jpg to image_00003.jpg",
  );
  assertEquals(
    await refusal(files, matFile([1, 103, 3, 4])),
    "Cannot read labels of imagelabels.mat: found 103 for picture 2, expected 1 to 102",
  );
  assertEquals(
    await refusal(files, matFile([1, 2, 3, 4], { name: "trnid" })),
    "Cannot read imagelabels.mat: found trnid, expected labels",
  );
  assertEquals(
    await refusal(files, matFile([1, 2, 3, 4], { kind: 4 })),
    "Cannot read labels of imagelabels.mat: found class char, expected real numbers",
  );
  assertEquals(
    await refusal(files, Uint8Array.from(new TextEncoder().encode("file,label\n1,77\n"))),
    "Cannot read imagelabels.mat: found 16 bytes that start with 102, 105, 108, 101, expected a MATLAB file of level 5",
  );
});

Deno.test("loadFlowers() refuses pictures of another name", async () => {
  const message = await refusal({ ...await pictures(1), "jpg/rose.jpg": await shade(1) }, matFile([1, 2]));
  assertEquals(
    message,
    "Cannot label rose.jpg of jpg: found 2 labels in imagelabels.mat, expected image_00001.jpg to image_00002.jpg",
  );
});
