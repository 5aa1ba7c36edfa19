import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import type { LoadOptions } from "../../datasets/dataset.ts";
import { type FileSet, locate } from "../../datasets/locate.ts";

const NOBODY = "http://127.0.0.1:9/"; // `fetch` refuses this port by its standard

const SET: FileSet = {
  name: "shapes",
  folders: ["shapes", "shapes-28"],
  files: ["images", "labels"].map((name) => ({
    name: `${name}.gz`,
    md5: createHash("md5").update(name).digest("hex"),
    accepted: [`${name}.gz`, name],
  })),
  mirrors: [],
};

/** A world of its own: a data folder, a cache and a system folder, all missing until a test makes them. */
async function inWorld(body: (root: string, options: LoadOptions) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  const env = { HMOG_DATA: `${root}/data`, XDG_CACHE_HOME: `${root}/cache` } as Record<string, string>;
  try {
    await body(root, { env: (name) => env[name], systemFolders: [`${root}/system`] });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Makes the folder and in it files that hold their own names. */
async function fill(folder: string, names: string[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const name of names) await Deno.writeTextFile(`${folder}/${name}`, name.replace(".gz", ""));
}

Deno.test("locate() prefers dataDir to HMOG_DATA to the cache to the system's folders", async () => {
  await inWorld(async (root, options) => {
    const best = async (options: LoadOptions) => (await locate(SET, options)).folder;
    for (const place of ["system", "cache/hmog", "data", "given"]) {
      await fill(`${root}/${place}/shapes`, ["images.gz", "labels.gz"]);
      const dataDir = place === "given" ? `${root}/given` : undefined;
      assertEquals(await best({ ...options, dataDir }), `${root}/${place}/shapes`);
    }
  });
});

Deno.test("locate() accepts every subfolder and name of the set, and files directly in the folder", async () => {
  await inWorld(async (root, options) => {
    await fill(`${root}/direct`, ["images", "labels.gz"]);
    assertEquals(await locate(SET, { ...options, dataDir: `${root}/direct` }), {
      folder: `${root}/direct`,
      paths: [`${root}/direct/images`, `${root}/direct/labels.gz`],
    });
    await fill(`${root}/direct/shapes-28`, ["images", "labels"]);
    assertEquals((await locate(SET, { ...options, dataDir: `${root}/direct` })).folder, `${root}/direct/shapes-28`);
  });
});

Deno.test("locate() passes over a folder that lacks a file of the set", async () => {
  await inWorld(async (root, options) => {
    await fill(`${root}/data`, ["images.gz"]);
    await fill(`${root}/system/shapes`, ["images.gz", "labels.gz"]);
    assertEquals((await locate(SET, options)).folder, `${root}/system/shapes`);
  });
});

Deno.test("locate() refuses a dataDir without the set, though it lies elsewhere", async () => {
  await inWorld(async (root, options) => {
    await fill(`${root}/data`, ["images.gz", "labels.gz"]);
    const refusal = async (dataDir: string) =>
      (await assertRejects(() => locate(SET, { ...options, dataDir }), Deno.errors.NotFound)).message;
    assertEquals(
      await refusal(`${root}/none`),
      `Cannot find data set shapes: there is no folder ${root}/none, expected images.gz and labels.gz (or unpacked) ` +
        "there or in its subfolder shapes; without --data-dir the usual folders are searched and missing files downloaded",
    );
    await fill(`${root}/empty`, []);
    assertStringIncludes(await refusal(`${root}/empty`), `${root}/empty does not hold it, expected`);
    await fill(`${root}/half/shapes`, ["images"]);
    assertStringIncludes(await refusal(`${root}/half`), `${root}/half/shapes lacks labels.gz, expected`);
    assertStringIncludes(await refusal(`${root}/half/shapes/images`), "images is not a folder, expected");
  });
});

Deno.test("locate() says in one sentence where it looked and what to do when there is no network", async () => {
  await inWorld(async (root, options) => {
    await fill(`${root}/data`, ["labels.gz"]);
    const set = { ...SET, mirrors: [NOBODY], debianPackage: "dataset-shapes" };
    const { message } = await assertRejects(() => locate(set, options), Deno.errors.NotFound);
    assertEquals(
      message.replace(/reached \(.*?\)/, "reached (…)"),
      `Cannot find data set shapes: ${root}/data lacks images.gz, there is no folder ${root}/cache/hmog, ` +
        `there is no folder ${root}/system, and the download failed (images.gz: 127.0.0.1:9 cannot be reached (…)), ` +
        "expected images.gz and labels.gz (or unpacked); install them (Debian: apt install dataset-shapes) " +
        "or name their folder with --data-dir or HMOG_DATA",
    );
    assertEquals([...Deno.readDirSync(`${root}/cache/hmog`)], []);
  });
});

Deno.test("locate() downloads what the cache lacks, once", async () => {
  const asked: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const name = new URL(request.url).pathname.slice(1);
    asked.push(name);
    return new Response(name.replace(".gz", ""));
  });
  await inWorld(async (root, options) => {
    const set = { ...SET, mirrors: [`http://127.0.0.1:${server.addr.port}/`] };
    await fill(`${root}/cache/hmog/shapes`, ["images"]);
    const folder = `${root}/cache/hmog/shapes`;
    const located = { folder, paths: [`${folder}/images`, `${folder}/labels.gz`] };
    assertEquals(await locate(set, options), located);
    assertEquals(await locate(set, options), located);
    assertEquals(asked, ["labels.gz"]);
  });
  await server.shutdown();
});

Deno.test("locate() says that the cache cannot be written or that there is none", async () => {
  await inWorld(async (root, options) => {
    await Deno.writeTextFile(`${root}/cache`, "a file where the folder should be");
    const unwritable = await assertRejects(() => locate(SET, options), Deno.errors.NotFound);
    assertStringIncludes(unwritable.message, `the download failed (${root}/cache/hmog/shapes cannot be written: `);
    const homeless = await assertRejects(() => locate(SET, { ...options, env: () => undefined }), Deno.errors.NotFound);
    assertStringIncludes(homeless.message, "the download failed (HOME names no folder to keep it in)");
  });
});

Deno.test("locate() takes a file of the set, or a folder it is accepted as, for the folder they lie in", async () => {
  await inWorld(async (root, options) => {
    const [images, labels] = SET.files;
    const set = { ...SET, files: [{ ...images, accepted: ["images.gz", "unpacked/"] }, labels] };
    await fill(`${root}/mine`, ["images.gz", "labels.gz"]);
    await fill(`${root}/other/unpacked`, ["1.png"]);
    await fill(`${root}/other`, ["labels"]);
    const located = async (dataDir: string) => (await locate(set, { ...options, dataDir })).paths;
    assertEquals(await located(`${root}/mine/images.gz`), [`${root}/mine/images.gz`, `${root}/mine/labels.gz`]);
    assertEquals(await located(`${root}/other/unpacked/`), [`${root}/other/unpacked`, `${root}/other/labels`]);
    assertEquals(await located(`${root}/other`), [`${root}/other/unpacked`, `${root}/other/labels`]);
  });
});

Deno.test("locate() downloads nothing of a set with a page, and names it", async () => {
  await inWorld(async (root, options) => {
    const set = { ...SET, page: "shapes.example/terms" };
    const { message } = await assertRejects(() => locate(set, options), Deno.errors.NotFound);
    assertStringIncludes(message, "; its terms have you fetch it yourself, from shapes.example/terms: name its folder");
    const given = await assertRejects(() => locate(set, { ...options, dataDir: root }), Deno.errors.NotFound);
    assertStringIncludes(given.message, "without --data-dir the usual folders are searched");
    assertEquals(given.message.includes("downloaded"), false);
    assertEquals([...Deno.readDirSync(root)], []);
  });
});
