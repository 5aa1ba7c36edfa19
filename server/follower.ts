/** A run folder as it changes: new lines of its log, new checkpoints. */

import { checkpointsOf, METRICS_FILE } from "../core/sampling/run.ts";
import { readLog } from "./curves.ts";

/** Something that happened in a run. */
export interface RunEvent {
  event: "metrics" | "checkpoint";
  iteration: number;
  /** JSON. */
  data: string;
}

/** From where, how long and how often a folder is looked at. */
export interface FollowOptions {
  /** Lines of later iterations come first; null: only lines that are written from now on. */
  after?: number | null;
  signal: AbortSignal;
  /** In ms. */
  every?: number;
}

const LOOK_EVERY = 500; // ms
const MOST_READ = 1 << 16; // bytes of the log at once, of which every follower may hold the lines

/** What happens in a run until the signal; first the newest checkpoint there is. */
export async function* follow(
  folder: string,
  { after = null, signal, every = LOOK_EVERY }: FollowOptions,
): AsyncGenerator<RunEvent, void, undefined> {
  const log = new LogTail(`${folder}/${METRICS_FILE}`);
  if (after === null) await log.skip();
  let newest: number | undefined;
  while (!signal.aborted) {
    for (const line of await log.read()) {
      if (line.iteration > (after ?? -1)) {
        yield { event: "metrics", iteration: line.iteration, data: JSON.stringify(line) };
      }
    }
    const checkpoint = (await checkpointsOf(folder).catch(() => [])).at(-1)?.iteration;
    if (checkpoint !== undefined && checkpoint !== newest) {
      newest = checkpoint;
      yield { event: "checkpoint", iteration: checkpoint, data: JSON.stringify({ iteration: checkpoint }) };
    }
    if (!log.behind) await pause(every, signal);
  }
}

/** The end of a file that grows; where it was written anew, from its beginning. */
class LogTail {
  #offset = 0;
  #behind = false;

  constructor(readonly path: string) {}

  /** Whether there is more than was read. */
  get behind(): boolean {
    return this.#behind;
  }

  /** Leaves out what is there. */
  async skip(): Promise<void> {
    this.#offset = (await Deno.stat(this.path).catch(() => null))?.size ?? 0;
  }

  /** The lines that were added, as far as they are whole. */
  async read(): Promise<ReturnType<typeof readLog>> {
    const size = (await Deno.stat(this.path).catch(() => null))?.size ?? 0;
    if (size < this.#offset) this.#offset = 0;
    if (size === this.#offset) return [];
    const bytes = await this.#bytes(Math.min(size - this.#offset, MOST_READ));
    const end = bytes.lastIndexOf(0x0a) + 1; // "\n"
    this.#offset += end;
    this.#behind = end > 0 && this.#offset < size;
    return readLog(new TextDecoder().decode(bytes.subarray(0, end)));
  }

  async #bytes(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    try {
      using file = await Deno.open(this.path);
      await file.seek(this.#offset, Deno.SeekMode.Start);
      let filled = 0;
      for (let read = await file.read(bytes); read; read = await file.read(bytes.subarray(filled))) filled += read;
      return bytes.subarray(0, filled);
    } catch {
      return bytes.subarray(0, 0); // gone since; looked for again later
    }
  }
}

/** Waits so long, or until the signal. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
