import { assertEquals, assertRejects } from "@std/assert";
import { loadDataOfRun, placed, sourceIn } from "../../cli/run_data.ts";
import { shade, writeFiles } from "../datasets/archives.ts";
import { inFolder } from "../in_folder.ts";
import { runTaskFile } from "./task.ts";

/** A folder with `pictures`, of two classes. */
async function withPictures(test: (folder: string) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const pictures = Array.from({ length: 40 }, async (_, i) => [`${i % 2}/${i}.png`, await shade(i)] as const);
    await writeFiles(`${folder}/pictures`, Object.fromEntries(await Promise.all(pictures)));
    await test(folder);
  });
}

Deno.test("a run of a folder is gone on with and scored without --data-dir, from anywhere, while the folder is there", () =>
  withPictures(async (folder) => {
    const env = { XDG_CACHE_HOME: `${folder}/cache` };
    const call = (task: string, from: string, ...args: string[]) =>
      runTaskFile(`cli/${task}.ts`, args, { env, from: `${folder}/${from}` });
    const data = ["--dataset", "folder", "--data-dir", "pictures", "--size", "16", "--channels", "1"];
    const tiny = ["--preset", "tiny", "--batch", "4", "--iterations", "1", "--no-tune", "--runs", "runs"];
    assertEquals((await call("train", ".", ...data, ...tiny)).code, 0);
    const run = "00000-folder-hmog-tiny";
    const again = await call("train", `runs/${run}`, "--resume", ".", "--iterations", "2", "--quiet");
    assertEquals(again, { code: 0, stdout: "", stderr: "" });
    const score = ["--features", "pixels", "--metrics", "mmd"];
    assertEquals((await call("evaluate", "runs", "--run", run, ...score)).code, 0);
    await Deno.rename(`${folder}/pictures`, `${folder}/moved`);
    const gone = await call("evaluate", "runs", "--run", run, ...score);
    assertEquals([gone.code, gone.stderr], [
      2,
      `evaluate: Cannot load data set folder: the run was trained with ${folder}/pictures, which is not there any more, ` +
      "expected --data-dir with the same pictures\n",
    ]);
  }));

Deno.test("loadDataOfRun() takes what is asked for first, then where the data lay, then the usual places", () =>
  withPictures(async (folder) => {
    const pictures = `${folder}/pictures`;
    const options = { size: 8, env: () => undefined, systemFolders: [] };
    const sourceOf = async (dataDir: string | undefined, source: string) =>
      (await loadDataOfRun("folder", { ...options, dataDir }, source)).source;
    assertEquals(await sourceOf(undefined, pictures), pictures);
    assertEquals(await sourceOf(`${pictures}/0`, pictures), `${pictures}/0`);
    await assertRejects(() => sourceOf(`${folder}/none`, pictures), Deno.errors.NotFound, `${folder}/none`);
    assertEquals((await loadDataOfRun("ring8", {}, "code with seed 0")).source, "code with seed 0");
    for (const source of [folder, `${folder}/none`]) {
      await assertRejects(
        () => loadDataOfRun("celeba", options, source),
        Deno.errors.NotFound,
        `name its folder with --data-dir or HMOG_DATA; the run was trained with those in ${source}`,
      );
    }
  }));

Deno.test("placed() gives the whole path of data that lie somewhere, which sourceIn() reads", async () => {
  const { source } = await placed({ source: "tests" });
  assertEquals(source, `${Deno.cwd()}/tests`);
  assertEquals(await placed({ source: "code with seed 0" }), { source: "code with seed 0" });
  assertEquals([sourceIn({ data: { source } }), sourceIn({ data: { source: "data" } })], [source, "data"]);
  assertEquals([sourceIn({}), sourceIn({ data: { source: 3 } })], [undefined, undefined]);
});
