import { assertEquals, assertRejects } from "@std/assert";
import { loadZappos } from "../../datasets/utzap50k.ts";
import { inFolder } from "../in_folder.ts";
import { shade, writeFiles, zipOf } from "./archives.ts";

const env = () => undefined;

Deno.test("loadZappos() takes the folders at the top of the archive as classes", async () => {
  await inFolder(async (dataDir) => {
    const picture = await shade(50, { width: 136, height: 136 });
    const names = ["Shoes/Oxfords/Ann's/7.2.jpg", "Boots/Ankle/ECCO/1.3.jpg", "Boots/Knee High/Bos. & Co./2.4.jpg"];
    const files = Object.fromEntries(names.map((name) => [`ut-zap50k-images-square/${name}`, picture]));
    await Deno.writeFile(`${dataDir}/ut-zap50k-images-square.zip`, await zipOf(files));
    await writeFiles(`${dataDir}/tree/ut-zap50k`, files);
    for (const place of [dataDir, `${dataDir}/tree`]) {
      const { shape, labels, classNames } = await loadZappos({ dataDir: place, env });
      assertEquals([shape, [...labels!], classNames], [[3, 64, 64, 3], [0, 0, 1], ["Boots", "Shoes"]]);
    }
  });
});

Deno.test("loadZappos() tells where the files are to be fetched", async () => {
  const options = { env, systemFolders: [] };
  await assertRejects(() => loadZappos(options), Deno.errors.NotFound, "finegrained/utzap50k: name its folder");
});
