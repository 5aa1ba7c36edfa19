/** How often one client may ask: a bucket of tokens each, which fills at a steady rate. */

import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";

/** Seconds of requests that may come at once. */
const BURST = 2;
/** Clients that are remembered; beyond it those with full buckets are forgotten. */
const MOST_CLIENTS = 10_000;

interface Bucket {
  tokens: number;
  time: number; // ms, when `tokens` were in it
}

/**
 * Answers 429 `too_many_requests` to a client that asks more than `perSecond` times a second for long, two seconds' worth at
 * once. Clients are told apart by their address; what `/health` and `/v2/health` cost is nothing, so they are free.
 *
 * @param now In ms; for tests
 */
export function rateLimit(
  perSecond: number,
  now: () => number = performance.now.bind(performance),
): MiddlewareHandler<Env> {
  const most = Math.max(1, perSecond * BURST);
  const buckets = new Map<string, Bucket>();
  const level = ({ tokens, time }: Bucket) => Math.min(most, tokens + (now() - time) / 1000 * perSecond);
  return async (c, next) => {
    if (!/^(\/v2)?\/health/.test(c.req.path)) {
      const client = c.env?.client ?? "";
      const bucket = buckets.get(client) ?? { tokens: most, time: now() };
      const tokens = level(bucket) - 1;
      if (tokens < 0) throw tooMany(perSecond, Math.ceil(-tokens / perSecond));
      if (buckets.size >= MOST_CLIENTS) forgetIdle(buckets, (other) => level(other) >= most);
      buckets.set(client, { tokens, time: now() });
    }
    await next();
  };
}

/** Forgets clients that could ask as if they were new; where there are none, the one that came first. */
function forgetIdle(buckets: Map<string, Bucket>, idle: (bucket: Bucket) => boolean): void {
  for (const [client, bucket] of buckets) if (idle(bucket)) buckets.delete(client);
  if (buckets.size >= MOST_CLIENTS) buckets.delete(buckets.keys().next().value!);
}

function tooMany(perSecond: number, seconds: number): RequestError {
  return new RequestError(
    429,
    "too_many_requests",
    `Cannot answer so often: expected at most ${perSecond} requests a second from one address; try again in ${seconds} s`,
    null,
    { "retry-after": String(seconds) },
  );
}
