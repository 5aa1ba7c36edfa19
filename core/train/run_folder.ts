/** Numbered run folders and how files get into them. */

import { AUTOSAVE, checkpointsOf, METRICS_FILE, RunError, runsIn } from "../sampling/run.ts";
import { readIfThere } from "../sampling/read.ts";
import { orRunError, TEMPORARY, writeWhole } from "../sampling/write.ts";

const ADVICE = "; --runs names another folder";
/** What is locked while a run is trained; it stays there, and means nothing by itself. */
const LOCK_FILE = ".lock";
const CANNOT_LOCK = ["ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]; // codes of network disks without locks

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
  }, ADVICE);
}

/**
 * Takes a run for this process alone until it is disposed of; the system ends that too, however the process ends. Then
 * removes what an earlier process was writing when it was killed. On a disk without locks nothing is held.
 *
 * @throws {RunError} If another process has it
 */
export async function lockRun(folder: string): Promise<Disposable> {
  const path = `${folder}/${LOCK_FILE}`;
  const file = await orRunError("write", path, () => Deno.open(path, { write: true, create: true }), ADVICE);
  const locked = await file.tryLock(true).catch((error) => {
    if (CANNOT_LOCK.includes(error.code)) return true;
    throw error;
  });
  if (!locked) {
    file.close();
    throw new RunError(
      `Cannot train in ${folder}: another process is training it, expected no other; wait until it ends, or stop it`,
    );
  }
  for await (const { name } of Deno.readDir(folder)) {
    if (TEMPORARY.test(name)) await Deno.remove(`${folder}/${name}`);
  }
  return file;
}

/**
 * Writes a file of a run (`writeWhole`).
 *
 * @throws {RunError} If it cannot be written
 */
export async function writeRunFile(path: string, pieces: readonly Uint8Array[] | string): Promise<void> {
  await writeWhole(path, pieces, ADVICE);
}

/** Removes a run folder that has no checkpoint. */
export async function removeEmptyRun(folder: string): Promise<void> {
  if ((await checkpointsOf(folder)).length === 0) await Deno.remove(folder, { recursive: true }).catch(() => {});
}

/** Removes the autosaves of a run but for one file; one that cannot be removed does no harm. */
export async function removeAutosaves(folder: string, kept: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (AUTOSAVE.test(name) && path !== kept) await Deno.remove(path).catch(() => {});
  }
}

/**
 * Adds one line to the log of a run.
 *
 * @throws {RunError} If it cannot be written
 */
export async function appendMetrics(folder: string, report: Readonly<Record<string, unknown>>): Promise<void> {
  const path = `${folder}/${METRICS_FILE}`;
  const line = `${JSON.stringify(report)}\n`;
  await orRunError("write", path, () => Deno.writeTextFile(path, line, { append: true }), ADVICE);
}

/**
 * Takes the lines after `iteration` out of the log, with what a crash left of a line.
 *
 * @returns Seconds of training that the log had counted by then
 * @throws {RunError} If it cannot be read or written
 */
export async function trimMetrics(folder: string, iteration: number): Promise<number> {
  const path = `${folder}/${METRICS_FILE}`;
  const text = await readIfThere(path, Deno.readTextFile) ?? "";
  const lines = text.split("\n").map((line) => ({ line, report: reportIn(line) }))
    .filter(({ report }) => report !== null && report.iteration <= iteration);
  await writeRunFile(path, lines.map(({ line }) => `${line}\n`).join(""));
  return lines.at(-1)?.report?.elapsedSeconds ?? 0;
}

/** What is read of a line of a log: numbers by name. */
export interface LoggedNumbers {
  readonly iteration: number;
  readonly [quantity: string]: number;
}

/** What a line of a log reports; null of one that a crash has cut off. */
export function reportIn(line: string): LoggedNumbers | null {
  try {
    const report = JSON.parse(line);
    return typeof report?.iteration === "number" ? report : null;
  } catch {
    return null;
  }
}
