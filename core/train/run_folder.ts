/** Numbered run folders and how files get into them. */

import { METRICS_FILE, runsIn } from "../sampling/run.ts";
import { orRunError, writeWhole } from "../sampling/write.ts";

const ADVICE = "; --runs names another folder";

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
 * Writes a file of a run (`writeWhole`).
 *
 * @throws {RunError} If it cannot be written
 */
export async function writeRunFile(path: string, pieces: readonly Uint8Array[] | string): Promise<void> {
  await writeWhole(path, pieces, ADVICE);
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
 * @throws {RunError} If it cannot be written
 */
export async function trimMetrics(folder: string, iteration: number): Promise<number> {
  const path = `${folder}/${METRICS_FILE}`;
  const text = await Deno.readTextFile(path).catch(() => "");
  const lines = text.split("\n").map((line) => ({ line, report: reportIn(line) }))
    .filter(({ report }) => report !== null && report.iteration <= iteration);
  await writeRunFile(path, lines.map(({ line }) => `${line}\n`).join(""));
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
