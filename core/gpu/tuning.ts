/** Choice of kernels by measurement: the ways to compute a value are timed once, and the fastest is remembered. */

import { TEXTURE_PITCH } from "../adapter.ts";
import { type Device, DeviceError } from "./device.ts";
import type { Command } from "./executor.ts";
import { hashOf } from "./hash.ts";
import type { BindingKind, PipelineText } from "./pipelines.ts";
import { Stopwatch } from "./timing.ts";

/** One way to compute something. */
export interface Candidate extends Omit<PipelineText, "bindings"> {
  readonly bindings: readonly CandidateBinding[];
  readonly workgroups: readonly [x: number, y: number, z: number];
}

/** What is bound: the value `of`, so that candidates can share it, and its size. */
export interface CandidateBinding {
  readonly access: BindingKind;
  readonly of: object;
  readonly bytes: number;
}

/** Candidates of which one is wanted, the one to take unmeasured first; and how much depends on it. */
export interface Problem {
  readonly candidates: readonly Candidate[];
  /** What tells it from other problems: a value that JSON can hold. */
  readonly identity: unknown;
  readonly multiplyAdds: number;
}

/** Numbers of candidates by the key of their problem. */
export type Choices = Readonly<Record<string, number>>;

/** Where choices stay from one process to the next. */
export interface ChoiceStore {
  /** What is known of this adapter; nothing if that cannot be read. */
  read(): Promise<Choices>;
  /** Adds to what is known; where that cannot be written, nothing happens. */
  write(choices: Choices): Promise<void>;
}

/** How a tuner works. */
export interface TunerOptions {
  /** Measured choices of earlier processes, and where to leave new ones. */
  store?: ChoiceStore;
  /** Choices to keep to: with these nothing is measured, and what they lack takes its first candidate. */
  fixed?: Choices;
  /** Most ms to spend on measuring; the problems with most arithmetic come first. */
  budget?: number;
  /** Ends measuring early. */
  signal?: AbortSignal;
  onProgress?: (progress: TuningProgress) => void;
}

/** Problems measured so far, of those known to need it; `ended` when no more will be measured for now. */
export interface TuningProgress {
  readonly done: number;
  readonly total: number;
  readonly seconds: number;
  readonly ended: boolean;
}

const BUDGET = 20_000;
const GATHERING = 20; // ms in which programs that are compiled together hand in their problems
const WORTH_IT = 0.9; // of the first candidate's time: what is hardly faster is noise, and would only make runs differ
const DOUBTS = 2; // measurements more before another than the first candidate is believed to be faster
const LEAST_WORK = 1e6; // multiply-adds: what is done in less than 0.1 ms is not worth a measurement

interface Waiting extends Problem {
  readonly key: string;
  readonly decide: (choice: number) => void;
}

/** Chooses among candidates; each problem is decided once. */
export class Tuner {
  readonly #decided = new Map<string, number>();
  readonly #deciding = new Map<string, Promise<number>>();
  readonly #queue: Waiting[] = [];
  readonly #known: Promise<Choices>;
  #working: Promise<void> | null = null;
  #spent = 0;
  #done = 0;
  #total = 0;

  constructor(readonly device: Device, readonly options: TunerOptions = {}) {
    this.#known = options.store?.read() ?? Promise.resolve({});
  }

  /** Everything decided so far. */
  get choices(): Choices {
    return Object.fromEntries(this.#decided);
  }

  /**
   * The number of the candidate to take.
   *
   * @throws {DeviceError} If the adapter was lost
   */
  async choose(problem: Problem): Promise<number> {
    const key = await hashOf(problem.identity);
    let choice = this.#deciding.get(key);
    if (choice === undefined) {
      choice = this.#decide(key, problem);
      this.#deciding.set(key, choice);
    }
    return await choice;
  }

  async #decide(key: string, problem: Problem): Promise<number> {
    const { fixed } = this.options;
    const known = (fixed ?? await this.#known)[key];
    const valid = Number.isInteger(known) && known >= 0 && known < problem.candidates.length;
    const unmeasured = fixed !== undefined || problem.multiplyAdds < LEAST_WORK;
    const choice = valid ? known : unmeasured ? 0 : await this.#measured(key, problem);
    this.#decided.set(key, choice);
    return choice;
  }

  #measured(key: string, problem: Problem): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#queue.push({ ...problem, key, decide: resolve });
    this.#total++;
    this.#working ??= this.#work().finally(() => this.#working = null);
    return promise;
  }

  async #work(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHERING));
    const { store, signal, budget = BUDGET } = this.options;
    const stopwatch = budget > 0 ? await Stopwatch.open(this.device).catch(ignoreLoss) : null;
    const begun = performance.now() - this.#spent;
    const measured: Record<string, number> = {};
    while (this.#queue.length > 0) {
      this.#queue.sort((a, b) => b.multiplyAdds - a.multiplyAdds);
      const { key, candidates, decide } = this.#queue.shift()!;
      const left = stopwatch !== null && performance.now() - begun < budget && !signal?.aborted;
      const choice = left ? await fastest(this.device, stopwatch, candidates).catch(ignoreLoss) : null;
      decide(choice ?? 0);
      if (choice === null) continue;
      measured[key] = choice;
      this.#done++;
      this.#tell(begun, false);
    }
    this.#spent = performance.now() - begun;
    this.#tell(begun, true);
    stopwatch?.destroy();
    await store?.write(measured);
  }

  #tell(begun: number, ended: boolean): void {
    const seconds = (performance.now() - begun) / 1000;
    this.options.onProgress?.({ done: this.#done, total: this.#total, seconds, ended });
  }
}

/** A lost device is noticed by whatever uses it next. */
function ignoreLoss(error: unknown): null {
  if (error instanceof DeviceError) return null;
  throw error;
}

/** The number of the fastest candidate; null if none could be measured. */
async function fastest(device: Device, stopwatch: Stopwatch, candidates: readonly Candidate[]): Promise<number | null> {
  const scratch = new Scratch(device);
  try {
    const made = await Promise.all(candidates.map((candidate) => scratch.commands(candidate)));
    const runnable = [...made.keys()].filter((i) => made[i] !== null);
    if (runnable.length === 0) return null;
    const lists = runnable.map((i) => made[i]!);
    let times = await stopwatch.times(lists);
    for (let doubt = 0; doubt < DOUBTS && bestOf(times) !== 0; doubt++) {
      const again = await stopwatch.times(lists);
      times = times.map((time, i) => Math.min(time, again[i]));
    }
    const best = bestOf(times);
    for (const [i, number] of runnable.entries()) {
      if (i !== best) device.pipelines.forget(pipelineText(candidates[number]));
    }
    return runnable[best];
  } finally {
    scratch.destroy();
  }
}

/** The number of the least time; that of the first unless another is clearly less. */
export function bestOf(times: readonly number[]): number {
  const least = Math.min(...times);
  return least < WORTH_IT * times[0] ? times.indexOf(least) : 0;
}

const pipelineText = (candidate: Candidate): PipelineText => ({
  ...candidate,
  bindings: candidate.bindings.map(({ access }) => access),
});

/** Buffers and textures of zeros to try candidates on, one for each value. */
class Scratch {
  readonly #buffers = new Map<object, GPUBuffer>();
  readonly #textures = new Map<object, GPUTexture>();

  constructor(readonly device: Device) {}

  /** The copies to textures that a candidate needs, and its dispatch; null if it does not compile or fit. */
  async commands(candidate: Candidate): Promise<Command[] | null> {
    const { label, bindings, workgroups } = candidate;
    try {
      const { pipeline, layout } = await this.device.pipelines.get(pipelineText(candidate));
      const entries = bindings.map((bound, binding): GPUBindGroupEntry => ({
        binding,
        resource: this.#resource(bound),
      }));
      const bindGroup = this.device.gpu.createBindGroup({ label, layout, entries });
      return [
        ...bindings.filter(({ access }) => access === "texture").map(({ of, bytes }): Command => ({
          kind: "texture",
          from: { buffer: this.#buffer(of, bytes), offset: 0 },
          to: this.#textures.get(of)!,
          texels: Math.ceil(bytes / 16),
        })),
        { kind: "dispatch", label, pipeline, bindGroup, workgroups },
      ];
    } catch (error) {
      this.device.check();
      if (!(error instanceof SyntaxError)) return null; // too large: said when the value itself is allocated
      this.device.warn(error.message);
      return null;
    }
  }

  destroy(): void {
    for (const resource of [...this.#buffers.values(), ...this.#textures.values()]) this.device.release(resource);
  }

  #resource({ access, of, bytes }: CandidateBinding): GPUBindingResource {
    return access.startsWith("texture") ? this.#texture(of, bytes).createView() : { buffer: this.#buffer(of, bytes) };
  }

  #buffer(of: object, bytes: number): GPUBuffer {
    const buffer = this.#buffers.get(of) ?? this.device.createBuffer(bytes, "scratch");
    this.#buffers.set(of, buffer);
    return buffer;
  }

  #texture(of: object, bytes: number): GPUTexture {
    const rows = Math.ceil(bytes / 16 / TEXTURE_PITCH);
    const texture = this.#textures.get(of) ?? this.device.createTexture(TEXTURE_PITCH, rows, "scratch");
    this.#textures.set(of, texture);
    return texture;
  }
}
