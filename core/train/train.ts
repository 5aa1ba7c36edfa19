/** A whole run: training, reports, samples and checkpoints into a run folder, new or resumed. */

import type { Device } from "../gpu/device.ts";
import { encodePng } from "../png.ts";
import { samplePicture } from "../sampling/sample_picture.ts";
import { OPTIONS_FILE, RUNS_FOLDER } from "../sampling/run.ts";
import { shellWord } from "../shell_word.ts";
import { valuesOf } from "./checkpoint.ts";
import { nextSplit } from "./grow.ts";
import { type Pictures, realImages, type TrainingImages } from "./images.ts";
import { Log, type Report } from "./log.ts";
import type { TrainOptions } from "./options.ts";
import { chromeTrace, type Profile, profileTable } from "./profile.ts";
import { Profiler } from "./profiler.ts";
import { provenance } from "./provenance.ts";
import { checkData, type ResumedRun } from "./resume.ts";
import { createRunFolder, lockRun, removeEmptyRun, trimMetrics, writeRunFile } from "./run_folder.ts";
import { AUTOSAVE_EVERY, Saves } from "./saves.ts";
import { samplesOf } from "./steps.ts";
import { type Measurement, Trainer } from "./trainer.ts";
import { tunerOfRun, writeTuning } from "./tuning.ts";

/** A data set to train on, and how it is known again. */
export interface TrainingData extends TrainingImages {
  readonly fingerprint: string;
  readonly source: string;
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
  /** Longest time without a checkpoint, in ms; 5 minutes unless given. */
  autosaveEvery?: number;
  /** What a user calls to go on with a run, for the message of a failure. */
  resumeCommand?: (run: string) => string;
}

/** What happens in a run, as it happens. */
export type TrainEvent =
  | { kind: "started"; folder: string; iteration: number }
  | { kind: "measured"; measurement: Measurement }
  | { kind: "reported"; report: Report }
  | { kind: "sampled"; path: string }
  | { kind: "grown"; depth: number; iteration: number }
  | { kind: "profiled"; profile: Profile; paths: readonly string[] }
  | { kind: "saved" | "autosaved"; path: string; iteration: number }
  | {
    kind: "ended";
    folder: string;
    /** What names the run as it is now: `folder`, or a checkpoint in it where there are others of later iterations. */
    run: string;
    iteration: number;
    stopped: boolean;
  };

/**
 * Trains until the iterations of the options are done or `signal` aborts; everything goes into the run folder. Where it
 * aborts before the first iteration, nothing happens and no new folder is left. A checkpoint is written every `saveEvery`
 * iterations and before leaves are split, and between them an autosave every few minutes, which the next one replaces:
 * what a lost adapter costs.
 *
 * @throws {RangeError} If data and options do not fit together
 * @throws {NonFiniteError} If a loss or a parameter is no finite number; names the last checkpoint, which is a good one
 * @throws {DeviceError} If the adapter is lost or reports an error; says what is saved and how to go on
 * @throws {RunError} If the folder cannot be written, or another process trains in it
 */
export async function* train(job: TrainJob): AsyncGenerator<TrainEvent> {
  const { device, data, options, resume, signal } = job;
  if (resume) checkData(resume, data);
  using _resumed = resume && await lockRun(resume.folder);
  if (resume) device.tuner = await tunerOfRun(resume.folder, device);
  const trainer = await Trainer.create(device, options, data, resume?.checkpoint);
  let folder: string | undefined;
  try {
    if (resume) {
      trainer.resume(resume.checkpoint.iteration, valuesOf(resume.checkpoint, trainer.state.leaves()));
      if (signal?.aborted) return;
    }
    folder = resume?.folder ?? await createRunFolder(job.runs ?? RUNS_FOLDER, labelOf(options));
    using _begun = resume ? null : await lockRun(folder);
    const before = resume ? await trimMetrics(folder, trainer.iteration) : 0;
    await writeOptions(folder, job);
    if (!resume) {
      await writeTuning(folder, device);
      // What is compiled when the tree has grown takes the kernels that it takes in a run that was resumed.
      if (options.grow.length > 0) device.tuner = await tunerOfRun(folder, device);
      await writePictures(`${folder}/reals.png`, realImages(data, { n: samplesOf(options), seed: options.seed }));
    }
    if (signal?.aborted) return;
    yield { kind: "started", folder, iteration: trainer.iteration };
    const run = yield* trainInto(folder, trainer, { ...job, secondsBefore: before });
    if (trainer.measured === 0) return;
    const { iteration } = trainer;
    yield { kind: "ended", folder, run, iteration, stopped: iteration < options.iterations };
  } finally {
    trainer.destroy();
    if (!resume && trainer.measured === 0 && folder !== undefined) await removeEmptyRun(folder);
  }
}

/** @returns What names the run then */
async function* trainInto(
  folder: string,
  trainer: Trainer,
  { secondsBefore, signal, profile, resume, autosaveEvery = AUTOSAVE_EVERY, resumeCommand = usualCommand }:
    & TrainJob
    & { secondsBefore: number },
): AsyncGenerator<TrainEvent, string> {
  const { options, device } = trainer;
  const { iterations, sampleEvery, saveEvery, reportEvery } = options;
  const log = new Log(folder, { options, device, secondsBefore });
  const report = async function* (): AsyncGenerator<TrainEvent> {
    const report = await log.report();
    if (report !== undefined) yield { kind: "reported", report };
  };
  const saves = new Saves(folder, trainer, resume?.checkpoint ?? null, { autosaveEvery, resumeCommand });
  const save = async function* (): AsyncGenerator<TrainEvent> {
    yield* report(); // first, so that the log never lacks what a checkpoint has
    yield { kind: "saved", path: await saves.save("checkpoint"), iteration: trainer.iteration };
  };
  const profiler = profile === undefined ? null : await Profiler.open(trainer, profile);
  const profiled = async function* (ended?: boolean): AsyncGenerator<TrainEvent> {
    const profile = await profiler?.profile(ended);
    if (profile) yield await writeProfile(folder, profile);
  };
  try {
    while (trainer.iteration < iterations && !signal?.aborted) {
      if (await trainer.grow()) {
        yield { kind: "grown", depth: trainer.depth, iteration: trainer.iteration };
        continue; // that took a while: `signal` may have aborted
      }
      const stop = Math.min(
        iterations,
        nextMultiple(trainer.iteration, sampleEvery),
        nextMultiple(trainer.iteration, saveEvery),
        nextSplit(options.grow, trainer.iteration),
        profiler?.stop ?? Infinity,
      );
      const from = trainer.iteration;
      const pause = {
        get aborted() {
          return signal?.aborted || trainer.iteration > from && saves.autosaveDue;
        },
      };
      profiler?.enter();
      let last = performance.now();
      for await (const measurement of trainer.run(stop, pause)) {
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
      if (iteration % saveEvery === 0 || ended || options.grow.includes(iteration)) yield* save();
      else if (saves.autosaveDue && !signal?.aborted) {
        // Without a report: when it happens depends on the clock, and the log does not.
        yield { kind: "autosaved", path: await saves.save("autosave"), iteration };
      }
    }
    yield* profiled(true);
    if (trainer.iteration !== saves.checkpoint) yield* save();
    return await saves.resumable();
  } catch (error) {
    throw await saves.rescue(error);
  } finally {
    profiler?.destroy();
    await log.report().catch(() => {}); // an error is on its way, and says more
  }
}

const usualCommand = (run: string): string => `./hmog train --resume ${shellWord(run)}`;

const nextMultiple = (iteration: number, step: number): number => (Math.floor(iteration / step) + 1) * step;

async function writeProfile(folder: string, profile: Profile): Promise<TrainEvent> {
  const files = { [`${folder}/profile.txt`]: profileTable(profile), [`${folder}/profile.json`]: chromeTrace(profile) };
  for (const [path, text] of Object.entries(files)) await writeRunFile(path, text);
  return { kind: "profiled", profile, paths: Object.keys(files) };
}

/** The options and what a run is made with; one that is gone on with keeps that, and what it goes on with is added. */
async function writeOptions(folder: string, { options, device, data, resume }: TrainJob): Promise<void> {
  const { shape, fingerprint, source } = data;
  const made = { ...await provenance(), adapter: device.description };
  const begun = { ...made, data: { shape, fingerprint, source }, ...resume?.record };
  const before = Array.isArray(resume?.record.resumed) ? resume.record.resumed : [];
  const resumed = resume && [...before, { iteration: resume.checkpoint.iteration, ...made }];
  const record = { ...begun, options, ...resumed && { resumed } };
  await writeRunFile(`${folder}/${OPTIONS_FILE}`, `${JSON.stringify(record, null, 2)}\n`);
}

/** `fashionmnist-hmog-small`. */
function labelOf({ dataset, method, preset }: TrainOptions): string {
  return [dataset, method, preset].join("-");
}

async function writePictures(path: string, { images, shape, weights }: Pictures): Promise<void> {
  await writeRunFile(path, [await encodePng(samplePicture(images, { shape, weights }))]);
}
