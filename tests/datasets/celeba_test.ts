import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { loadCelebA } from "../../datasets/celeba.ts";
import { encodePng } from "../../core/png.ts";
import { inFolder } from "../in_folder.ts";
import { writeFiles, zipOf } from "./archives.ts";

const [WIDTH, HEIGHT] = [178, 218];
const env = () => undefined;

/** A picture in the size of the set: 100 in the 108x108 pixels in the middle, 200 beside them in the middle 178 rows, else 0. */
async function face(): Promise<Uint8Array<ArrayBuffer>> {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [y, x] = [Math.floor(i / WIDTH), i % WIDTH];
    if (y >= 55 && y < 163 && x >= 35 && x < 143) return 100;
    return y >= 20 && y < 198 ? 200 : 0;
  });
  return await encodePng({ width: WIDTH, height: HEIGHT, channels: 1, data });
}

Deno.test("loadCelebA() cuts 108x108 out of the middle of the pictures in the official archive", async () => {
  await inFolder(async (dataDir) => {
    const files = { "img_align_celeba/000001.jpg": await face(), "img_align_celeba/000004.jpg": await face() };
    await Deno.writeFile(`${dataDir}/img_align_celeba.zip`, await zipOf(files));
    const { name, shape, images, labels, classNames } = await loadCelebA({ dataDir, env });
    assertEquals([name, shape, labels, classNames], ["celeba", [2, 64, 64, 3], null, []]);
    assertEquals(images.every((value) => value === 100), true);
  });
});

Deno.test("loadCelebA() reads the folder in place of the archive, and the whole width for large images", async () => {
  await inFolder(async (dataDir) => {
    await writeFiles(`${dataDir}/celeba/img_align_celeba`, { "000001.jpg": await face() });
    await Deno.writeTextFile(`${dataDir}/celeba/list_attr_celeba.txt`, "202599\n5_o_Clock_Shadow ...");
    const { shape, images } = await loadCelebA({ dataDir, env, size: 128, channels: 1 });
    assertEquals(shape, [1, 128, 128, 1]);
    assertEquals([images[0], images[64 * 128 + 64]], [200, 100]);
    assertEquals((await loadCelebA({ dataDir: `${dataDir}/celeba/img_align_celeba/`, env })).shape[0], 1);
  });
});

Deno.test("loadCelebA() refuses pictures smaller than the square", async () => {
  await inFolder(async (dataDir) => {
    const small = await encodePng({ width: 178, height: 100, channels: 1, data: new Uint8Array(17800) });
    await writeFiles(`${dataDir}/img_align_celeba`, { "000001.jpg": small });
    const { message } = await assertRejects(() => loadCelebA({ dataDir, env }), SyntaxError);
    assertStringIncludes(message, "000001.jpg is 178x100 pixels, expected at least 108x108");
  });
});

Deno.test("loadCelebA() tells where the files are to be fetched", async () => {
  await inFolder(async (folder) => {
    const options = { env: (name: string) => name === "HMOG_DATA" ? folder : undefined, systemFolders: [] };
    assertEquals(
      (await assertRejects(() => loadCelebA(options), Deno.errors.NotFound)).message,
      `Cannot find data set celeba: ${folder} does not hold it, expected img_align_celeba.zip (or unpacked); its terms ` +
        "have you fetch it yourself, from mmlab.ie.cuhk.edu.hk/projects/CelebA.html: name its folder with --data-dir or " +
        "HMOG_DATA",
    );
  });
});
