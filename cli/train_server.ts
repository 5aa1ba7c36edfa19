/** The server beside a training: asked for with `train --serve`, it answers from the newest checkpoint. */

import { Listener } from "../server/listener.ts";
import { startServer } from "../server/serve.ts";
import { UsageError } from "./flags.ts";

/** Where it listens: this machine alone may ask a training. */
const HOST = "127.0.0.1";
const MOST_PORT = 65535;

/**
 * Starts serving a run; ends with its disposal. What fails later than at the start ends no training.
 *
 * @throws {Error} If the port cannot be listened on; the message says why
 */
export async function serveTraining(
  run: string,
  { port, print }: { port: number; print: (line: string) => void },
): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const report = (text: string) => print(`Server: ${text}`);
  const { url, ended } = await startServer({
    served: { run },
    host: HOST,
    port,
    signal: stop.signal,
    print: () => {},
    report,
  });
  print(`Serving on ${url} while it trains: samples once there is a checkpoint, curves at once`);
  const over = ended.catch((error) => report(`${error.message}; training goes on`));
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await over;
    },
  };
}

/**
 * Finds out, before the work, whether the server will be able to listen.
 *
 * @throws {Error} If it could not; the message says why
 */
export async function checkFree(port: number, host = HOST): Promise<void> {
  const listener = await Listener.open(() => Promise.resolve(new Response()), { host, port });
  await listener.drain({ grace: 0, patience: 0 });
}

/**
 * Checks the port before anything is opened.
 *
 * @throws {UsageError} If there is no such port
 */
export function checkPort(flag: string, port: number): void {
  if (port >= 0 && port <= MOST_PORT) return;
  throw new UsageError(`Cannot use --${flag} ${port}: expected a whole number from 0 to ${MOST_PORT}`);
}
