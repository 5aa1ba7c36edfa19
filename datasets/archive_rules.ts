/** What an archive may hold: rules for entries, checked before anything in it is used. */

import type { FileEntry } from "./picture_files.ts";

/** Contents are refused that are so many times larger than their archive: pictures hardly shrink. */
const MAX_RATIO = 100;

/** How absolute paths start on Windows. */
const DRIVE = /^[a-z]:[/\\]/i;

/** Collects the files of an archive and refuses what none of ours should hold. */
export class ArchiveListing {
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  /**
   * @param path The archive, as errors call it
   * @param size Its length in bytes
   */
  constructor(readonly path: string, readonly size: number) {}

  /**
   * Adds a file.
   *
   * @param name As the archive has it
   * @returns The name with `/` between the parts and no `.` among them
   * @throws {SyntaxError} If its path is absolute or has `..`, if it is there already, or if the contents grow too large
   */
  add(name: string, size: number): string {
    const plain = this.checkPath(name).filter((part) => part !== "" && part !== ".").join("/");
    if (this.#sizes.has(plain)) throw this.refusal(name, "it a second time", "every file once");
    this.#sizes.set(plain, size);
    this.#bytes += size;
    this.checkBytes(this.#bytes, name);
    return plain;
  }

  /**
   * The parts of the path of a file or a folder.
   *
   * @throws {SyntaxError} If it is absolute or has `..`
   */
  checkPath(name: string): readonly string[] {
    const parts = name.split(/[/\\]/);
    if (parts[0] === "" || DRIVE.test(name)) throw this.refusal(name, "an absolute path", "a relative one");
    if (parts.includes("..")) throw this.refusal(name, "a path with ..", "one that stays inside");
    return parts;
  }

  /** @throws {SyntaxError} If so many bytes are more than the archive may unpack to */
  checkBytes(bytes: number, name: string): void {
    if (bytes <= MAX_RATIO * this.size) return;
    throw this.refusal(
      name,
      `contents of ${bytes} bytes in an archive of ${this.size}`,
      `at most ${MAX_RATIO} times its size`,
    );
  }

  /** @throws {SyntaxError} Always: neither a link nor a device is a picture */
  refuseKind(name: string, kind: string): never {
    throw this.refusal(name, `a ${kind}`, "files and folders alone");
  }

  /** The error for an entry: what was found with it, and what was expected. */
  refusal(name: string, found: string, expected: string): SyntaxError {
    return new SyntaxError(`Cannot use entry ${name} of ${this.path}: found ${found}, expected ${expected}`);
  }

  /** The files added so far, ordered by name. */
  entries(): FileEntry[] {
    return [...this.#sizes].map(([name, size]) => ({ name, size })).sort(byName);
  }
}

/** Order by UTF-16 code units: the same in every country. */
export const byName = (a: FileEntry, b: FileEntry): number => a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
