/** Numbered run folders and how files get into them: whole or not at all, each failure one sentence. */

import { METRICS_FILE, RunError, runsIn } from "../sampling/run.ts";

/**
 * A new folder `runs/00000-label`, numbered behind those that are there.
 *
 * @throws {RunError} If it cannot be made
 */
export async function createRunFolder(runs: string, label: string): Promise<string> {
  return await orRunError("make a run folder in", runs, async () => {
    await Deno.mkdir(runs, { recursive: true });
    const numbers = (await runsIn(runs)).map((name) => parseInt(name, 10));
    for (let number = Math.max(-1, ...numbers) + 1;; number++) {
      const folder = `${runs}/${String(number).padStart(5, "0")}-${label}`;
      try {
        await Deno.mkdir(folder);
        return folder;
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error; // another run was faster: the next number
      }
    }
  });
}

/**
 * Writes a file in pieces under a temporary name, syncs it, and gives it its name: whoever looks finds the old file, the
 * new one, or none, never a part.
 *
 * @throws {RunError} If it cannot be written; what had been written is removed
 */
export async function writeWhole(path: string, pieces: readonly Uint8Array[] | string): Promise<void> {
  const parts = typeof pieces === "string" ? [new TextEncoder().encode(pieces)] : pieces;
  const slash = path.lastIndexOf("/") + 1;
  const temporary = `${path.slice(0, slash)}.${path.slice(slash)}.part`;
  await orRunError("write", path, async () => {
    try {
      await writeSynced(temporary, parts);
      await Deno.rename(temporary, path);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
    await syncFolder(path.slice(0, slash) || ".");
  });
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

/**
 * Adds one line to the log of a run.
 *
 * @throws {RunError} If it cannot be written
 */
export async function appendMetrics(folder: string, report: Readonly<Record<string, unknown>>): Promise<void> {
  const path = `${folder}/${METRICS_FILE}`;
  await orRunError("write", path, () => Deno.writeTextFile(path, `${JSON.stringify(report)}\n`, { append: true }));
}

/**
 * Takes the lines after `iteration` out of the log, with what a crash left of a line.
 *
 * @returns Seconds of training that the log had counted by then
 * @throws {RunError} If it cannot be written
 */
export async function trimMetrics(folder: string, iteration: number): Promise<number> {
  const path = `${folder}/${METRICS_FILE}`;
  const text = await Deno.readTextFile(path).catch(() => "");
  const lines = text.split("\n").map((line) => ({ line, report: reportIn(line) }))
    .filter(({ report }) => report !== null && report.iteration <= iteration);
  await writeWhole(path, lines.map(({ line }) => `${line}\n`).join(""));
  return lines.at(-1)?.report?.elapsedSeconds ?? 0;
}

function reportIn(line: string): { iteration: number; elapsedSeconds?: number } | null {
  try {
    const report = JSON.parse(line);
    return typeof report?.iteration === "number" ? report : null;
  } catch {
    return null;
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
  [(error) => error instanceof Deno.errors.NotFound, "the folder is gone, expected it to stay"],
];

async function orRunError<T>(action: string, path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof Error) || error instanceof RunError) throw error;
    const reason = REASONS.find(([kind]) => kind(error))?.[1] ?? error.message;
    throw new RunError(`Cannot ${action} ${path}: ${reason}; --runs names another folder`, { cause: error });
  }
}
