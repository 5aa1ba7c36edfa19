/** Runs a task as users do: another process with the permissions that deno.json gives it. */

import { fromFileUrl } from "@std/path";

/** The folder of the program, with a slash at its end. */
export const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const { tasks }: { tasks: Record<string, { command: string }> } = JSON.parse(
  await Deno.readTextFile(`${ROOT}/deno.json`),
);

/** What stands before the file in its task: permissions and environment. */
function flagsOf(file: string): string[] {
  const words = Object.values(tasks).map(({ command }) => command.split(" ")).find((words) => words.at(-1) === file);
  if (words === undefined) throw new Error(`Cannot run ${file}: deno.json has no task of it, expected one`);
  return words.slice(words.indexOf("run") + 1, -1);
}

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** What is different from how users do it: variables of the environment, a module that is loaded first, another folder. */
export interface Surroundings {
  env?: Record<string, string>;
  preload?: string;
  /** Folder that the task is called from. */
  from?: string;
}

function command(
  file: string,
  args: readonly string[],
  { env = {}, preload, from = ROOT }: Surroundings = {},
): Deno.Command {
  const first = preload === undefined ? [] : ["--preload", preload];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...first, ...flagsOf(file), file, ...args],
    cwd: ROOT,
    env: { INIT_CWD: from, ...env },
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs the task of a file to its end. */
export async function runTaskFile(file: string, args: readonly string[], surroundings?: Surroundings): Promise<Ended> {
  const { code, stdout, stderr } = await command(file, args, surroundings).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out, stderr: error };
}

/** Starts the task of a file; `firstLine`, `lineWith` and `errorLineWith` wait for what it prints. */
export function startTaskFile(file: string, args: readonly string[]) {
  const process = command(file, args).spawn();
  const [stdout, stderr] = [new Output(process.stdout), new Output(process.stderr)];
  const lineIn = async (output: Output, text: string): Promise<string> => {
    const line = await output.lineWith(text);
    if (line !== undefined) return line;
    throw new Error(`Cannot read a line with "${text}": the task ended with "${await stderr.whole()}"`);
  };
  return {
    process,
    firstLine: () => lineIn(stdout, ""),
    lineWith: (text: string) => lineIn(stdout, text),
    errorLineWith: (text: string) => lineIn(stderr, text),
    async ended(): Promise<Ended> {
      const [out, error] = await Promise.all([stdout.whole(), stderr.whole()]);
      const { code } = await process.status;
      return { code, stdout: out, stderr: error };
    },
  };
}

/** What a process writes into one of its streams, all of which is read as it comes. */
class Output {
  #text = "";
  #ended: Promise<void>;
  #more = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#ended = this.#read(stream);
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      this.#text += piece;
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    }
    this.#more.resolve();
  }

  /** The first whole line with a text, as soon as there is one; undefined where the stream ends without it. */
  async lineWith(text: string): Promise<string | undefined> {
    for (let ended = false;;) {
      const found = this.#text.split("\n").slice(0, -1).find((line) => line.includes(text));
      if (found !== undefined || ended) return found;
      ended = await Promise.race([this.#ended.then(() => true), this.#more.promise.then(() => false)]);
    }
  }

  /** Everything, once the stream has ended. */
  async whole(): Promise<string> {
    await this.#ended;
    return this.#text;
  }
}
