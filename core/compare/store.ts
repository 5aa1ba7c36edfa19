/** The folder of a comparison: what is compared, and what is known of each training so far. */

import type { Score } from "../evaluate/evaluation.ts";
import { checkpointsOf, METRICS_FILE, RunError, runsIn } from "../sampling/run.ts";
import { readIfThere } from "../sampling/read.ts";
import { orRunError, writeWhole } from "../sampling/write.ts";
import { reportIn } from "../train/run_folder.ts";
import type { Curve } from "./plots/curves.ts";
import type { Cell } from "./request.ts";

/** What decides something, by name, as JSON values. */
export type Settings = Readonly<Record<string, unknown>>;

/** What is known of a run that was trained and scored. */
export interface CellResult {
  /** The run folder. */
  readonly run: string;
  readonly scores: readonly Score[];
  /** What the scores were made from: features, counts of samples, seed. */
  readonly note: string;
  /** What decided how it was scored. */
  readonly scoring: Settings;
  readonly trainingSeconds: number;
  /** Training and scoring. */
  readonly seconds: number;
}

/** What is known of a training that came to nothing, such as by a loss that is no number. */
export interface CellFailure {
  readonly failure: string;
  readonly seconds: number;
}

const COMPARISON_FILE = "comparison.json";
const RESULT_FILE = "result.json";
const ADVICE = "; --out names another folder";

/** The folder of one cell, within that of its comparison. */
export function cellFolder(folder: string, { method, seed }: Pick<Cell, "method" | "seed">): string {
  return `${folder}/cells/${method}-${seed}`;
}

/**
 * Makes the folder of a comparison, or checks that the one that is there is of this comparison.
 *
 * @param training What decides how all runs are trained
 * @throws {RunError} If its runs were trained otherwise (says what differs), it holds something else, or cannot be written
 */
export async function openComparison(folder: string, training: Settings): Promise<void> {
  const path = `${folder}/${COMPARISON_FILE}`;
  await orRunError("make the folder of a comparison,", folder, () => Deno.mkdir(folder, { recursive: true }), ADVICE);
  const found = await readRecord(path);
  if (found === null) return await writeWhole(path, `${JSON.stringify({ training }, null, 2)}\n`, ADVICE);
  if (!(found.training instanceof Object)) {
    throw new RunError(
      `Cannot go on with the comparison in ${folder}: ${COMPARISON_FILE} holds no training, expected ` +
        `what compare wrote${ADVICE}`,
    );
  }
  const differences = differencesOf(...withoutSharesOfRun(found.training as Settings, training));
  if (differences.length === 0) return;
  throw new RunError(
    `Cannot go on with the comparison in ${folder}: ${
      differences.join("; ")
    }; expected the same arguments (methods and ` +
      `seeds may be added, and what decides the scores may change)${ADVICE}`,
  );
}

/** Parts of settings that are counted in iterations: a share of those of the run. */
const SHARES_OF_RUN = ["over", "exchangeFrom"];

/** Both settings, where the iterations differ without what follows from them, which nobody asked for. */
function withoutSharesOfRun(before: Settings, now: Settings): [Settings, Settings] {
  if (before.iterations === now.iterations) return [before, now];
  const asked = (settings: Settings): Settings =>
    JSON.parse(JSON.stringify(settings, (name, value) => {
      if (SHARES_OF_RUN.includes(name)) return undefined;
      return name === "grow" && Array.isArray(value) ? value.length > 0 : value;
    }));
  return [asked(before), asked(now)];
}

/** Every setting that is another one, in words: `iterations was 100 and is 200`. */
export function differencesOf(before: Settings, now: Settings): string[] {
  const wanted: Settings = JSON.parse(JSON.stringify(now));
  const text = (value: unknown) => value === undefined ? "not given" : JSON.stringify(value);
  return [...new Set([...Object.keys(before), ...Object.keys(wanted)])]
    .filter((name) => text(before[name]) !== text(wanted[name]))
    .map((name) => `${name} was ${text(before[name])} and is ${text(wanted[name])}`);
}

/** What is known of a cell; null where it is not done. */
export async function readResult(folder: string): Promise<CellResult | CellFailure | null> {
  const path = `${folder}/${RESULT_FILE}`;
  const found = await readRecord(path);
  if (found === null) return null;
  if (typeof found.failure === "string") return found as unknown as CellFailure;
  if (Array.isArray(found.scores) && typeof found.run === "string" && found.scoring instanceof Object) {
    return { ...found as Omit<CellResult, "run">, run: `${folder}/${found.run}` };
  }
  throw new RunError(
    `Cannot read ${path}: it holds no scores with their run and scoring, expected what compare wrote; remove it to ` +
      `score the run again`,
  );
}

/**
 * Notes what is known of a cell, the run by its name in the folder, so that the folder may be moved.
 *
 * @throws {RunError} If it cannot be written
 */
export async function writeResult(folder: string, result: CellResult | CellFailure): Promise<void> {
  const noted = "run" in result ? { ...result, run: result.run.slice(result.run.lastIndexOf("/") + 1) } : result;
  await orRunError("make", folder, () => Deno.mkdir(folder, { recursive: true }), ADVICE);
  await writeWhole(`${folder}/${RESULT_FILE}`, `${JSON.stringify(noted, null, 2)}\n`, ADVICE);
}

async function readRecord(path: string): Promise<Record<string, unknown> | null> {
  const text = await readIfThere(path, Deno.readTextFile);
  if (text === undefined) return null;
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // said below
  }
  throw new RunError(
    `Cannot read ${path}: it is no JSON object, expected the one that compare wrote; remove it to go on`,
  );
}

/** The newest run of a cell that something is saved of, and after which iteration; null where there is none. */
export async function savedRunOf(folder: string): Promise<{ run: string; iteration: number } | null> {
  for (const name of (await runsIn(folder)).reverse()) {
    const run = `${folder}/${name}`;
    const last = (await checkpointsOf(run)).at(-1);
    if (last !== undefined) return { run, iteration: last.iteration };
  }
  return null;
}

/**
 * The learning curve of every quantity in the log of a run.
 *
 * @throws {RunError} If it cannot be read, or reports nothing
 */
export async function curvesOf(run: string): Promise<Record<string, Curve>> {
  const path = `${run}/${METRICS_FILE}`;
  const text = await orRunError("read", path, () => Deno.readTextFile(path));
  const reports = text.split("\n").flatMap((line) => reportIn(line) ?? []);
  if (reports.length === 0) {
    throw new RunError(`Cannot read ${path}: it reports nothing, expected a training; remove ${run} to train it again`);
  }
  const names = Object.keys(reports[0]).filter((name) => name !== "iteration");
  return Object.fromEntries(
    names.map((name) => [name, { x: reports.map(({ iteration }) => iteration), y: reports.map((r) => r[name]) }]),
  );
}
