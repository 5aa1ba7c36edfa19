/** The log of a run: iterations gathered into reports, each a line of `metrics.jsonl`. */

import type { Device } from "../gpu/device.ts";
import type { TrainOptions } from "./options.ts";
import { appendMetrics } from "./run_folder.ts";
import type { Measurement } from "./trainer.ts";

/** One line of `metrics.jsonl`: means over the iterations since the last, and how fast they were. */
export type Report = Measurement & {
  /** Real images shown to the critic. */
  imagesPerSecond: number;
  msPerIteration: number;
  gpuBytes: number;
  /** Time spent on the run, resumed or not. */
  elapsedSeconds: number;
};

/** Iterations on their way into the log of a run. */
export class Log {
  readonly #start = performance.now();
  #window: Measurement[] = [];
  #spent = 0; // ms in the window

  constructor(
    readonly folder: string,
    readonly run: {
      options: TrainOptions;
      device: Device;
      /** Time spent on the run before it was resumed. */
      secondsBefore: number;
    },
  ) {}

  /** Adds an iteration that took so long. */
  add(measurement: Measurement, ms: number): void {
    this.#window.push(measurement);
    this.#spent += ms;
  }

  /**
   * Writes the iterations that were added since the last report, if there are any.
   *
   * @throws {RunError} If the log cannot be written
   */
  async report(): Promise<Report | undefined> {
    if (this.#window.length === 0) return;
    const report = this.#mean();
    [this.#window, this.#spent] = [[], 0];
    await appendMetrics(this.folder, report);
    return report;
  }

  #mean(): Report {
    const { options, device, secondsBefore } = this.run;
    const window = this.#window;
    const names = Object.keys(window[0]);
    const means = names.map((name) => [name, window.reduce((sum, m) => sum + m[name], 0) / window.length]);
    const msPerIteration = this.#spent / window.length;
    return {
      ...Object.fromEntries(means),
      iteration: window[window.length - 1].iteration,
      imagesPerSecond: tenths(options.batch * options.criticSteps * 1000 / msPerIteration),
      msPerIteration: tenths(msPerIteration),
      gpuBytes: device.bytes,
      elapsedSeconds: tenths(secondsBefore + (performance.now() - this.#start) / 1000),
    } as Report;
  }
}

const tenths = (x: number): number => Math.round(x * 10) / 10;
