/** The files in a folder and its subfolders. */

import { byName } from "./archive_rules.ts";
import type { FileContent, FileEntry, FileTree } from "./picture_files.ts";

/** The files below a folder. Links to files are followed, links to folders are not: they may lead in a circle. */
export class FolderFiles implements FileTree {
  constructor(readonly path: string) {}

  async list(signal?: AbortSignal): Promise<readonly FileEntry[]> {
    const found: FileEntry[] = [];
    const folders = [""];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      signal?.throwIfAborted();
      for await (const entry of Deno.readDir(`${this.path}/${folder}`)) {
        const name = `${folder}${entry.name}`;
        if (entry.isDirectory) folders.push(`${name}/`);
        else {
          const info = await Deno.stat(`${this.path}/${name}`).catch(() => null); // a link may lead nowhere
          if (info?.isFile) found.push({ name, size: info.size });
        }
      }
    }
    return found.sort(byName);
  }

  async *read(wanted: ReadonlySet<string>, signal?: AbortSignal): AsyncIterable<FileContent> {
    for (const name of wanted) {
      signal?.throwIfAborted();
      yield { name, content: await Deno.readFile(`${this.path}/${name}`) };
    }
  }

  async parts(signal?: AbortSignal): Promise<readonly string[]> {
    return (await this.list(signal)).map(({ name }) => `${this.path}/${name}`);
  }
}
