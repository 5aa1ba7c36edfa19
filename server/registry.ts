/** The runs that are served: one, a checkpoint file, or all of a folder. */

import { basename, dirname } from "@std/path";
import type { Device } from "../core/gpu/device.ts";
import { nearestName } from "../core/nearest.ts";
import { findCheckpoint, findRun, OPTIONS_FILE, RunError, runsIn } from "../core/sampling/run.ts";
import { Admission, USUAL_QUEUE } from "./admission.ts";
import { RequestError } from "./errors.ts";
import type { Model } from "./loaded_model.ts";
import { noCheckpoint, ServedRun, type ServedRunOptions } from "./served_run.ts";

export type { Model } from "./loaded_model.ts";

/** How often folders are looked at for new checkpoints and runs, in ms. */
const LOOK_EVERY = 1000;
/** Models that stay open; the one that was not asked for longest goes first. */
const MOST_MODELS = 3;

/** What is served: one run (folder, name or number in `runs/`, or a checkpoint file), or all of a folder of runs. */
export type Served = { readonly run: string } | { readonly runs: string };

/** Which models answer requests. */
export interface Registry {
  readonly device: Device;
  readonly admission: Admission;
  /** Gets what failed and harms no answer, such as a damaged file that there is a way around. */
  readonly report: (error: unknown) => void;
  /** Names of the runs, in order. */
  names(): string[];
  /** The run that a request means, without opening its model; throws as `use` does but for a missing checkpoint. */
  find(run: string | undefined): Promise<ServedRun>;
  /**
   * Runs `action` with the model of a run, which stays open until it ends, while a newer checkpoint already answers new
   * requests.
   *
   * @param run Its name; may be left out where one run is served
   * @throws {RequestError} 404 `unknown_run`, 400 `run_needed`, 503 `no_checkpoint`
   */
  use<T>(run: string | undefined, action: (model: Model) => Promise<T>): Promise<T>;
  /** The models that are open. */
  models(): Model[];
  /**
   * Tells whether requests can be answered: of a single run a checkpoint must be open.
   *
   * @throws {RequestError} 503 `no_checkpoint`
   */
  checkReady(): void;
  /** Looks for new runs and checkpoints now; the registry does so every second. */
  refresh(): Promise<void>;
  /** Closes the models when their users are done. */
  close(): Promise<void>;
}

/** How runs are served. */
export interface RegistryOptions {
  /** Most samples that wait for the GPU. */
  queue?: number;
  /** Gets what failed while nobody waited for it, such as a damaged checkpoint. */
  report?: (error: unknown) => void;
  /** How often folders are looked at, in ms; 0: only when told to. */
  lookEvery?: number;
  /** Compiles all that is asked for most before a model answers, which takes a second; one program unless given. */
  warm?: boolean;
}

/**
 * Finds what is served. Models are opened when first asked for, but for a single run, whose checkpoint is opened at once.
 *
 * @throws {RunError} If the run or folder is not there, or the checkpoint file cannot be used
 */
export async function openRegistry(
  device: Device,
  served: Served,
  { queue = USUAL_QUEUE, report = () => {}, lookEvery = LOOK_EVERY, warm = false }: RegistryOptions = {},
): Promise<Registry> {
  const options = { device, admission: new Admission(queue), report, warm };
  if ("runs" in served) await checkFolder(served.runs);
  const runs = "run" in served ? new Map([await single(served.run, options)]) : new Map();
  const registry = new OpenRegistry(runs, "runs" in served ? served.runs : null, options);
  await registry.refresh();
  registry.look(lookEvery);
  return registry;
}

/** A run by its name: that of its folder, or of the file where it lies alone. */
async function single(run: string, options: ServedRunOptions): Promise<[string, ServedRun]> {
  const file = run.endsWith(".safetensors") ? await findCheckpoint(run) : null;
  const folder = file === null ? await findRun(run) : await runAround(file.path);
  const name = folder === null ? basename(run) : basename(await Deno.realPath(folder));
  return [name, new ServedRun(name, folder, file, options)];
}

/** The run folder that a checkpoint lies in; null where it lies elsewhere. */
async function runAround(checkpoint: string): Promise<string | null> {
  const folder = dirname(checkpoint);
  if ((await runsIn(dirname(folder))).includes(basename(folder))) return folder;
  return await Deno.stat(`${folder}/${OPTIONS_FILE}`).then(() => folder, () => null);
}

async function checkFolder(runs: string): Promise<void> {
  if (await Deno.stat(runs).then((info) => info.isDirectory, () => false)) return;
  throw new RunError(`Cannot serve the runs in ${runs}: there is no such folder, expected one that holds run folders`);
}

class OpenRegistry implements Registry {
  #timer: ReturnType<typeof setInterval> | undefined;
  #looking: Promise<void> | null = null;

  constructor(
    readonly runs: Map<string, ServedRun>,
    /** Where all runs are served: of which folder. */
    readonly folder: string | null,
    readonly options: ServedRunOptions,
  ) {}

  get device(): Device {
    return this.options.device;
  }

  get admission(): Admission {
    return this.options.admission;
  }

  get report(): (error: unknown) => void {
    return this.options.report;
  }

  names(): string[] {
    return [...this.runs.keys()].sort();
  }

  async find(run: string | undefined): Promise<ServedRun> {
    if (run !== undefined && !this.runs.has(run)) await this.#list();
    const names = this.names();
    const name = run ?? (names.length === 1 ? names[0] : undefined);
    const found = name === undefined ? undefined : this.runs.get(name);
    if (found !== undefined) return found;
    throw run === undefined ? runNeeded(names) : unknownRun(run, names);
  }

  async use<T>(run: string | undefined, action: (model: Model) => Promise<T>): Promise<T> {
    const served = await this.find(run);
    for (;;) {
      const model = await served.open();
      const done = await model.use(action);
      if (done !== null) return done.result;
    }
  }

  models(): Model[] {
    return [...this.runs.values()].flatMap(({ model }) => model ?? []);
  }

  checkReady(): void {
    if (this.folder !== null) return;
    for (const { name, model } of this.runs.values()) if (model === null) throw noCheckpoint(name);
  }

  refresh(): Promise<void> {
    return this.#looking ??= this.#refresh().finally(() => this.#looking = null);
  }

  look(every: number): void {
    if (every === 0) return;
    this.#timer = setInterval(() => this.refresh().catch(this.options.report), every);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking?.catch(() => {});
    await Promise.all([...this.runs.values()].map((run) => run.close()));
  }

  async #refresh(): Promise<void> {
    await this.#list();
    const single = this.folder === null;
    for (const run of this.runs.values()) if (single || run.model !== null) await run.refresh();
    const open = [...this.runs.values()].filter((run) => run.model !== null).sort((a, b) => b.used - a.used);
    for (const run of open.slice(MOST_MODELS)) run.close().catch(this.options.report);
  }

  /** Takes runs in that are new in the folder, and drops those that are gone. */
  async #list(): Promise<void> {
    if (this.folder === null) return;
    const names = await runsIn(this.folder);
    for (const name of names) {
      if (!this.runs.has(name)) this.runs.set(name, new ServedRun(name, `${this.folder}/${name}`, null, this.options));
    }
    for (const [name, run] of this.runs) {
      if (names.includes(name)) continue;
      this.runs.delete(name);
      run.close().catch(this.options.report);
    }
  }
}

function unknownRun(run: string, names: readonly string[]): RequestError {
  const found = JSON.stringify(run.length > 64 ? `${run.slice(0, 64)}…` : run);
  const nearest = nearestName(run.slice(0, 64), names);
  const expected = nearest === undefined ? "a run (none is there yet)" : `one of GET /runs; the nearest is ${nearest}`;
  return new RequestError(404, "unknown_run", `Cannot find run ${found}: expected ${expected}`, "run");
}

function runNeeded(names: readonly string[]): RequestError {
  if (names.length > 0) {
    const message = `Cannot choose among ${names.length} runs: none was named, expected run, one of GET /runs`;
    return new RequestError(400, "run_needed", message, "run");
  }
  return noCheckpoint(null);
}
