/** The files in a folder and its subfolders. */

import { byName } from "./archive_rules.ts";
import { isVisible } from "./picture_choice.ts";
import type { Content, FileContent, FileEntry, FileTree } from "./picture_files.ts";
import { orSentence, reasonOf } from "./system_error.ts";

/**
 * The files below a folder, looked up once. Links to files are followed, links to folders are not: they may lead in a
 * circle. Folders that systems leave behind, such as `.Trash`, are not looked into.
 */
export class FolderFiles implements FileTree {
  #found?: readonly FileEntry[];

  constructor(readonly path: string) {}

  async list(signal?: AbortSignal): Promise<readonly FileEntry[]> {
    return this.#found ??= await this.#find(signal);
  }

  async *read(wanted: ReadonlySet<string>, signal?: AbortSignal): AsyncIterable<FileContent> {
    for (const name of wanted) {
      signal?.throwIfAborted();
      yield { name, ...await contentOf(`${this.path}/${name}`) };
    }
  }

  async parts(isWanted: (name: string) => boolean, signal?: AbortSignal): Promise<readonly string[]> {
    return (await this.list(signal)).filter(({ name }) => isWanted(name)).map(({ name }) => `${this.path}/${name}`);
  }

  async #find(signal?: AbortSignal): Promise<readonly FileEntry[]> {
    const found: FileEntry[] = [];
    const folders = [""];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      signal?.throwIfAborted();
      for (const entry of await entriesOf(`${this.path}/${folder}`)) {
        const name = `${folder}${entry.name}`;
        if (!entry.isDirectory) found.push(...fileAt(`${this.path}/${name}`, name));
        else if (isVisible(entry.name)) folders.push(`${name}/`);
      }
    }
    return found.sort(byName);
  }
}

/** @throws {Deno.errors.PermissionDenied} If the folder may not be read, and so for the other errors of reading one */
function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  return orSentence(
    Array.fromAsync(Deno.readDir(folder)),
    `read the folder ${folder}`,
    "a readable folder; make it one, or name a folder without it",
  );
}

/** The bytes of a file, or why the system does not give them. */
async function contentOf(path: string): Promise<Content> {
  try {
    return { content: await Deno.readFile(path) };
  } catch (error) {
    return { fault: `cannot be read (${reasonOf(error)}), expected a readable file`, unread: true };
  }
}

/**
 * The file at a path; none for what is no file, such as a link to a folder. A link that leads nowhere is one, and reading
 * it will tell what is wrong. Without a promise for each of many.
 */
function fileAt(path: string, name: string): FileEntry[] {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? [{ name, size }] : [];
  } catch {
    if (name.includes("\ufffd")) {
      return [{ name, size: 0, fault: "has a name that is not UTF-8, expected one that is" }];
    }
    return [{ name, size: 0 }];
  }
}
