/** Folders and archives of files, read where they lie: nothing is unpacked to the disk. */

import { FolderFiles } from "./folder_files.ts";
import { kindOf } from "./signatures.ts";
import { orSentence } from "./system_error.ts";
import { TarFiles } from "./tar.ts";
import { ZipFiles } from "./zip.ts";

/** A file in a folder or an archive. */
export interface FileEntry {
  /** Its path inside, with `/` between the parts. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Why it cannot be read, where that is known before: the rest of a sentence about it. */
  readonly fault?: string;
}

/** What a file holds, in memory of its own, or why that cannot be had, as the rest of a sentence about the file. */
export type Content = { readonly content: Uint8Array<ArrayBuffer> } | Fault;

/** Why a file is of no use. */
export interface Fault {
  readonly fault: string;
  /** Whether the system did not give the file: another time it may. */
  readonly unread?: true;
}

/** A file and what it holds. */
export type FileContent = { readonly name: string } & Content;

/** The files of a folder or an archive. */
export interface FileTree {
  /** The folder or archive. */
  readonly path: string;
  /**
   * Every file in it, ordered by name.
   *
   * @throws {SyntaxError} If the archive is damaged, or holds what none should: absolute or `..` paths, links, more than
   *   100 times its own size, a name twice
   * @throws {Deno.errors.PermissionDenied} If a folder in it may not be read
   * @throws The signal's reason, if it aborts
   */
  list(signal?: AbortSignal): Promise<readonly FileEntry[]>;
  /**
   * The contents of the wanted files, in the order in which they are read fastest; a file that is damaged by itself, in a
   * folder or a ZIP archive, comes with its fault.
   *
   * @throws {SyntaxError} If the archive as a whole is damaged
   * @throws The signal's reason, if it aborts
   */
  read(wanted: ReadonlySet<string>, signal?: AbortSignal): AsyncIterable<FileContent>;
  /** The files of the system that hold what is wanted: the archive itself, or those of a folder, ordered by name. */
  parts(isWanted: (name: string) => boolean, signal?: AbortSignal): Promise<readonly string[]>;
}

const WANTED = "folder, ZIP or TAR archive";
const HEAD = 512; // bytes in which every kind shows itself

/**
 * The files at a path: a folder, or a ZIP, TAR or gzip-packed TAR archive, told apart by their first bytes.
 *
 * @throws {Deno.errors.NotFound} If there is nothing at the path, and so for the other errors of opening a file
 * @throws {SyntaxError} If it is a file of another kind
 */
export async function openFiles(path: string): Promise<FileTree> {
  const info = await readable(Deno.stat(path), path);
  if (info.isDirectory) return new FolderFiles(path);
  const head = await readable(firstBytes(path), path);
  const starts = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x50, 0x4b, 0x03, 0x04) || starts(0x50, 0x4b, 0x05, 0x06)) return new ZipFiles(path);
  if (starts(0x1f, 0x8b)) return new TarFiles(path, { gzip: true });
  if (new TextDecoder("latin1").decode(head.subarray(257, 262)) === "ustar") return new TarFiles(path, { gzip: false });
  throw new SyntaxError(`Cannot open ${path}: found ${kindOf(head, info.size)}, expected a ${WANTED}`);
}

const readable = <T>(asked: Promise<T>, path: string): Promise<T> =>
  orSentence(asked, `open ${path}`, `a readable ${WANTED}`);

async function firstBytes(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const head = new Uint8Array(HEAD);
  return head.subarray(0, await file.read(head) ?? 0);
}
