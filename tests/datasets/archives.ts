/** Archives as tests need them, good and bad, what to put into them, and what is found there. */

import { assertRejects } from "@std/assert";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { encodePng } from "../../core/png.ts";
import { type FileTree, openFiles } from "../../datasets/picture_files.ts";
import { inFolder } from "../in_folder.ts";

/** Files by their names. */
export type Files = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** A ZIP archive. */
export async function zipOf(files: Files, { level = 6 } = {}): Promise<Uint8Array<ArrayBuffer>> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { level, useWebWorkers: false });
  for (const [name, content] of Object.entries(files)) await writer.add(name, new Uint8ArrayReader(content));
  return await writer.close();
}

/** Where the headers of its files stand in a ZIP archive, in order: those before the contents, or those of the directory. */
export function zipHeaders(zip: Uint8Array, of: "contents" | "directory"): number[] {
  const signature = [0x50, 0x4b, ...of === "contents" ? [3, 4] : [1, 2]];
  return [...zip.keys()].filter((i) => signature.every((byte, k) => zip[i + k] === byte));
}

/** A TAR archive; entries of other types than files by their headers. */
export async function tarOf(
  files: Files,
  others: readonly { name: string; type: "symlink" | "link" | "directory" | "fifo"; linkname?: string }[] = [],
): Promise<Uint8Array<ArrayBuffer>> {
  const archive = pack();
  for (const other of others) archive.entry(other, "");
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content);
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

/** A gzip stream. */
export function gzipped(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(bytes));
}

/** A grey PNG picture of one shade: as an image every pixel of it has this value. */
export async function shade(value: number, { width = 16, height = 16 } = {}): Promise<Uint8Array<ArrayBuffer>> {
  const data = new Uint8Array(width * height).fill(value);
  return await encodePng({ width, height, channels: 1, data });
}

/** Writes files into a folder, with the folders in their names. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, content);
  }
}

/** The bytes of a text. */
export const text = (content: string): Uint8Array<ArrayBuffer> => Uint8Array.from(new TextEncoder().encode(content));

/** Bytes that do not shrink: a xorshift generator. */
export function noise(length: number): Uint8Array<ArrayBuffer> {
  let state = 2463534242;
  return Uint8Array.from({ length }, () => {
    for (const shift of [13, -17, 5]) state ^= shift > 0 ? state << shift : state >>> -shift;
    return state;
  });
}

/** Everything wanted of a tree. */
export async function contents(tree: FileTree, wanted: Iterable<string>): Promise<Files> {
  const found: Record<string, Uint8Array<ArrayBuffer>> = {};
  for await (const file of tree.read(new Set(wanted))) {
    found[file.name] = "content" in file ? file.content : text(file.fault);
  }
  return found;
}

/** What listing and reading all of an archive is refused with. */
export async function refusal(archive: Uint8Array): Promise<string> {
  let message = "";
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/archive`, archive);
    const error = await assertRejects(async () => {
      const tree = await openFiles(`${folder}/archive`);
      await contents(tree, (await tree.list()).map(({ name }) => name));
    }, SyntaxError);
    message = error.message.replaceAll(`${folder}/`, "");
  });
  return message;
}
