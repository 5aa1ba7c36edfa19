/** Flags of `deno task serve`, and what they mean for the server. */

import { reason, RUNS_FOLDER } from "../core/sampling/run.ts";
import type { ServeOptions } from "../server/serve.ts";
import { type FlagValues, UsageError } from "./flags.ts";
import { checkPort } from "./train_server.ts";

export const USAGE = `Serves runs as a page and over HTTP (docs/api.md).

  ./hmog serve --run 0
  ./hmog serve --runs runs --port 8080
  ./hmog serve --run 0 --host 0.0.0.0 --token-file token.txt --rate-limit 20

A checkpoint that a run gains while it is served is taken without a restart. Ctrl-C or SIGTERM: requests under way are
answered first; a second one ends at once.`;

export const FLAGS = {
  run: {
    kind: "text",
    value: "RUN",
    meaning: `One run: its folder, name or number in ${RUNS_FOLDER}/, or a checkpoint`,
  },
  runs: {
    kind: "text",
    value: "DIR",
    meaning:
      `All runs of a folder, each opened when first asked for; with --run the folder that it is in (${RUNS_FOLDER})`,
  },
  host: { kind: "text", value: "HOST", meaning: "Address to listen on (127.0.0.1: this machine alone)" },
  port: { kind: "integer", value: "PORT", meaning: "Port to listen on (8000; 0 takes a free one)" },
  "token-file": {
    kind: "text",
    value: "FILE",
    meaning: "Answer only who sends the token in this file; HMOG_TOKEN holds one, too",
  },
  cors: {
    kind: "text",
    value: "ORIGINS",
    meaning: "Origins whose pages may read answers, with commas between; *: all",
  },
  "rate-limit": { kind: "number", value: "N", meaning: "Most requests a second from one address (no limit)" },
  queue: { kind: "integer", value: "N", meaning: "Most samples that wait; more are refused (4096)" },
  deadline: { kind: "number", value: "SECONDS", meaning: "Longest time until an answer (30)" },
  "access-log": {
    kind: "text",
    value: "FILE",
    meaning: "Where a JSON line for every answer goes (stdout); off: nowhere",
  },
} as const;

const LEAST_TOKEN = 8; // characters
const LONGEST = 240; // s; connections that are silent for longer are closed

/** Flags as they were given. */
export type Values = FlagValues<typeof FLAGS>;

/** What the server is told, but for what it is given at run time. */
export type Settings = Omit<ServeOptions, "signal" | "print" | "report" | "log" | "token">;

/**
 * The settings that the flags ask for.
 *
 * @throws {UsageError} If one is out of range, or nothing is named to be served
 */
export function settingsOf(flags: Values): Settings {
  const { host = "127.0.0.1", port = 8000, queue, deadline, cors, "rate-limit": rate } = flags;
  checkPort("port", port);
  checkBetween("queue", queue ?? 1, 1, Number.MAX_SAFE_INTEGER);
  checkBetween("deadline", deadline ?? 1, 0.001, LONGEST);
  checkBetween("rate-limit", rate ?? 1, 0.001, 1e9);
  return {
    served: servedBy(flags),
    host,
    port,
    queue,
    rate,
    deadline: deadline === undefined ? undefined : deadline * 1000,
    origins: cors === undefined ? [] : originsIn(cors),
  };
}

function servedBy({ run, runs }: Values): Settings["served"] {
  if (run !== undefined) return { run };
  if (runs !== undefined) return { runs };
  throw new UsageError("Cannot serve without a run: expected --run RUN, or --runs DIR for all in a folder");
}

function originsIn(text: string): string[] {
  return text.split(",").map((word) => {
    const origin = word.trim();
    if (origin === "*" || URL.canParse(origin) && new URL(origin).origin === origin) return origin;
    throw new UsageError(`Cannot use --cors ${origin}: expected origins such as https://example.org, or *`);
  });
}

function checkBetween(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new UsageError(`Cannot use --${name} ${value}: expected a number from ${least} to ${most}`);
}

/**
 * The token in a file or, without one, in the environment; undefined where neither is given.
 *
 * @throws {UsageError} If the file cannot be read, or the token is too short to be one
 */
export async function tokenOf(file: string | undefined, environment: string | undefined): Promise<string | undefined> {
  const text = file === undefined ? environment : await Deno.readTextFile(file).catch((error) => {
    throw new UsageError(`Cannot read the token file ${file}: ${reason(error, "a file that holds the token")}`);
  });
  const token = text?.trim();
  if (token === undefined || file === undefined && token === "") return undefined;
  if (token.length >= LEAST_TOKEN && !/\s/.test(token)) return token;
  throw new UsageError(
    `Cannot use the token in ${file ?? "HMOG_TOKEN"}: expected one word of at least ${LEAST_TOKEN} characters`,
  );
}
