/** A whole comparison: every method trained alike with every seed, scored, and written down as a table and pictures. */

import type { Device } from "../gpu/device.ts";
import { writeWhole } from "../sampling/write.ts";
import type { TrainOptions } from "../train/options.ts";
import { lockRun } from "../train/run_folder.ts";
import type { TrainingData } from "../train/train.ts";
import { type Evaluate, runCell } from "./cell.ts";
import { figures } from "./figures.ts";
import { type Cell, cellsOf, type CompareRequest } from "./request.ts";
import {
  type CellFailure,
  cellFolder,
  type CellResult,
  differencesOf,
  openComparison,
  readResult,
  type Settings,
} from "./store.ts";
import { type Column, csvTable, markdownTable, type Row, shownOf } from "./table.ts";
import { secondsLeft } from "./time_left.ts";

/** What is compared, on what, and where to. */
export interface CompareJob {
  device: Device;
  data: TrainingData;
  request: CompareRequest;
  /** Everything is written into this folder; what is there of the same comparison is not done again. */
  folder: string;
  /** Scores a run. */
  evaluate: Evaluate;
  /** What decides how runs are scored: where it changes, runs that are there are scored again, and not trained again. */
  evaluation: Settings;
  /** Turns SVG text into a PNG file. */
  rasterize: (svg: string) => Uint8Array;
  /** Stops after the iterations under way, and scoring where that heeds it; the same job goes on from there. */
  signal?: AbortSignal;
}

/** A cell that is trained. */
export type TrainableCell = Extract<Cell, { options: TrainOptions }>;

/** What there is to do for a cell; one that is trained is scored, too. */
type Task = "train" | "score";

/** What happens in a comparison, as it happens. */
export type CompareEvent =
  | { kind: "refused"; method: string; reason: string }
  | { kind: "training"; cell: TrainableCell; place: Place; iteration: number; secondsLeft: number | null }
  | {
    kind: "done";
    cell: TrainableCell;
    place: Place;
    result: CellResult | CellFailure;
    /** What was done for it now; nothing where an earlier call did it all. */
    did: Task | null;
    secondsLeft: number | null;
  }
  | { kind: "stopped" }
  | { kind: "wrote"; path: string };

/** Which of how many cells, counted from 1. */
export interface Place {
  readonly number: number;
  readonly of: number;
}

/** A cell and what is known of it. */
interface Known {
  readonly cell: TrainableCell;
  readonly result: CellResult | CellFailure;
}

/**
 * Trains and scores every method with every seed, one after the other, and writes `table.md`, `table.csv` and pictures as
 * SVG and PNG. What is done is found in the folder and not done again, and a training that was interrupted goes on from
 * what it saved. Runs that were scored otherwise are scored again.
 *
 * @throws {RangeError} If nothing can be trained as asked for; a single method that cannot is left out, and the table says
 * why
 * @throws {RunError} If the folder holds another comparison, or another process works in it
 * @throws {DeviceError} If the adapter is lost
 *
 * @example
 * ```ts ignore
 * const shared = { dataset: "ring8", iterations: 3000 };
 * const request = { methods: methodsOf("gan,hmog"), seeds: 3, shared };
 * const evaluator = await Evaluator.create(device, { load, request: { n: 2500 }, cache: null });
 * const evaluate = (run: string) => evaluator.evaluateRun(run);
 * const rasterize = await rasterizer();
 * const job = { device, data, request, folder: "ring", evaluate, evaluation: { n: 2500 }, rasterize };
 * for await (const event of compare(job)) console.log(event.kind);
 * ```
 */
export async function* compare(job: CompareJob): AsyncGenerator<CompareEvent> {
  const { device, data, request, folder, signal } = job;
  const [count, ...image] = data.shape;
  const cells = cellsOf(request, { traits: device.traits, count, image: image as [number, number, number] });
  const trained = cells.filter((cell): cell is TrainableCell => "options" in cell);
  const { evaluation } = job;
  await openComparison(folder, sharedBy(job, trained[0].options));
  using _alone = await lockRun(folder);
  for (const { method, refused } of refusalsOf(cells)) yield { kind: "refused", method, reason: refused };
  const known: Known[] = [];
  const before = await Promise.all(trained.map((cell) => readResult(cellFolder(folder, cell))));
  const tasks = before.map((result): Task | null => {
    if (result === null) return "train";
    return "scores" in result && differencesOf(result.scoring, evaluation).length > 0 ? "score" : null;
  });
  for (const [i, cell] of trained.entries()) {
    const place = { number: i + 1, of: trained.length };
    const waiting = (task: Task) => trained.filter((_, other) => other > i && tasks[other] === task);
    const left = (underWay?: { seconds: number; share: number }) =>
      secondsLeft({
        done: known.map(timesOf),
        waiting: waiting("train").map(({ method }) => method),
        toScore: waiting("score").length,
        underWay: underWay && { ...underWay, method: cell.method },
      });
    let result = before[i];
    let did = tasks[i];
    if (did !== null) {
      if (signal?.aborted) return yield { kind: "stopped" };
      const { options } = cell;
      const steps = runCell({ ...job, options, folder: cellFolder(folder, cell) });
      let step = await steps.next();
      if (step.done) did = "score"; // an earlier call trained it to the end
      const from = step.done ? 0 : step.value.iteration - 1; // where an earlier process got to
      for (; !step.done; step = await steps.next()) {
        const { iteration, seconds } = step.value;
        const share = (iteration - from) / (options.iterations - from);
        yield { kind: "training", cell, place, iteration, secondsLeft: left({ seconds, share }) };
      }
      result = step.value;
    }
    if (result === null) return yield { kind: "stopped" };
    known.push({ cell, result });
    await writeTables(job, { cells, known });
    yield { kind: "done", cell, place, result, did, secondsLeft: left() };
  }
  for (const name of ["table.md", "table.csv"]) yield { kind: "wrote", path: `${folder}/${name}` };
  yield* writeFigures(job, { cells, known });
}

function timesOf({ cell: { method }, result }: Known): { method: string; seconds: number; scoring?: number } {
  const { seconds } = result;
  return { method, seconds, scoring: "scores" in result ? seconds - result.trainingSeconds : undefined };
}

/** What every training of a comparison depends on besides method and seed. */
function sharedBy({ data }: CompareJob, options: TrainOptions): Settings {
  const { method: _method, seed: _seed, sampleEvery: _samples, saveEvery: _saves, reportEvery: _reports, ...rest } =
    options;
  const { model: { head: _head, ...model }, adam, ...others } = rest;
  return { ...others, ...adam, ...model, fingerprint: data.fingerprint };
}

/** Each method that is left out, once. */
function refusalsOf(cells: readonly Cell[]): { method: string; refused: string }[] {
  return cells.flatMap((cell) => "refused" in cell && cell.seed === 0 ? [cell] : []);
}

interface Progress {
  readonly cells: readonly Cell[];
  readonly known: readonly Known[];
}

const TRAINING_TIME: Column = { name: "trainingSeconds", label: "Training, s", better: "neither" };

/** What is known so far as the rows and columns of a table. */
function tableOf({ request: { methods } }: CompareJob, { cells, known }: Progress): { rows: Row[]; columns: Column[] } {
  const columns = new Map<string, Column>();
  for (const { result } of known) {
    if ("scores" in result) result.scores.forEach(({ value: _, ...column }) => columns.set(column.name, column));
  }
  columns.set(TRAINING_TIME.name, TRAINING_TIME);
  const rows = methods.map((method): Row => {
    const own = known.filter(({ cell }) => cell.method === method);
    return {
      method,
      cells: own.flatMap(({ cell: { seed }, result }) => {
        if ("failure" in result) return [];
        const scores = result.scores.map(({ name, value }) => [name, value]);
        return [{ seed, values: { ...Object.fromEntries(scores), trainingSeconds: result.trainingSeconds } }];
      }),
      remarks: [
        ...cells.flatMap((cell) => "refused" in cell && cell.method === method ? [cell.refused] : []),
        ...own.flatMap(({ cell: { seed }, result }) => "failure" in result ? [`seed ${seed}: ${result.failure}`] : []),
      ],
    };
  });
  return { rows, columns: [...columns.values()] };
}

async function writeTables(job: CompareJob, progress: Progress): Promise<void> {
  const { rows, columns } = tableOf(job, progress);
  const { options } = progress.known[0].cell;
  const notes = progress.known.flatMap(({ result }) => "note" in result && result.note !== "" ? [result.note] : []);
  const text = {
    title: titleOf(options),
    notes: [
      `${options.iterations} iterations with batch ${options.batch}, preset ${options.preset}; ` +
      `${job.request.seeds === 1 ? "one seed" : `mean ± deviation over ${job.request.seeds} seeds`}, the best in bold.`,
      ...[...new Set(notes)].map((note) => `Scores: ${note}. All of them are in table.csv.`),
    ],
  };
  await writeWhole(`${job.folder}/table.md`, markdownTable(rows, shownOf(columns), text));
  await writeWhole(`${job.folder}/table.csv`, csvTable(rows, columns));
}

const titleOf = ({ dataset, objective }: TrainOptions): string => `${dataset}, ${objective}`;

async function* writeFigures(job: CompareJob, progress: Progress): AsyncGenerator<CompareEvent> {
  const { device, data, folder, request: { methods } } = job;
  const runsOf = (method: string) =>
    progress.known.flatMap(({ cell, result }) => cell.method === method && "scores" in result ? [result.run] : []);
  const runs = Object.fromEntries(methods.map((method) => [method, runsOf(method)]));
  const title = titleOf(progress.known[0].cell.options);
  const { rows, columns } = tableOf(job, progress);
  for await (const { name, svg } of figures({ device, data, title, runs, rows, columns: shownOf(columns) })) {
    if (job.signal?.aborted) return yield { kind: "stopped" };
    await writeWhole(`${folder}/${name}.svg`, svg);
    await writeWhole(`${folder}/${name}.png`, [job.rasterize(svg)]);
    yield { kind: "wrote", path: `${folder}/${name}.png` };
  }
}
