/** A whole run: training, reports, samples and checkpoints into a run folder, new or resumed. */

import type { Device } from "../gpu/device.ts";
import { DeviceError } from "../gpu/device.ts";
import { encodePng } from "../png.ts";
import { imageGrid, viewingScale } from "../sampling/grid.ts";
import {
  type Checkpoint,
  checkpointsOf,
  findCheckpoint,
  OPTIONS_FILE,
  readCheckpoint,
  readOptions,
  RunError,
  RUNS_FOLDER,
} from "../sampling/run.ts";
import { checkConfiguration, valuesOf, writeCheckpoint } from "./checkpoint.ts";
import { type Pictures, realImages, type TrainingImages } from "./images.ts";
import { Log, type Report } from "./log.ts";
import { checkOptions, type TrainOptions } from "./options.ts";
import { chromeTrace, type Profile, profileTable } from "./profile.ts";
import { Profiler } from "./profiler.ts";
import { provenance } from "./provenance.ts";
import { createRunFolder, lockRun, trimMetrics, writeRunFile } from "./run_folder.ts";
import { SAMPLES } from "./steps.ts";
import { type Measurement, NonFiniteError, Trainer } from "./trainer.ts";
import { tunerOfRun, writeTuning } from "./tuning.ts";

/** A data set to train on, and how it is known again. */
export interface TrainingData extends TrainingImages {
  readonly fingerprint: string;
  readonly source: string;
}

/** A run to be gone on with. */
export interface ResumedRun {
  readonly folder: string;
  readonly checkpoint: Checkpoint;
  readonly options: TrainOptions;
  /** Of the data it was begun with. */
  readonly fingerprint: string | undefined;
}

/** What is trained, on what, and where to. */
export interface TrainJob {
  device: Device;
  data: TrainingData;
  options: TrainOptions;
  /** The folder for a new run; `runs` unless given. */
  runs?: string;
  /** The run to go on with instead. */
  resume?: ResumedRun;
  /** Stops after the iterations under way, with a checkpoint. */
  signal?: AbortSignal;
  /** Iterations to measure command by command, behind the first two; the device must be open with `TIMESTAMPS`. */
  profile?: number;
}

/** What happens in a run, as it happens. */
export type TrainEvent =
  | { kind: "started"; folder: string; iteration: number }
  | { kind: "measured"; measurement: Measurement }
  | { kind: "reported"; report: Report }
  | { kind: "sampled"; path: string }
  | { kind: "profiled"; table: string; paths: readonly string[] }
  | { kind: "saved"; path: string; iteration: number }
  | { kind: "ended"; folder: string; iteration: number; stopped: boolean };

/**
 * Trains until the iterations of the options are done or `signal` aborts; everything goes into the run folder. Where it
 * aborts before training begins, nothing happens and no new folder is left.
 *
 * @throws {RangeError} If data and options do not fit together
 * @throws {NonFiniteError} If a loss or a parameter is no finite number; names the last checkpoint, which is a good one
 * @throws {DeviceError} If the adapter is lost
 * @throws {RunError} If the folder cannot be written, or another process trains in it
 */
export async function* train(job: TrainJob): AsyncGenerator<TrainEvent> {
  const { device, data, options, resume, signal } = job;
  if (resume) checkData(resume, data);
  using _resumed = resume && await lockRun(resume.folder);
  if (resume) device.tuner = await tunerOfRun(resume.folder, device);
  const trainer = await Trainer.create(device, options, data);
  let folder: string | undefined;
  let begun = resume !== undefined;
  try {
    if (resume) trainer.resume(resume.checkpoint.iteration, valuesOf(resume.checkpoint, trainer.state.leaves()));
    folder = resume?.folder ?? await createRunFolder(job.runs ?? RUNS_FOLDER, labelOf(options));
    using _begun = resume ? null : await lockRun(folder);
    const before = resume ? await trimMetrics(folder, trainer.iteration) : 0;
    await writeOptions(folder, job);
    await writeTuning(folder, device);
    if (!resume) await writePictures(`${folder}/reals.png`, realImages(data, { n: SAMPLES, seed: options.seed }));
    if (signal?.aborted) return;
    begun = true;
    yield { kind: "started", folder, iteration: trainer.iteration };
    yield* trainInto(folder, trainer, { ...job, secondsBefore: before });
    yield { kind: "ended", folder, iteration: trainer.iteration, stopped: trainer.iteration < options.iterations };
  } catch (error) {
    throw begun && folder !== undefined ? await withAdvice(error, folder) : error;
  } finally {
    trainer.destroy();
    if (!begun && folder !== undefined) await Deno.remove(folder, { recursive: true }).catch(() => {}); // no result in it
  }
}

/**
 * The run meant by `run` (path, name or number) with its newest checkpoint, or a checkpoint by its path.
 *
 * @param changes What may be different from now on
 * @throws {RunError} If there is none, it has no checkpoint, or that is damaged or of another configuration
 * @throws {RangeError} If a change is out of range or the run has done its iterations
 */
export async function findResumable(
  run: string,
  { runs = RUNS_FOLDER, changes = {} }: {
    runs?: string;
    changes?: Partial<Pick<TrainOptions, "iterations" | "sampleEvery" | "saveEvery">>;
  } = {},
): Promise<ResumedRun> {
  const file = await findCheckpoint(run, runs);
  const folder = file.path.split("/").slice(0, -1).join("/") || ".";
  const record = await readOptions(folder) as { options?: TrainOptions; data?: { fingerprint?: string } };
  const stored = record.options;
  if (stored?.model === undefined || stored.adam === undefined) {
    throw new RunError(
      `Cannot resume ${folder}: ${OPTIONS_FILE} holds no options of a run, expected those it began with`,
    );
  }
  checkStored(folder, stored);
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  const options: TrainOptions = { ...stored, ...Object.fromEntries(given) };
  checkOptions(options);
  const checkpoint = await readCheckpoint(file);
  checkConfiguration(checkpoint, options);
  if (options.iterations <= checkpoint.iteration) {
    throw new RangeError(
      `Cannot resume ${folder}: ${checkpoint.iteration} iterations are done, expected more with --iterations`,
    );
  }
  return { folder, checkpoint, options, fingerprint: record.data?.fingerprint };
}

/** @throws {RunError} If options that come from a file are not those of a run */
function checkStored(folder: string, options: TrainOptions): void {
  try {
    checkOptions(options);
  } catch (error) {
    const reason = error instanceof RangeError ? error.message : "some are missing";
    throw new RunError(
      `Cannot resume ${folder}: ${OPTIONS_FILE} holds options that cannot be used (${reason}), ` +
        `expected those it began with`,
      { cause: error },
    );
  }
}

async function* trainInto(
  folder: string,
  trainer: Trainer,
  { secondsBefore, signal, profile }: Pick<TrainJob, "signal" | "profile"> & { secondsBefore: number },
): AsyncGenerator<TrainEvent> {
  const { options, device } = trainer;
  const { iterations, sampleEvery, saveEvery, reportEvery } = options;
  const log = new Log(folder, { options, device, secondsBefore });
  const report = async function* (): AsyncGenerator<TrainEvent> {
    const report = await log.report();
    if (report !== undefined) yield { kind: "reported", report };
  };
  const save = async function* (): AsyncGenerator<TrainEvent> {
    yield* report(); // first, so that the log never lacks what a checkpoint has
    yield { kind: "saved", path: await writeState(folder, trainer), iteration: trainer.iteration };
  };
  const profiler = profile === undefined ? null : await Profiler.open(trainer, profile);
  const profiled = async function* (ended?: boolean): AsyncGenerator<TrainEvent> {
    const profile = await profiler?.profile(ended);
    if (profile) yield await writeProfile(folder, profile);
  };
  let saved = -1;
  try {
    while (trainer.iteration < iterations && !signal?.aborted) {
      const stop = Math.min(
        iterations,
        nextMultiple(trainer.iteration, sampleEvery),
        nextMultiple(trainer.iteration, saveEvery),
        profiler?.stop ?? Infinity,
      );
      profiler?.enter();
      let last = performance.now();
      for await (const measurement of trainer.run(stop, signal)) {
        const now = performance.now();
        log.add(measurement, now - last);
        last = now;
        yield { kind: "measured", measurement };
        if (measurement.iteration % reportEvery === 0) yield* report();
      }
      profiler?.leave();
      yield* profiled();
      const { iteration } = trainer;
      const ended = iteration === iterations;
      if (iteration % sampleEvery === 0 || ended) {
        const path = `${folder}/samples-${String(iteration).padStart(6, "0")}.png`;
        await writePictures(path, await trainer.sample());
        yield { kind: "sampled", path };
      }
      if (iteration % saveEvery === 0 || ended) {
        yield* save();
        saved = iteration;
      }
    }
    yield* profiled(true);
    if (trainer.iteration !== saved && trainer.iteration !== iterations) yield* save();
  } finally {
    profiler?.destroy();
    await log.report().catch(() => {}); // an error is on its way, and says more
  }
}

const nextMultiple = (iteration: number, step: number): number => (Math.floor(iteration / step) + 1) * step;

async function writeState(folder: string, trainer: Trainer): Promise<string> {
  const { iteration, options } = trainer;
  return await writeCheckpoint(folder, iteration, {
    options,
    leaves: trainer.state.leaves(),
    values: await trainer.read(),
  });
}

async function writeProfile(folder: string, profile: Profile): Promise<TrainEvent> {
  const table = profileTable(profile);
  const files = { [`${folder}/profile.txt`]: table, [`${folder}/profile.json`]: chromeTrace(profile) };
  for (const [path, text] of Object.entries(files)) await writeRunFile(path, text);
  return { kind: "profiled", table, paths: Object.keys(files) };
}

function checkData({ folder, fingerprint }: ResumedRun, data: TrainingData): void {
  if (fingerprint === undefined || fingerprint === data.fingerprint) return;
  throw new RunError(
    `Cannot resume ${folder}: the data in ${data.source} have fingerprint ${data.fingerprint.slice(0, 12)}, ` +
      `expected ${fingerprint.slice(0, 12)}, that of the data it was begun with`,
  );
}

async function writeOptions(folder: string, { options, device, data }: TrainJob): Promise<void> {
  const { shape, fingerprint, source } = data;
  const { versions, commit } = await provenance();
  const record = { options, versions, commit, adapter: device.description, data: { shape, fingerprint, source } };
  await writeRunFile(`${folder}/${OPTIONS_FILE}`, `${JSON.stringify(record, null, 2)}\n`);
}

/** `fashionmnist-tree-small`. */
function labelOf({ dataset, model, preset }: TrainOptions): string {
  return [dataset, model.head, preset].join("-");
}

async function writePictures(path: string, { images, shape }: Pictures): Promise<void> {
  await writeRunFile(path, [await encodePng(imageGrid(images, { shape, scale: viewingScale(shape[2]) }))]);
}

/** The error with what can be gone on from; every checkpoint that was written is a good one. */
async function withAdvice(error: unknown, folder: string): Promise<unknown> {
  if (!(error instanceof NonFiniteError) && !(error instanceof DeviceError)) return error;
  const last = (await checkpointsOf(folder).catch(() => [])).at(-1);
  error.message += last ? `; the last good checkpoint is ${last.path}` : "; there is no checkpoint yet";
  if (error instanceof NonFiniteError) error.message += ", and a lower --lr may help";
  return error;
}
