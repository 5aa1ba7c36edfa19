/** The files in a folder and its subfolders. */

import { byName } from "./archive_rules.ts";
import type { Content, FileContent, FileEntry, FileTree } from "./picture_files.ts";

/**
 * The files below a folder, looked up once. Links to files are followed, links to folders are not: they may lead in a
 * circle.
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
      for await (const entry of entriesOf(`${this.path}/${folder}`)) {
        const name = `${folder}${entry.name}`;
        if (entry.isDirectory) folders.push(`${name}/`);
        else {
          const size = sizeOfFile(`${this.path}/${name}`);
          if (size !== null) found.push({ name, size });
        }
      }
    }
    return found.sort(byName);
  }
}

/** @throws {Deno.errors.PermissionDenied} If the folder may not be read */
async function* entriesOf(folder: string): AsyncGenerator<Deno.DirEntry> {
  try {
    yield* Deno.readDir(folder);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new Deno.errors.PermissionDenied(
      `Cannot read the folder ${folder}: permission denied, expected a readable folder`,
    );
  }
}

/** The bytes of a file, or why the system does not give them. */
async function contentOf(path: string): Promise<Content> {
  try {
    return { content: await Deno.readFile(path) };
  } catch (error) {
    const [reason] = (error as Error).message.split(" (os error");
    return { fault: `cannot be read (${reason}), expected a readable file`, unread: true };
  }
}

/**
 * Length in bytes, 0 if the system does not say; null for what is no file, such as a link that leads nowhere. Without a
 * promise for each of many.
 */
function sizeOfFile(path: string): number | null {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? size : null;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? null : 0; // reading it will tell what is wrong
  }
}
