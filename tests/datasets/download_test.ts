import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import type { DownloadProgress } from "../../datasets/dataset.ts";
import { download, DownloadError } from "../../datasets/download.ts";

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251);
const START = CONTENT.subarray(0, 1000);
const PORTAL = "<html>Log in to the network</html>";
const FILE = { name: "data.gz", md5: createHash("md5").update(CONTENT).digest("hex") };
/**
 * Runs `body` with an empty folder and mirrors on this machine: `good`, `chunked` (no length), `missing` (404), `portal`
 * (another page), `silent` (stops after 1000 bytes), `cut` (hangs up after 1000 bytes) and `nobody` (no answer).
 */
async function withMirrors(body: (folder: string, mirror: (kind: string) => string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const stop = new AbortController();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen() {} }, (request) => {
    const kind = new URL(request.url).pathname.split("/")[1];
    if (kind === "good") return new Response(CONTENT, { headers: { "content-length": `${CONTENT.length}` } });
    if (kind === "chunked") return new Response(new Blob([CONTENT]).stream());
    if (kind === "portal") return new Response(PORTAL);
    if (kind === "silent") return new Response(new ReadableStream({ start: (stream) => stream.enqueue(START) }));
    return new Response("nothing here", { status: 404 });
  });
  const cutting = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const cut = hangUp(cutting);
  const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  closed.close();
  const ports: Record<string, number> = { cut: portOf(cutting), nobody: portOf(closed) };
  try {
    await body(`${folder}/cache`, (kind) => `http://127.0.0.1:${ports[kind] ?? server.addr.port}/${kind}/`);
  } finally {
    stop.abort();
    cutting.close();
    await Promise.all([server.finished, cut]);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Promises every caller the whole content, sends the start and hangs up. */
async function hangUp(listener: Deno.TcpListener): Promise<void> {
  const head = new TextEncoder().encode(`HTTP/1.1 200 OK\r\ncontent-length: ${CONTENT.length}\r\n\r\n`);
  for await (const caller of listener) {
    await caller.read(new Uint8Array(4096));
    await caller.write(head);
    await caller.write(START);
    caller.close();
  }
}

function portOf(listener: Deno.TcpListener): number {
  return (listener.addr as Deno.NetAddr).port;
}

/** What lies in the folder, or null if there is no folder. */
async function filesIn(folder: string): Promise<string[] | null> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), (entry) => entry.name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

Deno.test("download() makes the folder and leaves the whole file in it, nothing else", async () => {
  await withMirrors(async (folder, mirror) => {
    assertEquals(await download(FILE, [mirror("good")], folder), `${folder}/data.gz`);
    assertEquals(await Deno.readFile(`${folder}/data.gz`), CONTENT);
    assertEquals(await filesIn(folder), ["data.gz"]);
  });
});

Deno.test("download() reports growing bytes up to the total, which is null if the mirror does not say", async () => {
  await withMirrors(async (folder, mirror) => {
    for (const [kind, total] of [["good", CONTENT.length], ["chunked", null]] as const) {
      const reports: DownloadProgress[] = [];
      await download(FILE, [mirror(kind)], folder, { onProgress: (report) => reports.push(report) });
      assertEquals(reports[0], { kind: "download", file: "data.gz", url: `${mirror(kind)}data.gz`, bytes: 0, total });
      assertEquals(reports.at(-1)!.bytes, CONTENT.length);
      assert(reports.every(({ bytes }, i) => i === 0 || bytes > reports[i - 1].bytes));
    }
  });
});

Deno.test("download() goes on to the next mirror after 404, a cut, a wrong checksum, silence and no answer", async () => {
  await withMirrors(async (folder, mirror) => {
    for (const bad of [mirror("missing"), mirror("cut"), mirror("portal"), mirror("silent"), mirror("nobody")]) {
      await download(FILE, [bad, mirror("good")], folder, { stallTime: 200 });
      assertEquals(await Deno.readFile(`${folder}/data.gz`), CONTENT);
      assertEquals(await filesIn(folder), ["data.gz"]);
      await Deno.remove(`${folder}/data.gz`);
    }
  });
});

Deno.test("download() leaves nothing behind, not even the folder, and says how each mirror failed when all did", async () => {
  await withMirrors(async (folder, mirror) => {
    const mirrors = [mirror("missing"), mirror("cut"), mirror("portal"), mirror("silent"), mirror("nobody")];
    const error = await assertRejects(() => download(FILE, mirrors, folder, { stallTime: 200 }), DownloadError);
    assertEquals(await filesIn(folder), null);
    const [missing, cut, portal, silent, nobody] = mirrors.map((mirror) => new URL(mirror).host);
    const portalMd5 = createHash("md5").update(PORTAL).digest("hex");
    assertEquals(error.failures.slice(0, 4), [
      `${missing} answered 404 Not Found`,
      `${cut} broke off after 1000 of 300000 bytes`,
      `${portal} gave 34 bytes with MD5 ${portalMd5} instead of ${FILE.md5}`,
      `${silent} sent nothing for 0.2 s after 1000 bytes`,
    ]);
    assertStringIncludes(error.failures[4], `${nobody} cannot be reached (Connection refused`);
    assertEquals(
      error.message,
      `Cannot download data.gz: ${error.failures.join("; ")}, expected one of the mirrors to give it intact`,
    );
  });
});

Deno.test("download() stops with the signal's reason, tries no other mirror and leaves nothing behind", async () => {
  await withMirrors(async (folder, mirror) => {
    const stop = new AbortController();
    const reason = new Error("stopped by hand");
    const onProgress = ({ bytes }: DownloadProgress) => bytes > 0 && stop.abort(reason);
    const mirrors = [mirror("silent"), mirror("good")];
    await assertRejects(
      () => download(FILE, mirrors, folder, { signal: stop.signal, onProgress }),
      Error,
      reason.message,
    );
    assertEquals(await filesIn(folder), null);
    await assertRejects(() => download(FILE, mirrors, folder, { signal: stop.signal }), Error, reason.message);
    assertEquals(await filesIn(folder), null);
  });
});

Deno.test("download() passes on what the progress callback throws and leaves nothing behind", async () => {
  await withMirrors(async (folder, mirror) => {
    const onProgress = () => {
      throw new TypeError("a mistake of the caller");
    };
    await assertRejects(
      () => download(FILE, [mirror("good")], folder, { onProgress }),
      TypeError,
      "a mistake of the caller",
    );
    assertEquals(await filesIn(folder), null);
  });
});

Deno.test("download() removes partial files that killed processes left, not those at work", async () => {
  await withMirrors(async (folder, mirror) => {
    await Deno.mkdir(folder);
    for (const name of ["data.gz.old.partial", "data.gz.new.partial", "other.gz.old.partial"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "half");
    }
    const yesterday = new Date(Date.now() - 86_400_000);
    await Deno.utime(`${folder}/data.gz.old.partial`, yesterday, yesterday);
    await Deno.utime(`${folder}/other.gz.old.partial`, yesterday, yesterday);
    await download(FILE, [mirror("good")], folder);
    assertEquals(await filesIn(folder), ["data.gz", "data.gz.new.partial"]);
  });
});
