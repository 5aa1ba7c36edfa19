/** What a run folder is to its readers: where it is, which checkpoints it has, what they hold. */

import { nearestName } from "../nearest.ts";
import { decodeSafetensors, type StoredTensor } from "../safetensors.ts";
import { shellWord } from "../shell_word.ts";

/** The folder that runs are in unless told otherwise. */
export const RUNS_FOLDER = "runs";
/** The resolved options of a run, one JSON object. */
export const OPTIONS_FILE = "options.json";
/** The log of a run, one JSON object a line. */
export const METRICS_FILE = "metrics.jsonl";

/** Metadata of every checkpoint; another version is laid out in another way. */
export const CHECKPOINT_FORMAT = { format: "hmog", version: "2" };

/** A run or checkpoint that is missing or cannot be used; the message is one sentence for the user. */
export class RunError extends Error {
  override name = "RunError";
}

/** Names of checkpoints that the next one replaces. */
export const AUTOSAVE = /^autosave-\d+\.safetensors$/;

/** A checkpoint by its file. */
export interface CheckpointFile {
  readonly iteration: number;
  readonly path: string;
}

/** What a checkpoint holds: tensors by tree path (`ema/head/…`) and the options of its run. */
export interface Checkpoint extends CheckpointFile {
  readonly options: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  /** The run's name, or the file's where it lies alone. */
  readonly run: string;
}

const RUN_NAME = /^(\d{5,})-/;
const CHECKPOINT_NAME = /^(?:checkpoint|autosave)-(\d{6,})\.safetensors$/;

/** What its name says: `checkpoint` stays, `autosave` is replaced by the next of either. */
export type CheckpointKind = "checkpoint" | "autosave";

/** `checkpoint-000500.safetensors`. */
export function checkpointName(iteration: number, kind: CheckpointKind = "checkpoint"): string {
  return `${kind}-${String(iteration).padStart(6, "0")}.safetensors`;
}

/**
 * The folder of a run given as a path, as a name in `runs`, or as its number there.
 *
 * @throws {RunError} If there is none; names the nearest
 */
export async function findRun(run: string, runs = RUNS_FOLDER): Promise<string> {
  if (run !== "" && await isFolder(run)) return withoutSlash(run);
  const names = await runsIn(runs);
  if (names.includes(run)) return `${runs}/${run}`;
  const numbered = /^\d+$/.test(run) ? names.filter((name) => Number(RUN_NAME.exec(name)?.[1]) === Number(run)) : [];
  if (numbered.length === 1) return `${runs}/${numbered[0]}`;
  const nearest = nearestName(withoutSlash(run).split("/").at(-1) ?? "", names);
  const expected = nearest === undefined
    ? `a run folder (${runs}/ has none; "./hmog train" makes one)`
    : `a run folder, the nearest name in ${runs}/ is ${nearest}`;
  throw new RunError(`Cannot find run "${run}": there is no such folder, expected ${expected}`);
}

/** Names of the folders in `runs`, and of links to such, in order; none where there is no such folder. */
export async function runsIn(runs: string): Promise<string[]> {
  const entries = (await entriesOf(runs).catch(() => [])).filter(({ name }) => RUN_NAME.test(name));
  const folders = await Promise.all(
    entries.map((entry) => entry.isDirectory || entry.isSymlink && isFolder(`${runs}/${entry.name}`)),
  );
  return entries.filter((_, i) => folders[i]).map(({ name }) => name).sort();
}

/**
 * The checkpoints of a run, oldest first.
 *
 * @throws {RunError} If the folder cannot be read
 */
export async function checkpointsOf(folder: string): Promise<CheckpointFile[]> {
  const entries = await entriesOf(folder).catch((error) => {
    throw new RunError(`Cannot read run ${folder}: ${reason(error, "a folder that may be read")}`);
  });
  return entries.flatMap(({ name }) => {
    const iteration = CHECKPOINT_NAME.exec(name)?.[1];
    return iteration === undefined ? [] : [{ iteration: Number(iteration), path: `${folder}/${name}` }];
  }).sort((a, b) => a.iteration - b.iteration);
}

/**
 * The newest checkpoint of a run.
 *
 * @throws {RunError} If there is none
 */
export async function latestCheckpoint(folder: string): Promise<CheckpointFile> {
  const latest = (await checkpointsOf(folder)).at(-1);
  if (latest !== undefined) return latest;
  throw new RunError(
    `Cannot use run ${folder}: it has no checkpoint, expected a file such as ${checkpointName(500)} (a run saves one ` +
      `every --save-every iterations and when it is stopped)`,
  );
}

/**
 * The checkpoint meant by `run`: the newest of a run (see `findRun`), or a checkpoint file by its path.
 *
 * @throws {RunError} If there is none
 */
export async function findCheckpoint(run: string, runs = RUNS_FOLDER): Promise<CheckpointFile> {
  if (!run.endsWith(".safetensors")) return await latestCheckpoint(await findRun(run, runs));
  const iteration = CHECKPOINT_NAME.exec(run.split("/").at(-1)!)?.[1] ?? 0;
  return { iteration: Number(iteration), path: run };
}

/**
 * Reads a checkpoint and checks that its bytes are those that were written.
 *
 * @throws {RunError} If the file is missing, damaged, no checkpoint or one of another version; names the newest older one
 * that can be used
 */
export async function readCheckpoint(file: CheckpointFile): Promise<Checkpoint> {
  try {
    return await decodeCheckpoint(file);
  } catch (error) {
    const found = reason(error, "a checkpoint; a run by its folder, name or number means its newest one");
    const intact = await newestIntact(folderOf(file.path), file.iteration);
    const advice = intact === undefined
      ? ""
      : `; the newest intact one is ${intact} (with it: --resume ${shellWord(intact)} or --run ${shellWord(intact)})`;
    throw new RunError(`Cannot read checkpoint ${file.path}: ${found}${advice}`, { cause: error });
  }
}

/** The folder that a file is in, such as the run folder of a checkpoint. */
export const folderOf = (path: string): string => path.split("/").slice(0, -1).join("/") || ".";

/** The path of the newest checkpoint before an iteration that can be read. */
async function newestIntact(folder: string, before: number): Promise<string | undefined> {
  const older = (await checkpointsOf(folder).catch(() => [])).filter(({ iteration }) => iteration < before);
  for (const file of older.reverse()) {
    if (await decodeCheckpoint(file).then(() => true, () => false)) return file.path;
  }
}

async function decodeCheckpoint(file: CheckpointFile): Promise<Checkpoint> {
  const { path } = file;
  const { tensors, metadata } = decodeSafetensors(await Deno.readFile(path));
  const { version = CHECKPOINT_FORMAT.version } = metadata;
  if (version !== CHECKPOINT_FORMAT.version) {
    throw new SyntaxError(
      `found version ${version} of the format, expected ${CHECKPOINT_FORMAT.version} (another hmog wrote it)`,
    );
  }
  const options = parseRecord(metadata.options ?? "null", `the metadata "options"`);
  const iteration = Number(metadata.iteration ?? file.iteration);
  const run = folderOf(path).split("/").findLast((part) => RUN_NAME.test(part)) ?? path.split("/").at(-1)!;
  return { path, iteration, options, tensors, run };
}

/**
 * The options of a run as they were written beside its results.
 *
 * @throws {RunError} If the file is missing or no JSON object
 */
export async function readOptions(folder: string): Promise<Record<string, unknown>> {
  const path = `${folder}/${OPTIONS_FILE}`;
  try {
    return parseRecord(await Deno.readTextFile(path), path);
  } catch (error) {
    const found = reason(error, `the ${OPTIONS_FILE} that training wrote`);
    throw new RunError(`Cannot read the options of run ${folder}: ${found}`, { cause: error });
  }
}

function parseRecord(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SyntaxError(`found ${what} that is no JSON text, expected a JSON object`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new SyntaxError(`found ${value === null ? "no" : "another"} value as ${what}, expected a JSON object`);
}

/**
 * What was found where a file could not be read, and what was expected, as the end of a sentence; what is wrong inside a
 * file says both itself.
 */
export function reason(error: unknown, expected: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof SyntaxError) return message.replace(/^Cannot read safetensors: /, "");
  return `${stateOf(error) ?? message}, expected ${expected}`;
}

function stateOf(error: unknown): string | undefined {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "it may not be read";
  }
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
}

async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info.isDirectory, () => false);
}

const entriesOf = (folder: string): Promise<Deno.DirEntry[]> => Array.fromAsync(Deno.readDir(folder));

const withoutSlash = (path: string): string => path.length > 1 ? path.replace(/\/+$/, "") : path;
