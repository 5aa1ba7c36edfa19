/** The server on a port: opens the GPU and the run, listens, and drains when it is told to stop. */

import { openDevice } from "../core/gpu/device.ts";
import { openSampler } from "../core/sampling/sampler.ts";
import { createApp } from "./app.ts";

/** What is served, and where. */
export interface ServeOptions {
  /** A run folder, its name or number in `runs/`, or a checkpoint file. */
  run: string;
  host: string;
  /** 0 takes any free one. */
  port: number;
  /** Ends the server: requests under way are answered, new ones are not taken. */
  signal: AbortSignal;
  /** Gets one line for people to read. */
  print: (line: string) => void;
  /** Gets what failed, with the place in the code. */
  report: (text: string) => void;
}

/**
 * Serves samples until the signal; resolves when the last answer is out and the GPU is given back.
 *
 * @throws {RunError} If the run cannot be used
 * @throws {DeviceError} If there is no adapter, or it is lost
 * @throws {Error} If the port cannot be listened on; the message says why
 */
export async function serve({ run, host, port, signal, print, report }: ServeOptions): Promise<void> {
  const device = await openDevice();
  try {
    const sampler = await openSampler(device, run);
    const app = createApp(sampler, { report: (error) => report(`Failed: ${describe(error)}`) });
    const server = listen(app, { host, port }, (url) => {
      const { source, structure: { leaves } } = sampler;
      print(
        `Serving ${source.path} (${leaves} ${leaves === 1 ? "leaf" : "leaves"}) on ${url}, GPU: ${device.description}`,
      );
      print(`Try: curl '${url}/sample?leaf=0' > leaf0.png`);
    });
    const stop = () => void server.shutdown();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const failure = await Promise.race([server.finished, device.lost]);
    if (failure !== undefined) {
      await server.shutdown();
      throw failure;
    }
    await sampler.close();
  } finally {
    await device.destroy();
  }
}

function listen(
  app: (request: Request) => Response | Promise<Response>,
  { host, port }: Pick<ServeOptions, "host" | "port">,
  listening: (url: string) => void,
): Deno.HttpServer<Deno.NetAddr> {
  const onListen = ({ hostname, port }: Deno.NetAddr) =>
    listening(`http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`);
  try {
    return Deno.serve({ hostname: host, port, onListen }, app);
  } catch (error) {
    throw new Error(`Cannot listen on ${host} port ${port}: ${reason(error)}`, { cause: error });
  }
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return "another program has it, expected a free port (choose one with --port)";
  }
  if (error instanceof Deno.errors.PermissionDenied) return "the system does not allow it, expected a port above 1023";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  return `${error instanceof Error ? error.message : error}, expected a host name or address of this machine`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
