/** Files that are written whole or not at all, each failure one sentence. */

import { RunError } from "./run.ts";

/** Names of files that are being written, or were when a process was killed. */
export const TEMPORARY = /^\..+\.part$/;

/**
 * Writes a file in pieces under a temporary name of its own, syncs it, and gives it its name: whoever looks finds the old
 * file, the new one, or none, never a part, and of two that write at the same time one wins.
 *
 * @param advice What can be done about a failure, as the end of its message
 * @throws {RunError} If it cannot be written; what had been written is removed
 */
export async function writeWhole(
  path: string,
  pieces: readonly Uint8Array[] | string,
  advice = "",
): Promise<void> {
  const parts = typeof pieces === "string" ? [new TextEncoder().encode(pieces)] : pieces;
  const { folder, temporary } = placeOf(path);
  await orRunError("write", path, async () => {
    if (path.endsWith("/")) throw new Deno.errors.IsADirectory();
    try {
      await writeSynced(temporary, parts);
      await Deno.rename(temporary, path);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
    await syncFolder(folder);
  }, advice);
}

/**
 * Writes a file that a user named: a device or pipe as it is, everything else by `writeWhole`.
 *
 * @throws {RunError} If it cannot be written
 */
export async function writeNamed(path: string, content: Uint8Array | string): Promise<void> {
  if (!await isStream(path)) return await writeWhole(path, typeof content === "string" ? content : [content]);
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await orRunError("write", path, () => Deno.writeFile(path, bytes));
}

/** Whether something is there that is neither a file nor a folder. */
async function isStream(path: string): Promise<boolean> {
  const there = await Deno.stat(path).catch(() => null);
  return there !== null && !there.isFile && !there.isDirectory;
}

/**
 * Finds out, before the work, what would keep `writeNamed` or `writeWhole` from writing a file afterwards: makes an empty
 * one beside it, and removes that.
 *
 * @throws {RunError} If the file could not be written
 */
export async function checkWritable(path: string): Promise<void> {
  if (await isStream(path)) return;
  const { temporary } = placeOf(path);
  await orRunError("write", path, async () => {
    const folder = path.endsWith("/") || await Deno.stat(path).then((info) => info.isDirectory, () => false);
    if (folder) throw new Deno.errors.IsADirectory();
    await Deno.writeFile(temporary, new Uint8Array());
    await Deno.remove(temporary);
  });
}

/**
 * Finds out, before the work, what would keep files from being written into a folder, which need not be there yet: tries
 * it in the nearest one around it that is. Makes no folder.
 *
 * @param advice What can be done about a failure, as the end of its message
 * @throws {RunError} If they could not be written
 */
export async function checkFolder(path: string, advice = ""): Promise<void> {
  await orRunError("write into", path, async () => {
    let folder = path;
    while (!await isThere(folder)) folder = /^(.*)\/[^/]+\/*$/.exec(folder)?.[1] ?? ".";
    const { temporary } = placeOf(`${folder}/folder`);
    await Deno.writeFile(temporary, new Uint8Array());
    await Deno.remove(temporary);
  }, advice);
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path || "/").then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}

/** The folder of a file, and a name in it for the time until it is whole. */
function placeOf(path: string): { folder: string; temporary: string } {
  const slash = path.lastIndexOf("/") + 1;
  return {
    folder: path.slice(0, slash) || ".",
    temporary: `${path.slice(0, slash)}.${path.slice(slash)}.${crypto.randomUUID().slice(0, 8)}.part`,
  };
}

async function writeSynced(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (const piece of pieces) {
    for (let written = 0; written < piece.length;) written += await file.write(piece.subarray(written));
  }
  await file.sync();
}

/** Makes a rename last through a power cut, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    using handle = await Deno.open(folder);
    await handle.sync();
  } catch {
    // Windows opens no folders; the file itself is synced.
  }
}

/** What the user can do about an error of the file system. */
const REASONS: readonly (readonly [kind: (error: Error & { code?: string }) => boolean, reason: string])[] = [
  [({ code }) => code === "ENOSPC" || code === "EDQUOT", "the disk is full, expected free space"],
  [({ code }) => code === "EROFS", "the disk is read-only, expected one that may be written"],
  [(error) => error instanceof Deno.errors.NotCapable, "Deno may not write there, expected --allow-write"],
  [
    (error) => error instanceof Deno.errors.PermissionDenied,
    "permission denied, expected a folder that may be written",
  ],
  [
    (error) => error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.AlreadyExists,
    "a part of the path is a file, expected a folder",
  ],
  [(error) => error instanceof Deno.errors.IsADirectory, "it is a folder, expected a file"],
  [(error) => error instanceof Deno.errors.NotFound, "there is no such folder, expected one that is there"],
];

/** What `task` gives; an error of the file system becomes `Cannot <action> <path>: <reason><advice>`. */
export async function orRunError<T>(action: string, path: string, task: () => Promise<T>, advice = ""): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof RunError) throw error;
    const reason = REASONS.find(([kind]) => kind(error))?.[1] ?? error.message;
    throw new RunError(`Cannot ${action} ${path}: ${reason}${advice}`, { cause: error });
  }
}
