/** The server as a process of its own, as users start it. */

import { fromFileUrl } from "@std/path";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const STARTED = / on (http:\/\/\S+?),/;
const PATIENCE = 60_000; // ms until a server listens

/** A server that runs. */
export interface ServerProcess {
  readonly url: string;
  /** Bytes that the process has in memory. */
  memory(): Promise<number>;
  /** Sends a signal and waits for the end; gives the exit code. */
  stop(signal: "SIGTERM" | "SIGKILL"): Promise<number>;
  /** What it has written to stderr. */
  complaints(): string;
}

/**
 * Starts `serve` of this repository on a port of 127.0.0.1 and waits until it listens.
 *
 * @param port 0 takes a free one
 * @throws {Error} If it ends before that, or takes longer than a minute
 */
export async function startServer(run: string, port = 0): Promise<ServerProcess> {
  const task = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`)).tasks.serve.command.split(" ").slice(1);
  const args = [...task, "--run", run, "--host", "127.0.0.1", "--port", String(port), "--access-log", "off"];
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  let [out, complaints] = ["", ""];
  const [started, listens] = [Promise.withResolvers<string>(), setTimeout(() => child.kill(), PATIENCE)];
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, add: (text: string) => void) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
  };
  const ended = Promise.all([
    read(child.stdout, (text) => {
      out = (out + text).slice(-10_000);
      const url = STARTED.exec(out)?.[1];
      if (url !== undefined) started.resolve(url);
    }),
    read(child.stderr, (text) => complaints = (complaints + text).slice(-10_000)),
  ]);
  const early = child.status.then(async ({ code }) => {
    await ended;
    throw new Error(`Cannot soak: the server ended with ${code} before it listened: ${complaints || out}`);
  });
  const url = await Promise.race([started.promise, early]).finally(() => clearTimeout(listens));
  early.catch(() => {});
  return {
    url,
    memory: async () => {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024;
    },
    stop: async (signal) => {
      child.kill(signal);
      const { code } = await child.status;
      await ended;
      return code;
    },
    complaints: () => complaints,
  };
}
