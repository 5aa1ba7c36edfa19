/** Load on a server, by `wrk`. */

/** How a server is asked. */
export interface Load {
  /** Path and query. */
  readonly path: string;
  /** Clients, each of which asks again as soon as it is answered. */
  readonly connections: number;
}

/** How a server answered; latencies in ms. */
export interface Answered {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Requests that were answered with an error or not at all. */
  readonly failed: number;
}

/** There is no `wrk`, or it failed; one sentence for the user. */
export class WrkError extends Error {
  override name = "WrkError";
}

const UNITS: Readonly<Record<string, number>> = { us: 1e-3, ms: 1, s: 1000, m: 60_000 };

/**
 * Asks a server for some seconds.
 *
 * @throws {WrkError} If there is no `wrk` on the PATH, or it says nothing that can be read
 */
export async function drive(url: string, { path, connections }: Load, seconds: number): Promise<Answered> {
  const args = ["--threads", "1", "--connections", `${connections}`, "--duration", `${seconds}s`, "--timeout", "10s"];
  const { stdout, stderr } = await wrk([...args, "--latency", `${url}${path}`]);
  return answeredIn(new TextDecoder().decode(stdout), new TextDecoder().decode(stderr).trim());
}

/** @throws {WrkError} If there is no `wrk` on the PATH */
export async function checkWrk(): Promise<void> {
  await wrk(["--version"]);
}

async function wrk(args: string[]): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command("wrk", { args, env: { LC_ALL: "C" } }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new WrkError("Cannot drive a server: there is no wrk on the PATH, expected it (Debian's package is wrk)");
  }
}

/**
 * What `wrk --latency` printed.
 *
 * @param complaint What it wrote beside, for the error
 * @throws {WrkError} If a figure is missing
 */
export function answeredIn(text: string, complaint = ""): Answered {
  const find = (pattern: RegExp): RegExpExecArray => {
    const found = pattern.exec(text);
    if (found !== null) return found;
    throw new WrkError(`Cannot read what wrk says: ${complaint || "no figure in it"}, expected rates and latencies`);
  };
  const latency = (percent: number): number => {
    const [, value, unit] = find(new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)\\s*$`, "m"));
    return Number(value) * UNITS[unit];
  };
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const lost = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1).map(Number);
  return {
    requestsPerSecond: Number(find(/Requests\/sec:\s+([\d.]+)/)[1]),
    p50: latency(50),
    p99: latency(99),
    failed: refused + (lost ?? []).reduce((sum, count) => sum + count, 0),
  };
}
