/** The server on a port: opens the GPU and the runs, listens, and drains when it is told to stop. */

import { openDevice } from "../core/gpu/device.ts";
import { RunError } from "../core/sampling/run.ts";
import { type AppOptions, createApp } from "./app.ts";
import { Listener, type Place } from "./listener.ts";
import { openRegistry, type Registry, type RegistryOptions, type Served } from "./registry.ts";

/** After the signal the server still takes requests for so long, in ms, until none is under way. */
const GRACE = 5000;
/** Longest time for the last answers, in ms. */
const PATIENCE = 20_000;

/** What is served, where, and who is told what. */
export interface ServeOptions
  extends Place, Pick<RegistryOptions, "queue">, Pick<AppOptions, "token" | "origins" | "rate" | "deadline" | "log"> {
  readonly served: Served;
  /** Ends the server: requests under way are answered, then new ones are not taken. */
  readonly signal: AbortSignal;
  /** Gets lines for people to read. */
  readonly print: (line: string) => void;
  /** Gets what failed: a sentence for files that cannot be used, with the place in the code for the rest. */
  readonly report: (text: string) => void;
}

/** A server that is listening. */
export interface RunningServer {
  /** `http://127.0.0.1:8000`. */
  readonly url: string;
  /**
   * Resolves when the signal has come, the last answer is out and the GPU is given back; rejects with a `DeviceError` if the
   * adapter is lost.
   */
  readonly ended: Promise<void>;
}

/**
 * Serves until the signal; resolves when the last answer is out and the GPU is given back.
 *
 * @throws {RunError} If the run cannot be used
 * @throws {DeviceError} If there is no adapter, or it is lost
 * @throws {Error} If the port cannot be listened on; the message says why
 */
export async function serve(options: ServeOptions): Promise<void> {
  await (await startServer(options)).ended;
}

/**
 * Starts serving, with a device of its own: what fails here harms nothing else in the process.
 *
 * @throws {RunError} If the run cannot be used
 * @throws {DeviceError} If there is no adapter
 * @throws {Error} If the port cannot be listened on; the message says why
 */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { served, signal, print, report } = options;
  const device = await openDevice();
  try {
    const registry = await openRegistry(device, served, {
      queue: options.queue,
      warm: true,
      report: (error) => report(`Failed: ${describe(error)}`),
    });
    const app = createApp(registry, {
      ...options,
      ending: signal,
      report: (error, id) => report(`Failed: request ${id}: ${describe(error)}`),
    });
    const listener = await Listener.open(app, options);
    for (const line of greeting(registry, served, listener.url)) print(line);
    return { url: listener.url, ended: end(listener, registry, signal).finally(() => device.destroy()) };
  } catch (error) {
    await device.destroy();
    throw error;
  }
}

/** Waits for the signal or a lost adapter, then lets the last answers out. */
async function end(listener: Listener, registry: Registry, signal: AbortSignal): Promise<void> {
  const failure = await Promise.race([aborted(signal), registry.device.lost]);
  await listener.drain(failure === undefined ? { grace: GRACE, patience: PATIENCE } : { grace: 0, patience: 0 });
  if (failure !== undefined) throw failure;
  await registry.close();
}

function greeting(registry: Registry, served: Served, url: string): string[] {
  const { device } = registry;
  return [
    `Serving ${whatOf(registry, served)} on ${url}, GPU: ${device.description}`,
    `Try: ${url} in a browser, or curl '${url}/sample?n=16' > samples.png`,
  ];
}

function whatOf(registry: Registry, served: Served): string {
  if ("runs" in served) {
    const count = registry.names().length;
    return `${count} ${count === 1 ? "run" : "runs"} in ${served.runs}`;
  }
  const [model] = registry.models();
  if (model === undefined) return `${served.run} (no checkpoint yet)`;
  const { source: { path }, structure: { leaves } } = model.sampler;
  return `${path} (${leaves} ${leaves === 1 ? "leaf" : "leaves"})`;
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** What the user can put right is one sentence; the rest has its place in the code. */
function describe(error: unknown): string {
  if (error instanceof RunError) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
