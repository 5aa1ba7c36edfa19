/** Profiles iterations of a trainer: what each command of their steps takes on the GPU, and what the host does. */

import type { Program } from "../compile/program.ts";
import type { Device } from "../gpu/device.ts";
import { Recorder, type Timed, timedSubmit, TIMESTAMPS } from "../gpu/profile.ts";
import { nextSplit } from "./grow.ts";
import type { CommandInfo, Profile, StepRun } from "./profile.ts";
import type { StepWatch, Trainer } from "./trainer.ts";

/** Iterations before the profiled ones: the first, in which the driver compiles, and one to compare with. */
export const WARM_UP = 2;

/**
 * Checks that `count` iterations can be profiled.
 *
 * @param left Iterations that the run will still do
 * @throws {RangeError} If they cannot
 */
export function checkProfile(count: number, { device, left }: { device: Device; left: number }): void {
  if (!device.gpu.features.has(TIMESTAMPS)) {
    throw new RangeError(
      `Cannot profile on ${device.description}: it has no timestamp queries, expected an adapter with ${TIMESTAMPS}`,
    );
  }
  if (Number.isInteger(count) && count >= 1 && count <= left - WARM_UP) return;
  throw new RangeError(
    left <= WARM_UP
      ? `Cannot profile with ${left} iterations left: the first ${WARM_UP} are not profiled, expected more`
      : `Cannot profile ${count} iterations: expected a whole number from 1 to ${
        left - WARM_UP
      }, those left behind the ` +
        `first ${WARM_UP}`,
  );
}

/** Follows a trainer from its first iteration; training goes as it would without. */
export class Profiler {
  readonly #stops: readonly number[]; // behind each, another way to run the steps
  readonly #runs: (Omit<StepRun, keyof Timed> & { timed: Promise<Timed> })[] = [];
  readonly #plain = { encoding: 0, submitting: 0, wall: 0 };
  #wall = 0;
  #entered = 0;

  private constructor(readonly trainer: Trainer, readonly count: number, readonly recorder: Recorder) {
    this.#stops = [1, WARM_UP, WARM_UP + count].map((offset) => trainer.iteration + offset);
  }

  /** @throws {RangeError} If so many iterations cannot be profiled */
  static async open(trainer: Trainer, count: number): Promise<Profiler> {
    const { device, iteration, options } = trainer;
    const end = Math.min(options.iterations, nextSplit(options.grow, iteration)); // a split makes other commands
    checkProfile(count, { device, left: end - iteration });
    return new Profiler(trainer, count, (await Recorder.open(device))!);
  }

  /** The next iteration that training has to halt at. */
  get stop(): number {
    return this.#stops.find((stop) => stop > this.trainer.iteration) ?? Infinity;
  }

  /** Training goes on until `stop` at most. */
  enter(): void {
    const watches = [null, this.#untimed, this.#timed, null];
    this.trainer.watch = watches[this.#stops.filter((stop) => stop <= this.trainer.iteration).length];
    this.#entered = performance.now();
  }

  /** Training halted. */
  leave(): void {
    const ms = performance.now() - this.#entered;
    if (this.trainer.watch === this.#timed) this.#wall += ms;
    if (this.trainer.watch === this.#untimed) this.#plain.wall += ms;
    this.trainer.watch = null;
  }

  /** What was measured, as soon as all that was to be, or where training `ended` early; null else. */
  async profile(ended = false): Promise<Profile | null> {
    if (this.#runs.length === 0 || this.stop !== Infinity && !ended) return null;
    const runs = this.#runs.splice(0);
    const { device, options, programs } = this.trainer;
    return {
      adapter: device.description,
      batch: options.batch,
      commands: { critic: commandsOf(programs.critic), generator: commandsOf(programs.generator) },
      runs: await Promise.all(runs.map(async ({ timed, ...run }) => ({ ...run, ...await timed }))),
      wall: this.#wall,
      plain: this.#plain,
    };
  }

  /** Frees what it has on the GPU. */
  destroy(): void {
    this.recorder.destroy();
  }

  readonly #untimed: StepWatch = (_step, _iteration, run) =>
    run((device, commands) => {
      const { begin, encoded, submitted } = timedSubmit(device, commands);
      this.#plain.encoding += encoded - begin;
      this.#plain.submitting += submitted - encoded;
    });

  readonly #timed: StepWatch = (step, iteration, run) =>
    run((_, commands) => {
      const timed = this.recorder.submit(commands);
      timed.catch(() => {}); // it is waited for later
      this.#runs.push({ step, iteration, timed });
    });
}

function commandsOf({ commands, report }: Program): CommandInfo[] {
  const kernels = report.kernels.values();
  return commands.map((command) => {
    if (command.kind === "dispatch") return { label: command.label, multiplyAdds: kernels.next().value!.multiplyAdds };
    const [what, bytes] = command.kind === "texture"
      ? ["copy to texture", command.texels * 16]
      : ["copy", command.bytes];
    return { label: `${what} of ${bytes} bytes`, multiplyAdds: 0 };
  });
}
