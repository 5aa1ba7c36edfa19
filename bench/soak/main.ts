/**
 * A server under mixed load:
 *
 *     deno run -A --env-file=compat/gpu.env bench/soak/main.ts --run RUN [--requests 100000] [--clients 32]
 *
 * Sends requests of every kind, a fifth of them malformed and one of 100 given up by the client, and checks every answer:
 * no status above 499 (but 503 with Retry-After), every body whole, every refusal of the one shape. Memory of the process
 * after a twentieth of the requests is compared with that after all. Then the server is killed and started again under
 * load: every answer that came must be whole. Last it is told to stop under load: it must drain and exit with 0.
 */

import { parseArgs } from "node:util";
import { draws } from "../../core/draws.ts";
import { judge, type Outcome } from "./answers.ts";
import { askOf, type Served } from "./requests.ts";
import { type ServerProcess, startServer } from "./server_process.ts";

const MEMORY_GROWTH = 1.1;
const SETTLE = 3000; // ms without requests before memory is read
const UNDER_LOAD = 3000; // ms of load before a server is killed, and after it is back
const HARD = 10; // wrong answers that are told in full

const { values } = parseArgs({
  options: {
    run: { type: "string" },
    requests: { type: "string", default: "100000" },
    clients: { type: "string", default: "32" },
  },
});
/** All three parts; whether all went well. */
async function soak(run: string, requests: number, clients: number): Promise<boolean> {
  const server = await startServer(run);
  const served = await describe(server.url);
  console.log(`${served.run}: ${requests} requests by ${clients} clients`);
  const early = Math.ceil(requests / 20);
  const tally = new Tally();
  const begin = performance.now();
  await send(server, served, { from: 0, to: early, clients, tally });
  const before = await settled(server);
  await send(server, served, { from: early, to: requests, clients, tally });
  const seconds = (performance.now() - begin) / 1000;
  const after = await settled(server);
  console.log(`${tally} in ${seconds.toFixed(0)} s, ${(requests / seconds).toFixed(0)} requests/s`);
  const growth = after / before;
  const kept = growth <= MEMORY_GROWTH;
  console.log(
    `memory after ${early}: ${megabytes(before)}, after ${requests}: ${megabytes(after)}, ` +
      `${growth.toFixed(3)} times${kept ? "" : `, expected at most ${MEMORY_GROWTH}`}`,
  );
  const restarted = await restart(server, run, served, clients);
  return tally.wrong === 0 && kept && restarted;
}

/** Kills the server under load and starts it again on its port, then tells it to stop under load. */
async function restart(server: ServerProcess, run: string, served: Served, clients: number): Promise<boolean> {
  const tally = new Tally();
  const stop = new AbortController();
  const load = (url: string) => send({ url }, served, { from: 0, to: Infinity, clients, tally, stop: stop.signal });
  const loading = load(server.url);
  await sleep(UNDER_LOAD);
  await server.stop("SIGKILL");
  const again = await startServer(run, Number(new URL(server.url).port));
  await sleep(UNDER_LOAD);
  stop.abort();
  await loading;
  console.log(`killed and started again under load: ${tally}`);
  const draining = new Tally();
  const end = new AbortController();
  const last = send(again, served, { from: 0, to: Infinity, clients, tally: draining, stop: end.signal });
  await sleep(1000);
  const code = await again.stop("SIGTERM");
  end.abort();
  await last;
  console.log(
    `told to stop under load: ${draining}, exit code ${code}${again.complaints() && `: ${again.complaints()}`}`,
  );
  return tally.wrong === 0 && draining.wrong === 0 && code === 0;
}

/** Sends requests by number, each client the next one, until they are through or told to stop. */
async function send(
  { url }: { url: string },
  served: Served,
  { from, to, clients, tally, stop }: { from: number; to: number; clients: number; tally: Tally; stop?: AbortSignal },
): Promise<void> {
  let next = from;
  await Promise.all(Array.from({ length: clients }, async () => {
    while (next < to && !stop?.aborted) {
      const i = next++;
      const { below } = draws(1, i);
      const outcome = await judge(url, askOf(i, served, below));
      tally.add(outcome);
      if (outcome.kind === "none") await sleep(10); // a server that is away is not asked in a tight loop
    }
  }));
}

/** Outcomes, counted. */
class Tally {
  readonly #counts = new Map<string, number>();
  wrong = 0;

  add(outcome: Outcome): void {
    const name = outcome.kind === "whole" ? String(outcome.status) : outcome.kind;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    if (outcome.kind !== "wrong") return;
    if (this.wrong++ < HARD) console.error(`WRONG ${outcome.why}`);
  }

  toString(): string {
    const named = [...this.#counts].sort().map(([name, count]) => `${count} ${name}`);
    return `${named.join(", ")}; ${this.wrong} wrong`;
  }
}

async function describe(url: string): Promise<Served> {
  const { run, leaves, latent } = await (await fetch(`${url}/health`)).json();
  const { nodes } = await (await fetch(`${url}/tree`)).json();
  return { run, leaves, latent, nodes: nodes.length };
}

async function settled(server: ServerProcess): Promise<number> {
  await sleep(SETTLE);
  return await server.memory();
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

function refuse(why: string): never {
  console.error(why);
  Deno.exit(2);
}

/** A number that decides how much is asked: without this check a slip of the pen would pass with nothing asked. */
function count(name: "requests" | "clients"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  return refuse(`Cannot soak with --${name} ${values[name]}: expected a whole number from 1`);
}

const run = values.run ?? refuse("Cannot soak without a run: expected --run RUN");
Deno.exit(await soak(run, count("requests"), count("clients")) ? 0 : 1);
